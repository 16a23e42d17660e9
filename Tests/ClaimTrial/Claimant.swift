// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
package import MartletPorts

/// Claims keys, holds, renews, completes, gives back and leaves them, as its seed says, and tells of each call before
/// and after it.
package struct Claimant: Sendable {
    /// Where calls are told of: with the same number before and after.
    package typealias Teller = @Sendable (_ number: Int, ClaimRecord) -> Void

    /// Who it is.
    package var name: String
    /// The store.
    package var store: any ClaimStore
    /// The keys that it fights for.
    package var keys: [String]
    /// The longest time in milliseconds that it asks for.
    package var longest: Int
    /// Whether it says now and then that it lives; else it is never missed.
    private let isShown: Bool
    /// Decides everything.
    private var random: SeededChance
    private let tell: Teller
    private let time = SystemTime()
    private var number = 0

    /// Makes a claimant.
    package init(
        name: String, store: any ClaimStore, keys: [String], longest: Int, seed: UInt64, tell: @escaping Teller
    ) {
        self.name = name
        self.store = store
        self.keys = keys
        self.longest = longest
        self.tell = tell
        isShown = seed % 3 != 0
        random = SeededChance(seed: seed)
    }

    /// Goes on for so many turns, or until its task is cancelled.
    package mutating func run(turns: Int) async {
        for _ in 0..<turns where !Task.isCancelled { await turn() }
    }

    private mutating func turn() async {
        let key = keys[random.below(keys.count)]
        await show()
        let lasting = 20 + random.below(longest)
        let outcome = await call(.claim, key, lasting: lasting) { [name, store] record in
            let outcome = try await store.claim(key, owner: name, ttl: .milliseconds(lasting))
            switch outcome {
            case .granted(let claim): record.answer = .granted(claim.fence)
            case .held: record.answer = .held
            case .completed(let completion):
                record.answer = .completed(owner: completion.owner, fence: completion.fence)
            }
            return outcome
        }
        switch outcome {
        case .granted(let claim): await hold(claim, lasting: lasting)
        case .completed(let completion):
            if random.below(3) != 0 {
                await call(.forget, key, fence: completion.fence) { [store] record in
                    try await store.forget(completion)
                    record.answer = .done
                }
            }
        case .held, nil:
            if random.below(2) == 0 {
                await call(.read, key) { [store] record in
                    let completion = try await store.completion(of: key)
                    record.answer = completion.map { .completed(owner: $0.owner, fence: $0.fence) } ?? .absent
                }
            }
            await pause(random.below(15))
        }
    }

    /// Says that it lives, sometimes for less time than it needs.
    private mutating func show() async {
        guard isShown else { return }
        let lasting = 20 + random.below(longest)
        await call(.announce, "", lasting: lasting) { [name, store] record in
            try await store.announce(name, for: .milliseconds(lasting))
            record.answer = .done
        }
    }

    private mutating func hold(_ claim: Claim, lasting: Int) async {
        var lasting = lasting
        while true {
            // Now and then it comes too late.
            await pause(random.below(4) == 0 ? lasting + random.below(lasting) : random.below(lasting / 2 + 1))
            if random.below(2) == 0 { await show() }
            switch random.below(10) {
            case 0..<4:
                lasting = 20 + random.below(longest)
                let isValid = await ask(.renew, claim, lasting: lasting) { [store, lasting] in
                    try await store.renew(claim, ttl: .milliseconds(lasting))
                }
                // Whoever was refused tries it sometimes all the same.
                if isValid == false, random.below(2) == 0 { return }
            case 4..<7:
                let isDone = await ask(.complete, claim) { [store] in try await store.complete(claim, note: "") }
                if isDone != nil || random.below(2) == 0 { return }
            case 7, 8:
                await ask(.release, claim) { [store] in try await store.release(claim) }
                return
            default: return
            }
        }
    }

    @discardableResult
    private mutating func ask(
        _ kind: ClaimRecord.Kind, _ claim: Claim, lasting: Int = 0, _ body: @Sendable () async throws -> Bool
    ) async -> Bool? {
        await call(kind, claim.key, fence: claim.fence, lasting: lasting) { record in
            let isDone = try await body()
            record.answer = isDone ? .done : .refused
            return isDone
        }
    }

    @discardableResult
    private mutating func call<Value>(
        _ kind: ClaimRecord.Kind, _ key: String, fence: Int64 = 0, lasting: Int = 0,
        _ body: (inout ClaimRecord) async throws -> Value
    ) async -> Value? {
        number += 1
        var record = ClaimRecord(
            client: name, kind: kind, key: key, fence: fence, lasting: Int64(lasting) * 1_000_000,
            start: time.now().nanoseconds)
        tell(number, record)
        let value = try? await body(&record)
        record.end = time.now().nanoseconds
        tell(number, record)
        return value
    }

    /// Lets time pass, which is what is tried: claims run out by the store's own clock, and nothing tells of that.
    private func pause(_ milliseconds: Int) async {
        if milliseconds > 0 { try? await Task.sleep(for: .milliseconds(milliseconds)) }
    }
}

/// The same choices for the same seed.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014, <https://doi.org/10.1145/2660193.2660195>
private struct SeededChance: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A number from 0 to `bound - 1`.
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
