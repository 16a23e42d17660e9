// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletPorts
import Testing

@Suite("HMAC")
struct HMACSignerTests {
    /// Source: <https://www.rfc-editor.org/rfc/rfc4231#section-4> (cases 1, 2 and 6).
    @Test(
        "Signatures are those of the standard's examples",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func standard(secret: [UInt8], message: String, expected: String) {
        #expect(HMACSigner().signature(of: Array(message.utf8), secret: secret) == expected)
    }

    @Test("Nothing can be signed, too")
    func empty() {
        #expect(HMACSigner().signature(of: [], secret: [1]) != HMACSigner().signature(of: [], secret: [2]))
    }
}
