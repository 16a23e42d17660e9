// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Nothing is put in place that is not wanted there, or not proved.
@Suite struct OutputTests {
    @Test("An output that exists is refused before anything is touched")
    func outputExists() async throws {
        let studio = try await Studio()
        _ = try studio.directory.write("precious", to: "out.mp4")
        let error = await #expect(throws: CoordinatorError.self) { try await studio.submit() }
        #expect(error?.code == .outputExists)
        #expect(error?.exitStatus == .usage)
        #expect(try await studio.memory.jobs().isEmpty)
        #expect(try studio.directory.names() == ["out.mp4"])
        #expect(try studio.outputText() == "precious")
    }

    @Test("An output that exists is replaced when that is wanted")
    func overwritten() async throws {
        let studio = try await Studio()
        _ = try studio.directory.write("old", to: "out.mp4")
        _ = try await studio.hand()
        try await studio.submit(overwrite: true)
        _ = try await studio.outcome()
        #expect(try studio.outputText() == "[video-00000][video-00001][video-00002]")
    }

    @Test("An output that appears during the job is left alone")
    func outputAppears() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("out.mp4")
        let assembler = ChainingAssembler { try Data("precious".utf8).write(to: URL(filePath: path)) }
        let studio = try await Studio(assembler: assembler)
        _ = try await studio.hand()
        try await studio.submit(to: path)
        #expect((try await studio.error() as? CoordinatorError)?.code == .outputExists)
        #expect(try directory.names() == ["out.mp4"])
        #expect(try directory.bytes("out.mp4") == Array("precious".utf8))
        #expect(try await studio.keptState() == .failed)
        #expect(try studio.workNames().count == 3)
    }

    @Test("A result that does not match its source is not put in place, and nothing is left of it")
    func verificationFails() async throws {
        let studio = try await Studio(verifier: FixedVerifier(isContent: false))
        _ = try await studio.hand()
        try await studio.submit()
        let error = try #require(try await studio.error() as? CoordinatorError)
        #expect(error.code == .verificationFailed)
        #expect(error.exitStatus == .verificationFailed)
        #expect(error.message.contains("frame count: the figures"))
        #expect(try studio.outputNames().isEmpty)
        let events = try await studio.stopped()
        #expect(events.count(where: \.isFailure) == 1)
    }

    @Test("A result is not checked when no check is wanted")
    func unverified() async throws {
        let studio = try await Studio(verifier: FixedVerifier(isContent: false))
        _ = try await studio.hand()
        try await studio.submit(verification: .none)
        #expect(try await studio.outcome().verification == nil)
        #expect(studio.meter.measured.entries.isEmpty)
    }

    @Test("With full verification, every frame must decode", arguments: [nil, Rational(25, 1)])
    func fullVerification(rate: Rational?) async throws {
        let studio = try await Studio(meter: FixedMeter(frames: 899))
        _ = try await studio.hand()
        try await studio.submit(verification: .full) { $0.frameRate = rate }
        let error = try #require(try await studio.error() as? CoordinatorError)
        #expect(error.code == .verificationFailed)
        #expect(error.message.contains("899 of 900"))
        #expect(studio.meter.measured.entries.count == 1)
        #expect(try studio.outputNames().isEmpty)

        let good = try await Studio()
        _ = try await good.hand()
        try await good.submit(verification: .full) { $0.frameRate = rate }
        #expect(try await good.outcome().quality?.decodedFrames == 900)
    }

    @Test("A join that fails leaves nothing but the segments, and the next run joins them")
    func joinFails() async throws {
        let thrown = AttemptFailure(code: "media.no_space", message: "full", isRetryable: false)
        let studio = try await Studio(assembler: ChainingAssembler { throw thrown })
        _ = try await studio.hand()
        try await studio.submit()
        #expect(try await studio.error() as? AttemptFailure == thrown)
        #expect(try studio.outputNames().isEmpty)
        _ = try await studio.stopped()

        let next = try await Studio(after: studio)
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 3)
    }

    @Test("A join that says it was cancelled, and was not, fails the job")
    func joinGivesUp() async throws {
        let studio = try await Studio(assembler: ChainingAssembler { throw CancellationError() })
        _ = try await studio.hand()
        try await studio.submit()
        #expect(try await studio.error() != nil)
        #expect(try await studio.keptState() == .failed)
    }
}
