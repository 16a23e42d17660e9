// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import martlet

@Suite struct ShellWordsTests {
    @Test(arguments: [
        ("", []), ("  a  b ", ["a", "b"]), ("'a b' c", ["a b", "c"]), ("\"a b\"c", ["a bc"]), ("a\\ b", ["a b"]),
        ("'a\\b'", ["a\\b"]), ("\"a\\\"b\"", ["a\"b"]), ("\"a\\nb\"", ["a\\nb"]), ("''", [""]), ("a\t\nb", ["a", "b"]),
        ("$HOME *", ["$HOME", "*"]),
    ])
    func textsPartAsInAShell(text: String, expected: [String]) {
        #expect(ShellWords.split(text) == expected)
    }

    @Test(arguments: ["'a", "\"a", "a\\"])
    func whatStaysOpenIsRefused(text: String) {
        #expect(ShellWords.split(text) == nil)
    }
}
