// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletTestKit
import Testing

@Suite struct MemoryClaimStoreTests {
    @Test func doesWhatEveryClaimStoreDoes() async throws {
        let clock = ManualClock()
        try await ClaimStoreConformance.exercise(
            make: { MemoryClaimStore(time: clock) }, pass: { clock.advance(by: $0) })
    }
}
