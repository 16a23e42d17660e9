// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletTestKit
import Testing

@testable import MartletHTTP

@Suite("Bytes between a loop and a reader")
struct ByteMailboxTests {
    /// A mailbox whose reader waits, and what it gets.
    private func waitingReader() async throws -> (ByteMailbox, Task<[UInt8]?, any Error>) {
        let asked = Journal<Void>()
        let mailbox = ByteMailbox(limit: 100, portion: 4, isHeldBack: true) { asked.note(()) }
        let reading = Task { try await mailbox.next() }
        try await asked.wait(for: "the reader") { $0.count == 1 }
        return (mailbox, reading)
    }

    private func put(_ bytes: [UInt8], in mailbox: ByteMailbox) -> Bool { bytes.withUnsafeBytes { mailbox.offer($0) } }

    @Test("A reader that waits is woken for a portion, and gets all there is")
    func portion() async throws {
        let (mailbox, reading) = try await waitingReader()
        #expect(put([1, 2, 3], in: mailbox))
        #expect(mailbox.owesRest)
        #expect(put([4, 5], in: mailbox))
        #expect(!mailbox.owesRest)
        #expect(try await reading.value == [1, 2, 3, 4, 5])
    }

    @Test("Fewer bytes are given when their time has come")
    func rest() async throws {
        let (mailbox, reading) = try await waitingReader()
        mailbox.giveRest()
        #expect(put([1], in: mailbox))
        mailbox.giveRest()
        #expect(try await reading.value == [1])
    }

    @Test("What came before the end, or before a break, is read first")
    func end() async throws {
        for error in [nil, HTTPError(.closed, "broken")] {
            let (mailbox, reading) = try await waitingReader()
            #expect(put([1, 2], in: mailbox))
            mailbox.finish(error)
            #expect(try await reading.value == [1, 2])
            if error == nil {
                #expect(try await mailbox.next() == nil)
            } else {
                await #expect(throws: HTTPError.self) { try await mailbox.next() }
            }
        }
    }

    @Test("Nobody reads what is thrown away")
    func drop() async throws {
        let (mailbox, reading) = try await waitingReader()
        #expect(put([1], in: mailbox))
        mailbox.drop()
        await #expect(throws: HTTPError.self) { try await reading.value }
    }
}
