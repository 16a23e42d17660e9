// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Who wants to know what other nodes do.
package protocol PartListener: Sendable {
    /// What of the cache a part is; `nil` when nobody wants it here.
    func wanted(_ part: StreamPart) async -> [CacheName]?

    /// A part is in the cache.
    func completed(_ part: StreamPart) async

    /// Another node does not make a part any more, or may not.
    ///
    /// - Parameter part: `nil` for any.
    func freed(_ part: StreamPart?) async
}
