// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import MartletSQLiteStore

/// A directory that is gone when the test is.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "martlet-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it.
    func file(_ name: String = "jobs.sqlite") -> String { path + "/" + name }
}

@Suite struct SQLiteJobStoreTests {
    let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    @Test func doesWhatEveryJobStoreMustDo() async throws {
        let directory = directory
        try await JobStoreConformance.exercise {
            try await SQLiteJobStore.open(path: directory.file(UUID().uuidString))
        }
    }

    @Test func whatWasWrittenIsThereWhenTheFileIsOpenedAgain() async throws {
        var job = JobRecord.sample(plan: .sample(segments: 720))
        (job.verification, job.overwrite) = (.full, true)
        let task = TaskRecord(
            job: job.id, specification: .sample("a"), state: .completed, epoch: 4, failures: 1,
            artifact: .sample(TaskID("a")))
        do {
            let store = try await SQLiteJobStore.open(path: directory.file())
            #expect(try await store.insert(job))
            try await store.insert([task])
        }
        let store = try await SQLiteJobStore.open(path: directory.file())
        #expect(try await store.job(job.id) == job)
        #expect(try await store.tasks(of: job.id) == [task])
        (job.verification, job.overwrite) = (.none, false)
        job.revision = try #require(try await store.update(job))
        let again = try await SQLiteJobStore.open(path: directory.file())
        #expect(try await again.job(job.id) == job)
    }

    @Test func twoConnectionsSeeTheSameRecordsAndOneOfThemWins() async throws {
        let one = try await SQLiteJobStore.open(path: directory.file())
        let two = try await SQLiteJobStore.open(path: directory.file())
        var job = JobRecord.sample(plan: .sample())
        #expect(try await one.insert(job))
        #expect(try await two.insert(job) == false)
        job.plan = .sample(segments: 9)
        #expect(try await two.update(job) == 1)
        job.plan = .sample()
        #expect(try await one.update(job) == nil)
        #expect(try await one.job(job.id)?.plan == .sample(segments: 9))
    }

    @Test func planWrittenByAnotherConnectionIsReplaced() async throws {
        let one = try await SQLiteJobStore.open(path: directory.file())
        let two = try await SQLiteJobStore.open(path: directory.file())
        var job = JobRecord.sample(plan: .sample())
        #expect(try await one.insert(job))
        job.plan = .sample(segments: 9)
        #expect(try await two.update(job) == 1)
        // This connection remembers the first plan; the revision tells it that it is not the stored one.
        job.plan = .sample()
        job.revision = 1
        #expect(try await one.update(job) == 2)
        #expect(try await two.job(job.id)?.plan == .sample())
    }

    @Test func connectionsThatOpenAtTheSameTimeMakeOneSchema() async throws {
        let directory = directory
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let store = try await SQLiteJobStore.open(path: directory.file())
                    #expect(try await store.insert(.sample("job-\(number)")))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await SQLiteJobStore.open(path: directory.file()).jobs().count == 8)
    }

    @Test func changingTheStateDoesNotWriteThePlan() async throws {
        let store = try await SQLiteJobStore.open(path: directory.file())
        var job = JobRecord.sample(plan: .sample(segments: 720))
        #expect(try await store.insert(job))
        let before = try FileManager.default.attributesOfItem(atPath: directory.file() + "-wal")[.size] as? Int
        for revision in 0..<20 {
            job.revision = revision
            job.state = revision.isMultiple(of: 2) ? .processing : .combining
            #expect(try await store.update(job) == revision + 1)
        }
        let after = try FileManager.default.attributesOfItem(atPath: directory.file() + "-wal")[.size] as? Int
        let growth = try #require(after) - (try #require(before))
        // A changed page and its frame header a time; the plan is more than 100 KB.
        #expect(growth <= 20 * 2 * 4200)
    }

    @Test func commitsAreSyncedToTheDisk() throws {
        let connection = try Connection(path: directory.file())
        #expect(try connection.rows("PRAGMA synchronous") { $0.integer(0) } == [2])
        #expect(try connection.rows("PRAGMA journal_mode") { $0.text(0) } == ["wal"])
    }
}
