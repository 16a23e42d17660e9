// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletHost
import MartletModel
import MartletPorts
import Synchronization
import Testing

@Suite final class LocalFilesTests {
    let files = LocalFiles()
    let directory = NSTemporaryDirectory() + "local-files-\(UUID().uuidString)"

    init() throws { try files.makeDirectory(directory) }

    deinit { try? files.remove(directory) }

    private func path(_ name: String) -> String { directory + "/" + name }

    private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(filePath: path(name)))
        return path(name)
    }

    @Test func aTextIsReadWhole() async throws {
        let text = String(repeating: "n:1 All:0.98 \u{e9}\n", count: 20_000)
        #expect(try await files.text(of: write("scores", Array(text.utf8))) == text)
        #expect(try await files.text(of: write("empty", [])) == "")
        await #expect(throws: HostError.self) { try await self.files.text(of: self.path("missing")) }
    }

    @Test func directoriesAreMadeWithTheirParentsAndAgain() throws {
        try files.makeDirectory(path("a/b/c/"))
        try files.makeDirectory(path("a/b/c"))
        #expect(files.exists(path("a/b/c")))
    }

    @Test func aFileInTheWayIsNamed() throws {
        let file = try write("file", [1])
        for place in [file, file + "/below"] {
            let error = #expect(throws: HostError.self) { try files.makeDirectory(place) }
            #expect(error?.code == .notDirectory)
            #expect(error?.exitStatus == .writeFailed)
            #expect(error?.path == place)
        }
    }

    @Test func publishingReplacesWhatIsThere() async throws {
        let temporary = try write(".part", [1, 2, 3])
        let final = try write("final", [9])
        try await files.publish(temporary, as: final)
        #expect(!files.exists(temporary))
        #expect(try files.size(of: final) == ByteCount(3))
    }

    @Test func publishingIntoNowhereKeepsTheFile() async throws {
        let temporary = try write(".part", [1])
        let error = await #expect(throws: HostError.self) {
            try await files.publish(temporary, as: path("missing/final"))
        }
        #expect(error?.code == .notFound)
        #expect(files.exists(temporary))
    }

    @Test func removingATreeFollowsNoLink() throws {
        try files.makeDirectory(path("tree/deep"))
        let kept = try write("kept", [1])
        _ = try write("tree/deep/file", [1])
        try #require(symlink(directory, path("tree/link")) == 0)
        try files.remove(path("tree"))
        #expect(!files.exists(path("tree")))
        #expect(files.exists(kept))
        try files.remove(path("tree"))
    }

    @Test func listsNamesAndNothingForWhatIsMissing() throws {
        let name = String(repeating: "n", count: 255)
        _ = try write(name, [])
        _ = try write(".hidden", [])
        #expect(try Set(files.list(directory)) == [name, ".hidden"])
        #expect(try files.list(path("missing")).isEmpty)
        #expect(throws: HostError.self) { try files.list(path(name)) }
    }

    @Test func digestsAreSHA256() async throws {
        // FIPS 180-2, appendix B.
        #expect(
            try await files.digest(of: write("abc", Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            try await files.digest(of: write("none", []))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test(arguments: [(1 << 20) - 1, 1 << 20, 3 << 20, (3 << 20) + 17])
    func digestsOfSeveralBlocksAgreeWithAnotherProgram(size: Int) async throws {
        let file = try write("blocks", (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) })
        let text = Mutex("")
        _ = try await ProcessRunner().run(
            ProcessCommand(executable: "/usr/bin/sha256sum", arguments: [file]),
            output: { bytes in text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }, errors: { _ in })
        #expect(try await files.digest(of: file) == text.withLock { String($0.prefix(64)) })
    }

    @Test func aCancelledDigestEnds() async throws {
        let file = path("sparse")
        // Long to read, and takes no space.
        try #require(FileManager.default.createFile(atPath: file, contents: nil))
        try #require(truncate(file, 1 << 40) == 0)
        let task = Task { [files] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await files.digest(of: file)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func fingerprintsTellContentsApart() async throws {
        var bytes = [UInt8](repeating: 7, count: 300_000)
        let first = try await files.fingerprint(of: write("film", bytes))
        #expect(try await files.fingerprint(of: path("film")) == first)
        #expect(first.size == ByteCount(300_000))
        for position in [0, 65_535, 300_000 - 65_536, 299_999] {
            bytes[position] = 8
            #expect(try await files.fingerprint(of: write("film", bytes)).digest != first.digest)
            bytes[position] = 7
        }
        #expect(try await files.fingerprint(of: write("film", bytes)).digest == first.digest)
        bytes[150_000] = 8
        let touched = try await files.fingerprint(of: write("film", bytes))
        #expect(touched.digest == first.digest && touched.modifiedNanoseconds > first.modifiedNanoseconds)
    }

    @Test func fingerprintsOfMissingFilesAndDirectoriesAreBadInput() async throws {
        for place in [path("missing"), directory] {
            let error = await #expect(throws: HostError.self) { try await files.fingerprint(of: place) }
            #expect(error?.exitStatus == .badInput)
        }
    }

    @Test func freeSpaceIsThatOfTheNearestDirectory() throws {
        let here = try files.freeSpace(at: directory)
        #expect(here > ByteCount(0))
        #expect(try files.freeSpace(at: path("not/made/yet")) > ByteCount(0))
        #expect(try files.freeSpace(at: "/proc") == ByteCount(0))
    }

    @Test func aFullDiskAndAReadOnlyOneAreWriteFailures() {
        for number in [ENOSPC, EDQUOT, EROFS] {
            let error = HostError(errno: number, .write, path: "/film.mkv")
            #expect(error.exitStatus == .writeFailed && !error.isRetryable && error.advice != nil)
            #expect(error.message.contains("/film.mkv"))
        }
        #expect(HostError(errno: EACCES, .read, path: "/film.mkv").exitStatus == .badInput)
        #expect(HostError(errno: EMFILE, .start, path: "/film.mkv").isRetryable)
    }
}

extension LocalFilesTests {
    @Test func partsOfAFileAreWrittenInAnyOrder() async throws {
        try await files.write(Array("world".utf8), to: path("parts"), at: 6)
        try await files.write(Array("hello ".utf8), to: path("parts"), at: 0)
        #expect(try await files.text(of: path("parts")) == "hello world")
    }

    @Test func aCanonicalPathHasNoLinksAndMayEndInANewName() throws {
        try files.makeDirectory(path("real"))
        #expect(symlink(path("real"), path("link")) == 0)
        #expect(symlink("/nowhere/at/all", path("dangling")) == 0)
        let real = try files.canonical(path("real"))
        #expect(try files.canonical(path("link")) == real)
        #expect(try files.canonical(path("link/new.mp4")) == real + "/new.mp4")
        #expect(throws: HostError.self) { try self.files.canonical(self.path("missing/new.mp4")) }
        #expect(throws: HostError.self) { try self.files.canonical(self.path("dangling")) }
    }
}
