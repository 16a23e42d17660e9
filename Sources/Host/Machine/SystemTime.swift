// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
package import MartletModel
internal import MartletPorts

/// The machine's own clocks.
package struct SystemTime: TimeSource {
    /// Makes a reader of the clocks.
    package init() {}

    package func now() -> Moment { MonotonicClock.now() }

    package func wallMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package func sleep(until deadline: Moment) async throws {
        // A timer may fire a little early by the reading of this clock.
        while true {
            try Task.checkCancellation()
            let rest = deadline - now()
            guard rest > .zero else { return }
            try await Task.sleep(for: rest, tolerance: .zero, clock: .suspending)
        }
    }
}
