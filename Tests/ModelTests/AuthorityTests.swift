// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@Suite struct AuthorityTests {
    @Test(arguments: [
        ("http://media:8080/a?b#c", "media", 8080, "media:8080"), ("https://media", "media", nil, "media"),
        ("http://[fe80::1]:80/", "fe80::1", 80, "[fe80::1]:80"), ("ws://[::1]?a=b", "::1", nil, "[::1]"),
        ("10.0.0.7:81", "10.0.0.7", 81, "10.0.0.7:81"), ("", "", nil, ""),
    ])
    func hostAndPortAreReadFromAURLAndWrittenForOne(url: String, host: String, port: Int?, text: String) {
        let authority = Authority(of: url)
        #expect(authority == Authority(host, port: port))
        #expect(authority.description == text)
    }
}
