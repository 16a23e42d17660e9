// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import ClaimTrial
import Testing

/// The check finds what it is there for, and nothing else.
@Suite struct ClaimHistoryTests {
    private static let millisecond: Int64 = 1_000_000

    private static func call(
        _ client: String, _ kind: ClaimRecord.Kind, _ times: ClosedRange<Int64>, fence: Int64 = 0, lasting: Int64 = 0,
        _ answer: ClaimRecord.Answer?
    ) -> ClaimRecord {
        ClaimRecord(
            client: client, kind: kind, key: "k", fence: fence, lasting: lasting * millisecond,
            start: times.lowerBound * millisecond, end: times.upperBound * millisecond, answer: answer)
    }

    private static func unanswered(
        _ client: String, _ kind: ClaimRecord.Kind, at start: Int64, fence: Int64 = 0, lasting: Int64 = 0
    ) -> ClaimRecord {
        ClaimRecord(
            client: client, kind: kind, key: "k", fence: fence, lasting: lasting * millisecond,
            start: start * millisecond)
    }

    private static let grant = call("a", .claim, 0...1, lasting: 100, .granted(1))

    /// The owner of `grant` says that it lives.
    private static func shown(_ times: ClosedRange<Int64>, lasting: Int64) -> ClaimRecord {
        call("a", .announce, times, lasting: lasting, .done)
    }

    private static let possible: [[ClaimRecord]] = [
        [grant, call("b", .claim, 10...11, .held), call("b", .claim, 101...102, lasting: 50, .granted(2))],
        [grant, call("a", .release, 5...9, fence: 1, .done), call("b", .claim, 6...7, lasting: 50, .granted(2))],
        [grant, unanswered("a", .release, at: 5, fence: 1), call("b", .claim, 60...61, lasting: 9, .granted(2))],
        [
            grant, call("a", .complete, 5...9, fence: 1, .done), call("b", .read, 6...7, .absent),
            call("b", .claim, 10...11, .completed(owner: "a", fence: 1)), call("b", .forget, 12...13, fence: 1, .done),
            call("b", .read, 13...14, .absent), call("b", .claim, 15...16, lasting: 50, .granted(2)),
        ],
        [
            grant, unanswered("a", .complete, at: 5, fence: 1),
            call("b", .read, 50...51, .completed(owner: "a", fence: 1)),
        ],
        [grant, call("a", .renew, 90...120, fence: 1, lasting: 100, .done), call("b", .claim, 195...200, .granted(2))],
        [grant, call("a", .renew, 110...120, fence: 1, lasting: 100, .refused)],
        [
            grant, unanswered("a", .renew, at: 50, fence: 1, lasting: 200),
            call("a", .renew, 190...191, fence: 1, .done),
        ],
        [
            grant, unanswered("a", .renew, at: 5, fence: 1, lasting: 10),
            call("b", .claim, 40...41, lasting: 9, .granted(2)),
        ],
        [
            shown(0...0, lasting: 20), grant, call("b", .claim, 20...21, lasting: 50, .granted(2)),
            shown(25...26, lasting: 90), call("a", .renew, 27...28, fence: 1, .refused),
        ],
        [shown(0...0, lasting: 20), grant, call("a", .renew, 50...51, fence: 1, lasting: 9, .done)],
        [grant, shown(5...30, lasting: 10), call("b", .claim, 20...21, lasting: 50, .granted(2))],
        [
            shown(0...0, lasting: 90), grant, unanswered("a", .announce, at: 5, lasting: 10),
            call("b", .claim, 20...21, lasting: 50, .granted(2)),
        ],
    ]

    private static let impossible: [[ClaimRecord]] = [
        [grant, call("b", .claim, 0...1, .granted(1))],
        [call("b", .claim, 0...1, .granted(2)), call("a", .claim, 500...501, .granted(1))],
        [grant, call("b", .claim, 50...51, .granted(2))],
        [grant, call("a", .renew, 50...51, fence: 1, lasting: 100, .done), call("b", .claim, 120...121, .granted(2))],
        [
            grant, call("b", .claim, 101...102, lasting: 50, .granted(2)),
            call("a", .renew, 104...105, fence: 1, lasting: 100, .done),
        ],
        [grant, call("a", .renew, 110...111, fence: 1, lasting: 100, .done)],
        [grant, call("a", .complete, 50...51, fence: 1, .refused)],
        [grant, call("a", .release, 50...51, fence: 1, .done), call("a", .renew, 52...53, fence: 1, .done)],
        [grant, call("a", .complete, 50...51, fence: 1, .done), call("b", .claim, 52...53, .granted(2))],
        [grant, call("a", .complete, 50...51, fence: 1, .done), call("b", .read, 52...53, .absent)],
        [
            grant, call("a", .complete, 50...51, fence: 1, .done),
            call("b", .forget, 52...53, fence: 1, .done),
            call("b", .read, 54...55, .completed(owner: "a", fence: 1)),
        ],
        [grant, call("b", .read, 52...53, .completed(owner: "a", fence: 1))],
        [
            grant, call("a", .complete, 50...51, fence: 1, .done),
            call("b", .read, 52...53, .completed(owner: "b", fence: 1)),
        ],
        [grant, call("a", .complete, 5...6, fence: 1, .done), call("a", .complete, 7...8, fence: 1, .done)],
        [shown(0...0, lasting: 20), grant, call("b", .claim, 17...18, .granted(2))],
        [shown(0...0, lasting: 20), grant, shown(10...11, lasting: 50), call("b", .claim, 40...41, .granted(2))],
        [shown(0...0, lasting: 20), grant, call("a", .renew, 10...11, fence: 1, .refused)],
        [
            shown(0...0, lasting: 20), grant, call("b", .claim, 21...22, lasting: 50, .granted(2)),
            call("a", .complete, 24...25, fence: 1, .done),
        ],
        [call("b", .announce, 0...1, lasting: 5, .done), grant, call("b", .claim, 50...51, .granted(2))],
    ]

    @Test(arguments: possible) func whatCanBeIsNoFault(records: [ClaimRecord]) {
        #expect(ClaimHistory(records, tolerance: 0).faults() == [])
    }

    @Test(arguments: impossible) func whatCannotBeIsFound(records: [ClaimRecord]) {
        #expect(!ClaimHistory(records, tolerance: 0).faults().isEmpty)
        #expect(!ClaimHistory(records.reversed(), tolerance: 0).faults().isEmpty)
    }

    @Test func newsThatCannotBeAreFound() {
        let records = [
            Self.grant, Self.call("a", .complete, 5...6, fence: 1, .done),
            Self.call("b", .complete, 15...16, fence: 2, .done), Self.unanswered("b", .complete, at: 17, fence: 3),
        ]
        let history = ClaimHistory(records)
        func faults(_ fences: [Int64]) -> Bool {
            let items = fences.map { HeardNews.Item(key: "k", fence: $0) }
            return !history.faults(of: HeardNews(start: 0, end: 100 * Self.millisecond, items: items)).isEmpty
        }
        #expect(!faults([1, 2]))
        #expect(!faults([1, 2, 3]))
        #expect(faults([1]))
        #expect(faults([2, 1]))
        #expect(faults([1, 2, 2]))
        #expect(faults([1, 2, 4]))
        // What was before it listened, or after, need not be heard.
        let late = HeardNews(
            start: 10 * Self.millisecond, end: 16 * Self.millisecond, items: [])
        #expect(history.faults(of: late).isEmpty)
    }
}
