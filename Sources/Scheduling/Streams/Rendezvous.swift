// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Spreads many things over some workers so that everyone finds the same worker for the same thing.
///
/// When a worker goes, what it had is spread over the others, and nothing else moves.
package enum Rendezvous {
    /// The workers in the order in which they are asked for a thing. O(n log n) of the workers.
    package static func order(of workers: some Sequence<WorkerID>, for thing: String) -> [WorkerID] {
        workers.map { (weight(of: $0, for: thing), $0) }.sorted { ($0.0, $0.1) > ($1.0, $1.1) }.map(\.1)
    }

    private static func weight(of worker: WorkerID, for thing: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(worker.text)
        hash.combine(thing)
        // The hash's last bytes have hardly been mixed.
        var generator = SplitMix(state: hash.value)
        return generator.next()
    }

    /// Source: <https://prng.di.unimi.it/splitmix64.c>
    private struct SplitMix {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
