// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import Testing

@Suite("Access tokens")
struct AccessTokensTests {
    @Test("A file gives one token a line, with an end where there is one")
    func file() throws {
        let tokens = try AccessTokens(
            file: "# people\n\nalpha\r\n  beta , 2027-01-31T00:00:00Z\ngamma,1700000000\n")
        let before: Int64 = 1_699_999_999_999
        #expect(tokens.accepts("alpha", atMilliseconds: .max))
        #expect(tokens.accepts("beta", atMilliseconds: 1_801_353_599_999))
        #expect(!tokens.accepts("beta", atMilliseconds: 1_801_353_600_000))
        #expect(tokens.accepts("gamma", atMilliseconds: before))
        #expect(!tokens.accepts("gamma", atMilliseconds: before + 1))
        for wrong in ["", "delta", "# people", "alph", "alphaa", "alphaalpha", "beta , 2027-01-31T00:00:00Z"] {
            #expect(!tokens.accepts(wrong, atMilliseconds: before), "\(wrong)")
        }
    }

    @Test(
        "A file that cannot be meant is refused without showing its tokens",
        arguments: ["", "# nothing\n", "secret,tomorrow", "secret,", ",2027-01-31T00:00:00Z", "se cret"])
    func badFiles(text: String) {
        let error = #expect(throws: APIError.self) { try AccessTokens(file: text) }
        #expect(error?.code == .badTokenFile)
        #expect(error?.description.contains("secret") == false)
    }

    @Test("Sets join")
    func union() throws {
        var tokens = AccessTokens("one")
        tokens.formUnion(try AccessTokens(file: "two"))
        #expect(tokens.accepts("one", atMilliseconds: 0) && tokens.accepts("two", atMilliseconds: 0))
    }
}
