// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts

/// One call that a claimant made of a store, and what came of it.
package struct ClaimRecord: Codable, Sendable, Equatable {
    /// What was asked for.
    package enum Kind: String, Codable, Sendable {
        case claim, renew, release, complete, read, forget, announce
    }

    /// What was answered.
    package enum Answer: Codable, Sendable, Equatable {
        /// The claim was granted, with this fence.
        case granted(Int64)
        /// Somebody else holds it.
        case held
        /// It was made, by this owner under this fence.
        case completed(owner: String, fence: Int64)
        /// `true`, or the end of what answers nothing.
        case done
        /// `false`.
        case refused
        /// There is no completion.
        case absent
    }

    /// Who called; also the owner of claims that were asked for.
    package var client: String
    /// What the call was.
    package var kind: Kind
    /// Of which key; empty for what is said of an owner.
    package var key: String
    /// Under which fence; 0 where there is none.
    package var fence: Int64 = 0
    /// For how long, in nanoseconds; 0 where that is not said.
    package var lasting: Int64 = 0
    /// When the call began, by the machine's monotonic clock in nanoseconds.
    package var start: Int64
    /// When it returned; `nil` when it never did.
    package var end: Int64?
    /// `nil` when there was none: the call failed or never returned, and may have its effect at any time after its start.
    package var answer: Answer?

    /// Makes a record of a call that has not returned.
    package init(
        client: String, kind: Kind, key: String, fence: Int64 = 0, lasting: Int64 = 0, start: Int64, end: Int64? = nil,
        answer: Answer? = nil
    ) {
        self.client = client
        self.kind = kind
        self.key = key
        self.fence = fence
        self.lasting = lasting
        self.start = start
        self.end = end
        self.answer = answer
    }
}

/// What somebody who listened to a store heard.
package struct HeardNews: Codable, Sendable, Equatable {
    /// One piece of news.
    package struct Item: Codable, Sendable, Hashable {
        /// Of which key.
        package var key: String
        /// Of a completion its fence; `nil` for a release.
        package var fence: Int64?

        /// Makes an item.
        package init(key: String, fence: Int64?) {
            self.key = key
            self.fence = fence
        }

        init(_ news: ClaimNews) {
            switch news {
            case .completed(let completion): self.init(key: completion.key, fence: completion.fence)
            case .released(let key): self.init(key: key, fence: nil)
            }
        }
    }

    /// From when on it listened.
    package var start: Int64
    /// Until when it listened without a break.
    package var end: Int64
    /// What it heard, in order.
    package var items: [Item]

    /// Makes a record.
    package init(start: Int64, end: Int64, items: [Item]) {
        self.start = start
        self.end = end
        self.items = items
    }
}
