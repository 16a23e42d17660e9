// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The exclusive right to make something, for a time.
package struct Claim: Sendable, Hashable {
    /// What may be made.
    package var key: String
    /// Who may.
    package var owner: String
    /// Grows with every claim of the key that is granted: who holds an older one holds nothing.
    package var fence: Int64

    /// Makes a claim from its parts.
    package init(key: String, owner: String, fence: Int64) {
        self.key = key
        self.owner = owner
        self.fence = fence
    }
}

/// That something was made.
package struct Completion: Sendable, Hashable {
    /// What was made.
    package var key: String
    /// Who made it.
    package var owner: String
    /// The fence of the claim under which it was made.
    package var fence: Int64
    /// What its maker wants others to know, such as where it can be fetched.
    package var note: String

    /// Makes a completion from its parts.
    package init(key: String, owner: String, fence: Int64, note: String) {
        self.key = key
        self.owner = owner
        self.fence = fence
        self.note = note
    }
}

/// What becomes of the wish to claim a key.
package enum ClaimOutcome: Sendable, Equatable {
    /// The claim is granted.
    case granted(Claim)
    /// Somebody else has it, for so long at the most unless that is made longer: until its time is over, or its owner
    /// is missed.
    case held(owner: String, remaining: Duration)
    /// It was made already.
    case completed(Completion)
}

/// What those who wait for others want to know.
package enum ClaimNews: Sendable, Hashable {
    /// A key was made.
    case completed(Completion)
    /// A claim was given back before its time: the key can be claimed.
    case released(key: String)
}

/// Says who makes what, among any number of processes.
///
/// No two claims of a key have the same fence, and at most one is valid at a
/// time. A completion under a claim that is no longer valid is refused.
///
/// A claim outlives its owner by the time that it was claimed for. Where that
/// is too long, owners say every few seconds that they live, and are missed
/// when they do not.
package protocol ClaimStore: Sendable {
    /// Claims a key that nobody holds and that is not completed.
    ///
    /// A claim of one's own that is still valid is held like anyone's.
    ///
    /// - Parameter ttl: how long the claim is valid without being renewed; at least a millisecond.
    func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome

    /// Says that an owner lives, and for how long it does so without saying it again; what it said before does not count
    /// any more.
    ///
    /// When that time is over the owner is missed: whoever claims what it holds is granted that, as if it had expired.
    /// What nobody claims stays valid. An owner that never said anything is never missed.
    ///
    /// - Parameter time: at least a millisecond.
    func announce(_ owner: String, for time: Duration) async throws

    /// Makes a claim valid for another time, from now on; `false` when it is not valid any more.
    func renew(_ claim: Claim, ttl: Duration) async throws -> Bool

    /// Gives a claim back, so that others can claim the key at once; `false` when it was not valid any more.
    @discardableResult
    func release(_ claim: Claim) async throws -> Bool

    /// Records that the key was made, ends the claim, and tells all who listen; `false` when the claim is not valid
    /// any more, and then nothing changes.
    func complete(_ claim: Claim, note: String) async throws -> Bool

    /// The completion of a key; `nil` when it was not made.
    func completion(of key: String) async throws -> Completion?

    /// Makes the key claimable again, when it is still this completion that is recorded.
    func forget(_ completion: Completion) async throws

    /// Every completion and every release from now on, of any owner, in the order in which they are recorded.
    ///
    /// The stream ends when the store cannot tell of them any longer: those who listen must then ask again for what
    /// they wait for.
    func news() async throws -> AsyncStream<ClaimNews>
}
