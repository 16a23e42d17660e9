// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWorker
import Testing

/// How one task can end, and what it leaves behind.
@Suite struct TaskResultTests {
    private func failure(_ result: AttemptResult) throws -> AttemptFailure {
        guard case .failed(let failure) = result else {
            Issue.record("it ended as \(result)")
            throw NotScripted()
        }
        return failure
    }

    private let segment = Segment(
        index: 0, firstFrame: 0, frameCount: 3, startTime: 0, endTime: nil, timesDigest: 0, seek: nil)

    private func pictureTask() -> TaskSpecification {
        var task = TaskSpecification.sample()
        task.expectation = .frames(segment)
        return task
    }

    private func soundTask() -> TaskSpecification {
        var task = TaskSpecification.sample("audio-1")
        task.kind = .audio(stream: 1)
        task.expectation = .sound(durationMicroseconds: 1_000_000)
        return task
    }

    @Test("A proved result is published under the lease's epoch, with size, digest, count and payload")
    func provedResult() async throws {
        let bench = try Workbench()
        let result = try await bench.outcome(of: bench.assignment(epoch: 4))
        let bytes = try bench.directory.bytes("video-0000.4.mkv")
        let artifact = Artifact(
            task: TaskID("video-0000"), fileName: "video-0000.4.mkv", size: ByteCount(Int64(bytes.count)),
            digest: try await LocalFiles().digest(of: bench.directory.file("video-0000.4.mkv")), count: 250,
            payload: ByteCount(25_000))
        #expect(result == .completed(artifact))
        #expect(try bench.directory.names() == ["film.mkv", "video-0000.4.mkv"])
        let run = try #require(bench.encoder.started.entries.first)
        #expect(run.niceness == 7)
        #expect(run.stallTimeout == .seconds(11))
        #expect(run.arguments.prefix(2) == ["-i", "file:" + bench.source])
    }

    @Test("A quick encode is proved and measured like any other: its payload is the share of the bit rate")
    func quickEncode() async throws {
        var task = TaskSpecification.sample("analysis-00000")
        task.kind = .analyse(segment: 0)
        let bench = try Workbench()
        guard case .completed(let artifact) = try await bench.outcome(of: bench.assignment(task)) else {
            Issue.record("it did not complete")
            return
        }
        #expect(artifact.payload == ByteCount(25_000))
        #expect(artifact.count == 250)

        let short = try Workbench { _, _ in .picture(frames: 249) }
        #expect(try failure(await short.outcome(of: short.assignment(task))).code == "worker.frames_mismatch")
    }

    /// A bench whose measurement writes this text.
    private func measurement(_ text: String) async throws -> AttemptResult {
        var task = TaskSpecification.sample("score-00000", frames: 2)
        task.kind = .measure(segment: 0)
        let bench = try Workbench { run, _ in
            try Data(text.utf8).write(to: URL(filePath: run.output))
            return nil
        }
        return try await bench.outcome(of: bench.assignment(task))
    }

    @Test("A measurement's mean is the score of its result")
    func measured() async throws {
        guard case .completed(let artifact) = try await measurement("n:1 All:0.5 (3)\nn:2 All:1.0 (inf)\n") else {
            Issue.record("it did not complete")
            return
        }
        #expect(artifact.score == 0.75)
        #expect(artifact.count == 2)
    }

    @Test("A measurement of other frames, or of none, is refused", arguments: ["n:1 All:0.5 (3)\n", "begun"])
    func measuredWrongly(text: String) async throws {
        #expect(try failure(await measurement(text)).code == "worker.unexpected_result")
    }

    @Test(
        "Other frames than planned are a mismatch that is not tried again",
        arguments: [
            StreamInspection.picture(frames: 2), .picture(frames: 4), .picture(times: [0, 42, 80]),
            .picture(times: [40, 80, 120]),
        ])
    func otherFrames(inspection: StreamInspection) async throws {
        let bench = try Workbench { _, _ in inspection }
        let failure = try failure(
            await bench.outcome(of: bench.assignment(pictureTask(), times: [0, 40, 80])))
        #expect(failure.code == "worker.frames_mismatch")
        #expect(!failure.isRetryable)
        #expect(failure.exitStatus == .verificationFailed)
        #expect(failure.log == "said by the encoder")
        #expect(try bench.directory.names() == ["film.mkv"])
    }

    @Test("Times that Matroska rounded by a millisecond are as planned")
    func roundedTimes() async throws {
        let bench = try Workbench { _, _ in .picture(times: [0, 41, 79]) }
        let result = try await bench.outcome(of: bench.assignment(pictureTask(), times: [0, 40, 80]))
        guard case .completed = result else {
            Issue.record("it ended as \(result)")
            return
        }
    }

