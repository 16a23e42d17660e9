// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletStreaming

/// What a server of streams tells its user.
package enum StreamNotice: Sendable, Equatable {
    /// Requests are answered at this address.
    case listening(String)
    /// Something that the user should know, one sentence.
    case warning(String)
    /// Something is made here, or is not any more.
    case part(PartNotice)
}
