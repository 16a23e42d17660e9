// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletTestKit
import Testing

@testable import MartletRedisStore

@Suite struct ClaimTextTests {
    @Test(arguments: [[], [""], ["a"], ["a:b", "3:", ""], ["ä\u{0}\n", "12:34"]]) func comesBackAsItWas(
        fields: [String]
    ) {
        #expect(ClaimText.split(ClaimText.join(fields)) == fields)
    }

    @Test(arguments: ["a", "1", "2:a", "-1:a", ":a", "1:ab", "9999999999999999999:a", "9223372036854775807:a", "1:ä"])
    func brokenTextIsNone(text: String) {
        #expect(ClaimText.split(text) == nil)
    }

    @Test func newsComeBackAsTheyWere() {
        let completion = Completion(key: "k", owner: "a b", fence: 1_700_000_000_000_001, note: "http://a/")
        for news in [ClaimNews.completed(completion), .released(key: "x:y"), .released(key: "")] {
            #expect(ClaimText.news(ClaimText.text(of: news)) == news)
        }
    }

    @Test func brokenNewsAreNone() {
        var random = SplitMix64(seed: 1)
        let text = Array(ClaimText.text(of: .released(key: "film/720p/12")).utf8)
        for _ in 0..<2000 {
            let broken = String(decoding: random.mutated(text), as: UTF8.self)
            if let news = ClaimText.news(broken) { #expect(ClaimText.text(of: news) == broken) }
        }
    }
}
