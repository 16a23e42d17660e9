// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletScheduling
import MartletTestKit
import Testing

@Suite struct RetryPolicyTests {
    @Test func waitsDoubleUpToTheLongest() {
        var policy = RetryPolicy()
        policy.jitter = 0
        var generator = SplitMix64(seed: 1)
        let waits = [1, 2, 3, 4, 7, 8, 1000].map { policy.wait(afterFailures: $0, using: &generator) }
        #expect(waits == [5, 10, 20, 40, 300, 300, 300].map { Duration.seconds($0) })
    }

    @Test func jitterLengthensByItsShareAtMostAndDiffers() {
        let policy = RetryPolicy()
        var generator = SplitMix64(seed: 2)
        let waits = (0..<1000).map { _ in policy.wait(afterFailures: 1, using: &generator) }
        #expect(waits.allSatisfy { $0 >= .seconds(5) && $0 < .milliseconds(6250) })
        #expect(waits.contains { $0 < .milliseconds(5100) })
        #expect(waits.contains { $0 > .milliseconds(6150) })
    }
}
