// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletTestKit
import Testing

@testable import MartletSQLiteStore

@Suite struct StoreErrorTests {
    let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    /// The error that opening the file ends in.
    private func opening(_ path: String) async -> StoreError? {
        do {
            _ = try await SQLiteJobStore.open(path: path, busyTimeout: .milliseconds(20))
            return nil
        } catch { return error as? StoreError }
    }

    @Test func missingDirectoryIsNamed() async {
        let path = directory.file("missing/jobs.sqlite")
        let error = await opening(path)
        #expect(error?.code == .unopenable)
        #expect(error?.message.contains(path) == true)
        #expect(error?.exitStatus == .writeFailed)
    }

    @Test func fileThatIsNoDatabaseIsCorruptAndNotTouched() async throws {
        let text = String(repeating: "this is a letter, and no database. ", count: 200)
        try text.write(toFile: directory.file(), atomically: true, encoding: .utf8)
        let error = await opening(directory.file())
        #expect(error?.code == .corrupt)
        #expect(error?.advice?.isEmpty == false)
        #expect(try String(contentsOfFile: directory.file(), encoding: .utf8) == text)
    }

    @Test func databaseOfAnotherProgramIsRefused() async throws {
        let connection = try Connection(path: directory.file())
        try connection.execute("CREATE TABLE bookmarks (url TEXT)")
        let error = await opening(directory.file())
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("bookmarks") == true)
    }

    @Test func resultsOfAnOlderSchemaAreKept() async throws {
        let connection = try Connection(path: directory.file())
        try connection.execute(Schema.migrations[0])
        try connection.execute("PRAGMA user_version = 1")
        try connection.execute(
            """
            INSERT INTO tasks VALUES ('j', 'a', 'completed', 1, 0);
            INSERT INTO artifacts VALUES ('j', 'a', 'a.mkv', 5, '0f', 2, 4);
            """)
        let specification = String(decoding: try JSONEncoder().encode(TaskSpecification.sample("a")), as: UTF8.self)
        try connection.run("INSERT INTO specifications VALUES ('j', 'a', ?1)", [.text(specification)])
        let store = try await SQLiteJobStore.open(path: directory.file())
        let expected = Artifact(
            task: TaskID("a"), fileName: "a.mkv", size: ByteCount(5), digest: "0f", count: 2, payload: ByteCount(4))
        #expect(try await store.tasks(of: JobID("j")).map(\.artifact) == [expected])
        #expect(try await store.tasks(of: JobID("j")).map(\.holder) == [nil])
    }

    @Test func newerSchemaIsRefusedAndKept() async throws {
        _ = try await SQLiteJobStore.open(path: directory.file())
        try Connection(path: directory.file()).execute("PRAGMA user_version = 99")
        let error = await opening(directory.file())
        #expect(error?.code == .newerSchema)
        #expect(error?.message.contains("99") == true)
    }

    @Test func lockedDatabaseIsBusyAndWorthAnotherTry() async throws {
        let store = try await SQLiteJobStore.open(path: directory.file(), busyTimeout: .milliseconds(20))
        let other = try Connection(path: directory.file())
        try other.run("BEGIN IMMEDIATE")
        let error = await #expect(throws: StoreError.self) { _ = try await store.insert(.sample()) }
        #expect(error?.code == .busy)
        #expect(error?.isRetryable == true)
        try other.run("ROLLBACK")
        #expect(try await store.insert(.sample()))
    }

    @Test func fullDiskIsAFailedWriteAndChangesNothing() throws {
        let connection = try Connection(path: directory.file())
        try Schema.migrate(connection)
        let pages = try connection.rows("PRAGMA page_count") { $0.integer(0) ?? 0 }.first ?? 0
        try connection.execute("PRAGMA max_page_count = \(pages + 2)")
        let error = #expect(throws: StoreError.self) {
            try connection.transaction {
                for number in 0..<1000 {
                    let text = String(repeating: "x", count: 1000)
                    try connection.run("INSERT INTO plans VALUES (?1, ?2)", [.text("job-\(number)"), .text(text)])
                }
            }
        }
        #expect(error?.code == .writeFailed)
        #expect(error?.exitStatus == .writeFailed)
        #expect(try connection.rows("SELECT count(*) FROM plans") { $0.integer(0) } == [0])
        #expect(try connection.run("INSERT INTO plans VALUES ('a', '{}')") == 1)
    }

    @Test func damagedValueIsCorruptAndSaysWhere() async throws {
        let store = try await SQLiteJobStore.open(path: directory.file())
        #expect(try await store.insert(.sample()))
        try Connection(path: directory.file()).execute("UPDATE jobs SET parameters_json = '{\"codec\"'")
        let error = await #expect(throws: StoreError.self) { _ = try await store.jobs() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(directory.file()) == true)
        try Connection(path: directory.file()).execute("UPDATE jobs SET parameters_json = '{}', state = 'asleep'")
        await #expect(throws: StoreError.self) { _ = try await store.jobs() }
    }

    @Test func handlesAreClosed() throws {
        let path = directory.file()
        for _ in 0..<500 {
            let connection = try Connection(path: path)
            try connection.run("CREATE TABLE IF NOT EXISTS a (b)")
            #expect(throws: StoreError.self) { try connection.run("SELEKT") }
        }
        // Only what is open of this file counts: other tests of the process open files meanwhile.
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            return target?.hasPrefix(path) == true
        }
        #expect(open.isEmpty)
    }
}
