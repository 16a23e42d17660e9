// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletHost
import MartletMedia
import MartletMediaChild
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@Suite("A child process that fails is one error, and nothing else")
struct ChildTroubleTests {
    /// Tells the process's number through a named pipe, and goes on as the real program.
    private static let announced = "echo $$ > \"${0%/*}/number\"; exec martlet"

    /// A child that waits for the content of a film that is a named pipe.
    private struct Reading {
        let film: ChildFilm
        let source: SourceDescription
        let work: Task<VerificationReport, any Error>
        let number: pid_t
    }

    private func reading() async throws -> Reading {
        let film = try await ChildFilm(script: Self.announced)
        let (number, slow) = (film.directory.file("number"), film.directory.file("slow.mkv"))
        for pipe in [number, slow] { try #require(mkfifo(pipe, 0o600) == 0) }
        let source = try await film.here.describe(path: try await MediaFixtures.path("vfr.mkv"))
        let work = Task { try await film.children.verify(output: slow, against: source, index: nil, plan: nil) }
        let text = try await waiting(for: "the child's number") { await Self.meet(number, O_RDONLY) }
        _ = try await waiting(for: "the child to open the film") { await Self.meet(slow, O_WRONLY) }
        return Reading(film: film, source: source, work: work, number: try #require(pid_t(text)))
    }

    /// Waits for someone to open the other end of a named pipe, and reads a line when it is opened for that.
    private static func meet(_ pipe: String, _ mode: Int32) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                // The writing end stays open: the reader waits for more.
                let file = open(pipe, mode | O_CLOEXEC)
                var bytes = [UInt8](repeating: 0, count: 64)
                let count = mode == O_RDONLY ? read(file, &bytes, bytes.count) : 0
                let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                continuation.resume(returning: text.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
    }

    @Test(arguments: [SIGSEGV, SIGABRT])
    func aCrashInTheMiddleNamesTheFileAndTheSignal(signal: Int32) async throws {
        let reading = try await reading()
        try #require(kill(reading.number, signal) == 0)
        let error = await #expect(throws: MediaChildError.self) { try await reading.work.value }
        #expect(error?.codeName == "media.crashed")
        #expect(error?.message.contains(reading.source.path) == true)
        #expect(error?.message.contains("signal \(signal)") == true)
        #expect(error?.isRetryable == false)
        #expect(error?.exitStatus == .badInput)
    }

    @Test func aChildThatTheSystemKillsHasASecondTry() async throws {
        let film = try await ChildFilm(
            script: "cd \"${0%/*}\"; test -e tried && exec martlet; touch tried; kill -KILL $$")
        let path = try await MediaFixtures.path("vfr.mkv")
        let source = try await film.children.describe(path: path)
        #expect(source == (try await film.here.describe(path: path)))
        #expect(FileManager.default.fileExists(atPath: film.directory.file("tried")))
    }

    @Test func aChildThatTheSystemKillsTwiceIsAnErrorThatMayPass() async throws {
        let film = try await ChildFilm(script: "echo >> \"${0%/*}/tries\"; kill -KILL $$")
        let error = await #expect(throws: MediaChildError.self) { try await film.children.describe(path: "/film.mp4") }
        #expect(error?.codeName == "media.killed")
        #expect(error?.isRetryable == true)
        #expect(error?.exitStatus == .jobFailed)
        #expect(try film.directory.bytes("tries") == [10, 10])
    }

    @Test func cancellingEndsTheChild() async throws {
        let reading = try await reading()
        reading.work.cancel()
        await #expect(throws: CancellationError.self) { try await reading.work.value }
        #expect(kill(reading.number, 0) == -1 && errno == ESRCH)
    }

    @Test func tooMuchProcessorTimeIsSaidToBeThat() async throws {
        var limits = ChildLimits()
        (limits.processorTime, limits.processorTimePerGibibyte) = (.seconds(1), .zero)
        let film = try await ChildFilm(script: "while :; do :; done", limits: limits)
        let error = await #expect(throws: MediaChildError.self) { try await film.children.describe(path: "/film.mp4") }
        #expect(error?.code == .crashed)
        #expect(error?.message == "The process that worked on /film.mp4 used more than 1 s of processor time.")
    }

    @Test func memoryIsLimited() async throws {
        var limits = ChildLimits()
        limits.addressSpace = .mebibytes(512)
        let film = try await ChildFilm(script: "ulimit -v >&2; exit 3", limits: limits)
        let error = await #expect(throws: MediaChildError.self) { try await film.children.describe(path: "/film.mp4") }
        #expect(error?.log == "\(512 * 1024)\n")
        #expect(error?.message == "The process that worked on /film.mp4 ended with code 3.")
    }

    @Test func tooLittleMemoryIsAnErrorOfTheFile() async throws {
        var limits = ChildLimits()
        limits.addressSpace = .mebibytes(40)
        let film = try await ChildFilm(limits: limits)
        let path = try await MediaFixtures.path("vfr.mkv")
        let error = await #expect(throws: (any Error).self) { try await film.children.describe(path: path) }
        #expect(error is any CodedError)
    }

    @Test func silenceEndsTheChildAndMayBeTriedAgain() async throws {
        var limits = ChildLimits()
        limits.silence = .milliseconds(200)
        let film = try await ChildFilm(script: "exec tail -f /dev/null", limits: limits)
        let error = await #expect(throws: MediaChildError.self) { try await film.children.describe(path: "/film.mp4") }
        #expect(error?.code == .stalled)
        #expect(error?.isRetryable == true)
    }

    @Test(arguments: ["exit 0", "echo words", "martlet | head -c 40"])
    func whatIsNoAnswerIsACrash(script: String) async throws {
        let film = try await ChildFilm(script: script)
        let path = try await MediaFixtures.path("vfr.mkv")
        let error = await #expect(throws: MediaChildError.self) { try await film.children.describe(path: path) }
        #expect(error?.code == .crashed)
        #expect(error?.message.hasSuffix("gave no answer that can be read.") == true)
    }
}
