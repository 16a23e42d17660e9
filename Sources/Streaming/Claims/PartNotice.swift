// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What a node does with parts, for who keeps a record of it.
package enum PartNotice: Sendable, Equatable {
    /// It begins to make a part, under a claim with this fence.
    case began(StreamPart, fence: Int64)
    /// It does not make the part any more, for this reason.
    case ended(StreamPart, fence: Int64, End)

    /// How the making of a part ended.
    package enum End: String, Sendable {
        /// It is in the cache.
        case made
        /// It was stopped, since nobody wants it here.
        case stopped
        /// The claim was lost.
        case lost
        /// It could not be made.
        case failed
    }
}
