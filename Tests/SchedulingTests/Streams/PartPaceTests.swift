// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct PartPaceTests {
    @Test func aPartMayTakeTwiceWhatTheSlowestOfLateTook() {
        var pace = PartPace()
        #expect(pace.allowance == .seconds(4))
        pace.took(.milliseconds(100))
        #expect(pace.allowance == .seconds(1))
        pace.took(.seconds(3))
        pace.took(.seconds(1))
        #expect(pace.allowance == .seconds(6))
        for _ in 0..<8 { pace.took(.seconds(1)) }
        #expect(pace.allowance == .seconds(2))
        pace.took(.seconds(60))
        #expect(pace.allowance == .seconds(15))
    }
}