    @Test(
        "Sound that is missing or too short is tried again",
        arguments: [
            StreamInspection(
                kind: .audio, codec: "aac", timeBase: TimeBase(1, 1000), times: [], durationMicroseconds: 0,
                payload: ByteCount(0)),
            StreamInspection(
                kind: .audio, codec: "aac", timeBase: TimeBase(1, 1000), times: [0, 500], durationMicroseconds: 800_000,
                payload: ByteCount(9)),
            .picture(frames: 3),
        ])
    func noSound(inspection: StreamInspection) async throws {
        let bench = try Workbench { _, _ in inspection }
        let failure = try failure(await bench.outcome(of: bench.assignment(soundTask())))
        #expect(failure.code == "worker.unexpected_result")
        #expect(failure.isRetryable)
        #expect(try bench.directory.names() == ["film.mkv"])
    }

    @Test("What the encoder throws is the attempt's failure, whole, and its half-made file is removed")
    func encoderFails() async throws {
        let thrown = AttemptFailure(code: "ffmpeg.stalled", message: "no frame", log: "tail", isRetryable: true)
        let bench = try Workbench { _, _ in throw thrown }
        #expect(try failure(await bench.outcome(of: bench.assignment())) == thrown)
        #expect(try bench.directory.names() == ["film.mkv"])
    }

    @Test("A result that cannot be read fails the attempt")
    func unreadableResult() async throws {
        let bench = try Workbench { _, _ in nil }
        #expect(try failure(await bench.outcome(of: bench.assignment())).code == "worker.failed")
        #expect(try bench.directory.names() == ["film.mkv"])
    }

    @Test("Another source than the planned one is refused before anything runs")
    func changedSource() async throws {
        let bench = try Workbench()
        let assignment = try await bench.assignment()
        _ = try bench.directory.write("another film", to: "film.mkv")
        let failure = try failure(await bench.outcome(of: assignment))
        #expect(failure.code == "worker.source_changed")
        #expect(!failure.isRetryable)
        #expect(failure.exitStatus == .badInput)
        #expect(bench.encoder.started.entries.isEmpty)
    }

    @Test("A source that changes while it is read spoils the result")
    func sourceChangesMeanwhile() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a film", to: "film.mkv")
        let bench = try Workbench { _, _ in
            try Data("another film".utf8).write(to: URL(filePath: path))
            return .picture(frames: 250)
        }
        let fingerprint = try await LocalFiles().fingerprint(of: path)
        let assignment = try await bench.assignment { assignment in
            assignment.sourcePath = path
            assignment.fingerprint = fingerprint
        }
        #expect(try failure(await bench.outcome(of: assignment)).code == "worker.source_changed")
        #expect(try bench.directory.names() == ["film.mkv"])
    }

    @Test("A run that fails because its source changed says so", arguments: [true, false])
    func failureOfAChangedSource(isReplaced: Bool) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("a film", to: "film.mkv")
        let bench = try Workbench { _, _ in
            try LocalFiles().remove(path)
            if isReplaced { _ = try directory.write("another film", to: "film.mkv") }
            throw AttemptFailure(code: "ffmpeg.failed", message: "strange data", isRetryable: true)
        }
        let fingerprint = try await LocalFiles().fingerprint(of: path)
        let assignment = try await bench.assignment { assignment in
            assignment.sourcePath = path
            assignment.fingerprint = fingerprint
        }
        let failure = try failure(await bench.outcome(of: assignment))
        #expect(failure.code == "worker.source_changed")
        #expect(failure.message.hasSuffix("is not there any more") == !isReplaced)
        #expect(failure.exitStatus == .badInput)
    }

    @Test("A work directory that is removed meanwhile is what the user hears of")
    func missingDirectory() async throws {
        let work = try TemporaryDirectory()
        let bench = try Workbench { _, _ in
            try LocalFiles().remove(work.path)
            return .picture(frames: 250)
        }
        let failure = try failure(await bench.outcome(of: bench.assignment { $0.directory = work.path }))
        #expect(failure.code == "worker.work_directory_gone")
        #expect(failure.exitStatus == .writeFailed)
        #expect(!failure.isRetryable)
    }

    @Test("A result that is removed before it was looked at is made again")
    func missingResult() async throws {
        let bench = try Workbench { run, _ in
            try LocalFiles().remove(run.output)
            return nil
        }
        let failure = try failure(await bench.outcome(of: bench.assignment()))
        #expect(failure.code == "worker.unexpected_result")
        #expect(failure.isRetryable)
    }

    @Test("A source that is gone fails the attempt")
    func missingSource() async throws {
        let bench = try Workbench()
        let assignment = try await bench.assignment { $0.sourcePath += ".gone" }
        let failure = try failure(await bench.outcome(of: assignment))
        #expect(failure.code == "worker.source_changed")
        #expect(failure.message == "\(assignment.sourcePath) is not there any more")
        #expect(bench.encoder.started.entries.isEmpty)
    }
}
