// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletSQLiteStore
import MartletTestKit
import Testing

/// A run whose output is in place and whose records do not say so, as after a power cut.
@Suite struct LostRecordTests {
    private static let film = "bt709.mp4"

    /// A finished run with its records as they were just before the end.
    private func cutOff() async throws -> Transcode {
        let done = try await Transcode.succeed(Self.film, Transcode.quick + ["--keep-work"])
        let store = try await SQLiteJobStore.open(path: done.directory.file(".out.mkv.martlet/state.sqlite"))
        var job = try #require(try await store.jobs().first)
        #expect(job.state == .completed)
        job.state = .combining
        #expect(try await store.update(job) != nil)
        return done
    }

    private func number(of path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
    }

    @Test func ownOutputIsTakenAsDone() async throws {
        let done = try await cutOff()
        let (bytes, file) = (try done.bytes(), try number(of: done.output))
        let again = try await Transcode.succeed(Self.film, Transcode.quick, in: done.directory)
        #expect(again.run.last?.integer("frames") == 75)
        #expect(again.run.events.filter { $0.name == "taskStarted" }.isEmpty)
        #expect(try again.bytes() == bytes)
        #expect(try number(of: again.output) == file, "the file itself was left in place")
        #expect(try again.directory.names() == ["out.mkv"])
    }

    @Test func foreignOutputIsLeftAlone() async throws {
        let done = try await cutOff()
        _ = try done.directory.write("precious", to: "out.mkv")
        let refused = try await Transcode.attempt(Self.film, Transcode.quick, in: done.directory)
        #expect(refused.run.exitCode == 2, "\(refused.run.transcript)")
        #expect(try done.directory.bytes("out.mkv") == Array("precious".utf8))
        let other = try await cutOff()
        let options = Transcode.quick + ["--crf", "30"]
        #expect(try await Transcode.attempt(Self.film, options, in: other.directory).run.exitCode == 2)
        let replaced = try await Transcode.succeed(Self.film, options + ["--overwrite"], in: other.directory)
        #expect(try replaced.directory.names() == ["out.mkv"])
    }
}
