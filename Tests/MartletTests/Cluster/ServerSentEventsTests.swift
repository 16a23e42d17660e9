// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import martlet

@Suite struct ServerSentEventsTests {
    private func events(_ blocks: String..., lastID: String? = nil) -> [ServerSentEvents.Event] {
        var reader = ServerSentEvents(lastID: lastID)
        return blocks.flatMap { reader.take(Array($0.utf8)) }
    }

    @Test func anEventIsItsDataAndItsID() {
        #expect(events("event: progress\nid: 7\ndata: {}\n\n") == [.init(id: "7", data: "{}")])
    }

    @Test func blocksMayEndAnywhere() {
        let text = "id: 7\r\ndata: a\u{e9}\r\ndata:b\r\n\r\nid:8\n\rdata: c\r\r"
        let whole = events(text)
        #expect(whole == [.init(id: "7", data: "a\u{e9}\nb"), .init(id: "8", data: "c")])
        var reader = ServerSentEvents()
        #expect(text.utf8.flatMap { reader.take([$0]) } == whole)
    }

    @Test func commentsAndUnknownFieldsAreNothing() {
        #expect(events(": still here\n\nretry: 10\nnonsense\n\n").isEmpty)
    }

    @Test func theIDHoldsUntilAnotherComes() {
        #expect(
            events("data: a\n\nid: 1\n\ndata: b\n\nid\ndata: c\n\n", lastID: "0")
                == [.init(id: "0", data: "a"), .init(id: "1", data: "b"), .init(id: "", data: "c")])
    }

    @Test func whatIsNotEndedIsNotTold() { #expect(events("data: a\n").isEmpty) }
}
