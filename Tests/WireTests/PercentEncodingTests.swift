// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletWire
import Testing

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("plain-1._~", "plain-1._~"), ("a b/c", "a%20b%2Fc"), ("h\u{e9}+", "h%C3%A9%2B"), ("", ""), ("%", "%25"),
    ])
    func textsAreEncodedAndComeBack(text: String, encoded: String) {
        #expect(PercentEncoding.encoded(text) == encoded)
        #expect(PercentEncoding.decoded(encoded) == text)
    }

    @Test(arguments: ["%", "%4", "%zz", "%-1", "%+1", "%C3", "%FF"])
    func brokenOnesAreNone(text: String) { #expect(PercentEncoding.decoded(text) == nil) }

    @Test func smallDigitsAreReadAndAPlusStays() { #expect(PercentEncoding.decoded("%c3%a9+a") == "\u{e9}+a") }
}
