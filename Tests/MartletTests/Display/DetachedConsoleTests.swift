// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Testing

@testable import martlet

@Suite("A console of a server") struct DetachedConsoleTests {
    @Test("A reader who stands still holds nothing up, and learns later what he missed", .timeLimit(.minutes(5)))
    func standstill() throws {
        let (output, errors) = (Pipe(), Pipe())
        let console = Console(
            output: output.fileHandleForWriting.fileDescriptor, errors: errors.fileHandleForWriting.fileDescriptor,
            environment: [:])
        console.detach()
        // Far more than a pipe and the backlog hold.
        let line = String(repeating: "x", count: 1023) + "\n"
        for _ in 0..<3000 { console.print(line) }
        #expect(!console.finish())

        let (count, reader) = (Counter(), output.fileHandleForReading)
        Thread.detachNewThread { count.finish(reader.readDataToEndOfFile().count) }
        while !console.finish() {}
        console.print("the end\n")
        while !console.finish() {}
        try output.fileHandleForWriting.close()
        try errors.fileHandleForWriting.close()
        let taken = count.wait()
        #expect(taken % 1024 == "the end\n".utf8.count && taken / 1024 >= 1024 && taken / 1024 < 1200)
        // More than one of them, if the pipe took its share late.
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n").map { complaint in
                complaint.wholeMatch(of: /martlet: warning: (\d+) lines were not printed: nobody read them\./)
                    .flatMap { Int($0.1) }
            }
        #expect(!complaints.contains(nil) && complaints.compactMap(\.self).reduce(0, +) == 3000 - taken / 1024)
    }

    /// A number that a thread finds out.
    private final class Counter: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        private var value = 0

        func finish(_ value: Int) {
            self.value = value
            done.signal()
        }

        func wait() -> Int {
            done.wait()
            return value
        }
    }
}
