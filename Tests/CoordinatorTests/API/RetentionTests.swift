// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletTestKit
import MartletWire
import Testing

@testable import MartletCoordinator

@Suite("What goes by itself", .timeLimit(.minutes(5)))
struct RetentionTests {
    private let directory: TemporaryDirectory
    private let control = ScriptedControl()
    private let clock: ManualClock
    private let now: Int64 = 1_800_000_000_000
    private static let day: Int64 = 86_400_000

    init() throws {
        directory = try TemporaryDirectory()
        clock = ManualClock(wallMilliseconds: now)
    }

    /// Puts a file there that was changed so long ago.
    private func place(_ path: String, days: Double = 0) throws {
        try LocalFiles().makeDirectory(URL(filePath: directory.file(path)).deletingLastPathComponent().path)
        _ = try directory.write("x", to: path)
        let changed = Date(timeIntervalSince1970: Double(now) / 1000 - days * 86_400)
        try FileManager.default.setAttributes([.modificationDate: changed], ofItemAtPath: directory.file(path))
    }

    private func isThere(_ path: String) -> Bool { LocalFiles().exists(directory.file(path)) }

    private func begin() async -> Task<Void, Never> {
        let retention = Retention(
            uploads: SourceUploads(
                at: .init(directory: directory.file("uploads"), unfinished: directory.file("unfinished")),
                files: LocalFiles()),
            jobsDirectory: directory.file("jobs"), control: control, files: LocalFiles(), time: clock)
        let task = Task { await retention.run() }
        await clock.waitForSleepers()
        return task
    }

    private func advance(to moment: Int64) async {
        clock.advance(by: .milliseconds(moment - clock.wallMilliseconds()))
        await clock.waitForSleepers()
    }

    @Test("An unfinished upload goes a day after its last byte, to the second")
    func unfinished() async throws {
        try place("unfinished/a.mkv")
        try place("unfinished/b.mkv", days: 0.5)
        try place("unfinished/old.mkv", days: 1)
        let task = await begin()
        #expect(isThere("unfinished/a.mkv") && isThere("unfinished/b.mkv") && !isThere("unfinished/old.mkv"))
        await advance(to: now + Self.day / 2 - 1000)
        #expect(isThere("unfinished/b.mkv"))
        await advance(to: now + Self.day / 2)
        #expect(isThere("unfinished/a.mkv") && !isThere("unfinished/b.mkv"))
        await advance(to: now + Self.day)
        #expect(!isThere("unfinished/a.mkv"))
        task.cancel()
    }

    @Test("A finished upload goes a week after it came, or after the last job that needs it ended")
    func finished() async throws {
        for name in ["unused.mkv", "read.mkv", "written.mp4"] { try place("uploads/\(name)", days: 6.5) }
        try place("uploads/.growing.mp4", days: 30)
        await control.add(job("reads", .processing, source: "uploads:read.mkv"))
        await control.add(job("wrote", .completed, output: "uploads:written.mp4", ended: now - Self.day))
        let task = await begin()
        await advance(to: now + Self.day / 2)
        #expect(!isThere("uploads/unused.mkv") && isThere("uploads/read.mkv") && isThere("uploads/written.mp4"))
        await advance(to: now + 6 * Self.day)
        #expect(isThere("uploads/read.mkv") && !isThere("uploads/written.mp4"))
        await control.replace(job("reads", .completed, source: "uploads:read.mkv", ended: now + 6 * Self.day))
        await advance(to: now + 13 * Self.day - 1000)
        #expect(isThere("uploads/read.mkv"))
        await advance(to: now + 13 * Self.day)
        #expect(!isThere("uploads/read.mkv") && isThere("uploads/.growing.mp4"))
        task.cancel()
    }

    @Test("What a job made goes a week after it failed, and never while it is at work")
    func jobs() async throws {
        for name in ["failed", "working", "unknown"] { try place("jobs/\(name)/video-00000.1.mkv", days: 100) }
        try place("jobs/failed.source.mkv", days: 100)
        await control.add(job("failed", .failed, ended: now - 6 * Self.day))
        await control.add(job("working", .processing))
        let task = await begin()
        #expect(isThere("jobs/failed"))
        await advance(to: now + Self.day)
        #expect(!isThere("jobs/failed") && !isThere("jobs/failed.source.mkv"))
        #expect(isThere("jobs/working") && isThere("jobs/unknown"))
        task.cancel()
    }

    private func job(
        _ id: String, _ state: JobState, source: String = "movies:a.mkv", output: String = "movies:a.mp4",
        ended: Int64? = nil
    ) -> JobView {
        var job = JobView(
            id: JobID(id), name: id, source: source, output: output, state: state, priority: "normal", createdMs: 1)
        job.finishedMs = ended
        return job
    }
}
