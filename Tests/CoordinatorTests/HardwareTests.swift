// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Jobs whose hardware passed its trial and fails at work.
@Suite struct HardwareTests {
    private static func failure(_ log: String) -> AttemptResult {
        .failed(
            AttemptFailure(code: "ffmpeg.failed", message: "ffmpeg failed: no device", log: log, isRetryable: true))
    }

    private func submit(
        _ studio: Studio, _ change: @escaping (inout TranscodeParameters) -> Void = { _ in }
    ) async throws {
        try await studio.submit { parameters in
            parameters.hardware = .nvenc
            change(&parameters)
        }
    }

    @Test("What hardware made before it failed counts no more, and the whole picture is made in software")
    func fallsBack() async throws {
        let studio = try await Studio(catalog: HardwareCatalog())
        let hand = try await studio.hand(slots: 1) { hand, assignment in
            let isHardware = assignment.task.encoder == "h264_nvenc"
            if isHardware, assignment.task.id != TaskID("video-00000") { return Self.failure("stderr") }
            return .completed(try await hand.made(assignment))
        }
        try await submit(studio)
        #expect(try await studio.outcome().frames == 900)
        #expect(
            try studio.outputText() == "[video-00000-software][video-00001-software][video-00002-software]")
        let encoders = hand.assignments.entries.map(\.task.encoder)
        #expect(encoders == Array(repeating: "h264_nvenc", count: 4) + Array(repeating: "libx264", count: 3))

        // The records tell it all: which attempts failed, and what became of the tasks.
        let attempts = try await studio.memory.attempts(of: studio.job)
        let logs = attempts.compactMap { attempt -> String? in
            if case .failed(let failure) = attempt.result { failure.log } else { nil }
        }
        #expect(logs == ["stderr", "stderr", "stderr"])
        let tasks = try await studio.memory.tasks(of: studio.job)
        #expect(tasks.filter { $0.specification.encoder == "h264_nvenc" }.allSatisfy { $0.artifact == nil })
        let events = try await studio.stopped()
        let warnings = events.compactMap { if case .warning(_, let text) = $0 { text } else { nil } }
        #expect(
            warnings == [
                "hardware failed on worker w1: ffmpeg failed: no device; encoding in software with libx264."
            ])
        #expect(events.compactMap(\.newState) == [.processing, .combining, .completed])
        #expect(events.filter(\.isFailure) == [])
    }

    @Test("A job that insists on hardware fails with what each attempt said")
    func insists() async throws {
        let studio = try await Studio(catalog: HardwareCatalog())
        for name in ["a", "b"] {
            _ = try await studio.hand(name, slots: 1) { hand, _ in Self.failure("stderr of \(hand.profile.id)") }
        }
        try await submit(studio) { $0.softwareFallback = false }
        let error = try #require(try await studio.error() as? AttemptFailure)
        #expect(error.code == "ffmpeg.failed")
        #expect(error.log.contains("stderr of a") && error.log.contains("stderr of b"), "\(error.log)")
        #expect(error.message.contains("on worker a") && error.message.contains("on worker b"))
        #expect(try await studio.keptState() == .failed)
    }

    @Test("A coordinator that begins again goes on in software, and asks for no hardware again")
    func resumed() async throws {
        let studio = try await Studio(catalog: HardwareCatalog())
        let hand = try await studio.hand(slots: 1) { hand, assignment in
            if assignment.task.encoder == "h264_nvenc" { return Self.failure("stderr") }
            return assignment.task.id.text.hasPrefix("video-00002") ? nil : .completed(try await hand.made(assignment))
        }
        try await submit(studio)
        _ = try await hand.assignments.wait(for: "the last order") { $0.last?.task.id.text == "video-00002-software" }
        _ = try await studio.stopped()
        let next = try await Studio(after: studio, catalog: HardwareCatalog())
        let worker = try await next.hand()
        try await submit(next)
        #expect(try await next.outcome().frames == 900)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 2)
        #expect(worker.assignments.entries.map(\.task.id.text) == ["video-00002-software"])
    }

    @Test("Where no software can take over, the job says both")
    func noSoftware() async throws {
        struct Bare: EncoderCatalog {
            func build() async throws -> EncoderBuild {
                EncoderBuild(
                    version: "5.1", codecMajorVersion: 59, digest: "build", encoders: ["h264_nvenc"], filters: [])
            }
            func failure(of encoder: String) async -> String? { nil }
        }
        let studio = try await Studio(catalog: Bare())
        _ = try await studio.hand(slots: 1) { _, _ in Self.failure("stderr") }
        try await submit(studio)
        let message = try #require(try await studio.error() as? any CodedError).message
        #expect(message.contains("no device") && message.contains("software cannot take over"), "\(message)")
        #expect(try await studio.keptState() == .failed)
    }
}
