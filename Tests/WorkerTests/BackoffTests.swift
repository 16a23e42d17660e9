// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletTestKit
import MartletWorker
import Testing

@Suite struct BackoffTests {
    @Test(
        "A worker connects again quickly once, then after the delay that its user wants, then ever more seldom",
        arguments: [3.0, 0.1, 60])
    func reconnecting(delay: Double) {
        var generator = SplitMix64(seed: 1)
        var backoff = Backoff.connection(delay: .seconds(delay))
        func check(_ seconds: Double) {
            let wait = backoff.next(using: &generator).inSeconds
            #expect(wait >= seconds * 0.75 - 1e-6 && wait <= seconds * 1.25 + 1e-6, "\(wait) for \(seconds)")
        }
        check(min(0.2, delay))
        check(delay)
        check(delay)
        var longer = delay
        for _ in 0..<12 {
            longer = max(delay, min(longer * 2, 30))
            check(longer)
        }
        backoff.succeeded()
        check(min(0.2, delay))
    }
}
