// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletHost
import Testing

@Suite struct FileLockTests {
    let path = NSTemporaryDirectory() + "lock-\(UUID().uuidString)"

    @Test func onlyOneHoldsTheLock() throws {
        defer { unlink(path) }
        var first: FileLock? = try FileLock(path: path, subject: "/out.mp4")
        let error = #expect(throws: HostError.self) { try FileLock(path: path, subject: "/out.mp4") }
        #expect(error?.code == .locked)
        #expect(error?.message == "Another martlet (process \(getpid())) is working on /out.mp4.")
        #expect(error?.isRetryable == false)
        withExtendedLifetime(first) {}
        first = nil
        _ = try FileLock(path: path, subject: "/out.mp4")
    }

    @Test func aLockOnARemovedFileGuardsNothingAndIsTakenAnew() throws {
        defer { unlink(path) }
        let old = try FileLock(path: path, subject: "a job")
        unlink(path)
        let new = try FileLock(path: path, subject: "a job")
        #expect(throws: HostError.self) { try FileLock(path: path, subject: "a job") }
        withExtendedLifetime((old, new)) {}
    }

    @Test func whatAnEarlierHolderWroteIsReplaced() throws {
        defer { unlink(path) }
        try Data("process 123456789 and much more\n".utf8).write(to: URL(filePath: path))
        let lock = try FileLock(path: path, subject: "a job")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "process \(getpid())\n")
        withExtendedLifetime(lock) {}
    }

    @Test func aPlaceThatCannotBeWrittenIsNamed() throws {
        let error = #expect(throws: HostError.self) { try FileLock(path: path + "/missing/lock", subject: "a job") }
        #expect(error?.operation == .lock)
    }
}
