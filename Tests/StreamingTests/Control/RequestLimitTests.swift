// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import MartletStreaming

@Suite struct RequestLimitTests {
    /// What the limit says to each request of a client, one after the other.
    private func answers(
        _ limit: inout RequestLimit, _ client: String, _ count: Int, at milliseconds: Int64
    ) -> [Duration?] { (0..<count).map { _ in limit.admit(client, now: at(milliseconds)) } }

    private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

    @Test func fiveSecondsWorthMayComeAtOnceAndThenTheSteadyPace() {
        var limit = RequestLimit(requestsPerSecond: 10)
        let first = answers(&limit, "a", 51, at: 0)
        #expect(first.prefix(50).allSatisfy { $0 == nil } && first.last == .milliseconds(100))
        let next = [50, 100, 100].map { answers(&limit, "a", 1, at: $0)[0] }
        #expect(next == [.milliseconds(50), nil, .milliseconds(100)])
    }

    @Test func clientsHaveBucketsOfTheirOwn() {
        var limit = RequestLimit(requestsPerSecond: 1)
        #expect(answers(&limit, "a", 6, at: 0).last != .some(nil))
        #expect(answers(&limit, "b", 1, at: 0) == [nil])
    }

    @Test func noLimitLetsEverythingPass() {
        var limit = RequestLimit(requestsPerSecond: 0)
        #expect(answers(&limit, "a", 1000, at: 0).allSatisfy { $0 == nil })
    }

    @Test func manyClientsAreForgottenWhenTheyAreQuiet() {
        var limit = RequestLimit(requestsPerSecond: 1)
        _ = answers(&limit, "busy", 5, at: 59_999)
        let others = (0..<20_000).flatMap { answers(&limit, "\($0)", 1, at: 60_000) }
        #expect(others.allSatisfy { $0 == nil })
        #expect(answers(&limit, "busy", 1, at: 60_000) != [nil])
    }
}
