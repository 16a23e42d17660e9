// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@Suite struct HexadecimalTests {
    @Test func everyByteHasTwoDigits() {
        #expect(Hexadecimal.text([0, 9, 10, 0x7f, 0xff]) == "00090a7fff")
        #expect(Hexadecimal.text([]) == "")
    }
}
