// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

@testable import MartletMediaChild

@Suite("A child that reads is not taken for one that hangs")
struct SignsOfLifeTests {
    private let clock = ManualClock()

    @Test func everyWordPutsTheEndOff() async throws {
        let reader = AnswerReader(time: clock) { _ in }
        let wait = Task { try await reader.waitForSilence(of: .seconds(10)) }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(8))
        reader.takeOutput(try ChildLine.alive.bytes())
        clock.advance(by: .seconds(2))
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == Moment(nanoseconds: 18_000_000_000))
        clock.advance(by: .seconds(8))
        try await wait.value
    }

    /// A prober that answers when it is told to.
    private struct PatientProber: MediaProber {
        let answers: AsyncStream<Void>

        func describe(path: String) async throws -> SourceDescription {
            for await _ in answers {}
            throw CancellationError()
        }

        func index(of source: SourceDescription, stream: Int, method: FrameIndex.Method) async throws -> FrameIndex {
            throw CancellationError()
        }

        func inspect(path: String) async throws -> StreamInspection { throw CancellationError() }
    }

    @Test func aChildSpeaksWhileBytesGoThroughItAndNotOtherwise() async throws {
        let (answers, end) = AsyncStream.makeStream(of: Void.self)
        let (lines, writer) = AsyncStream.makeStream(of: ChildLine?.self)
        let traffic = Mutex<Int64>(0)
        let other = ChildMedia(
            launcher: ProcessRunner(), time: clock, files: LocalFiles(), cacheDirectory: nil)
        let child = MediaChild(
            tools: { _ in
                MediaChild.Tools(
                    prober: PatientProber(answers: answers), scanner: other, assembler: other, verifier: other,
                    restamper: other, packager: other)
            }, time: clock, traffic: { traffic.withLock { $0 } }, write: { writer.yield(ChildLine($0.dropLast())) })
        let order = try MediaOrder(request: .describe(path: "/film.mkv"), cacheDirectory: nil, index: nil).bytes()
        let work = Task { await child.serve(order) }
        for step in [10_000, 100, 50_000, 0] as [Int64] {
            await clock.waitForSleepers()
            traffic.withLock { $0 += step }
            clock.advance(by: .seconds(1))
        }
        await clock.waitForSleepers()
        end.finish()
        #expect(await work.value)
        writer.finish()
        var heard: [ChildLine?] = []
        for await line in lines { heard.append(line) }
        try #require(heard.count == 3)
        #expect(heard[..<2] == [.alive, .alive])
        guard case .answer(.failed) = heard[2] else {
            Issue.record("\(heard)")
            return
        }
    }
}
