// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Parts of files.
@Suite struct FilePartsTests {
    private let files = LocalFiles()
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("A part has the digest and the bytes of a file that holds it alone")
    func part() async throws {
        let whole = try directory.write("abcdefgh", to: "whole")
        let part = try directory.write("cde", to: "part")
        #expect(try await files.digest(of: whole, bytes: 2..<5) == files.digest(of: part))
        #expect(try await files.read(whole, bytes: 2..<5) == Array("cde".utf8))
        #expect(try await files.read(whole, bytes: 6..<20) == Array("gh".utf8))
        #expect(
            try await files.digest(of: whole, bytes: 3..<3)
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("The digest of what is not there is refused")
    func beyondTheEnd() async throws {
        let path = try directory.write("abc", to: "short")
        await #expect(throws: HostError.self) { try await files.digest(of: path, bytes: 1..<9) }
        await #expect(throws: HostError.self) { try await files.read(directory.file("none"), bytes: 0..<1) }
    }

    @Test("A sparse file takes only the space of what is written, and gives it back")
    func sparse() async throws {
        let path = directory.file("sparse")
        let free = try files.freeSpace(at: path)
        try files.makeSparse(path, size: 1 << 42)
        #expect(try files.size(of: path) == ByteCount(1 << 42))
        try await files.write([UInt8](repeating: 7, count: 1 << 20), to: path, at: 1 << 40)
        try files.release(path, bytes: (1 << 40)..<(1 << 40) + (1 << 20))
        #expect(try await files.read(path, bytes: (1 << 40)..<(1 << 40) + 4) == [0, 0, 0, 0])
        #expect(try files.size(of: path) == ByteCount(1 << 42))
        #expect(free.bytes > 1 << 22)
        try files.makeSparse(path, size: 5)
        #expect(try await files.read(path, bytes: 0..<9) == [0, 0, 0, 0, 0])
    }
}
