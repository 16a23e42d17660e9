// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// What cannot be done ends at once, with one message that names the file, the
/// right exit code, and nothing left behind.
@Suite struct BadInputTests {
    /// Time enough for any refusal.
    static let limit = Duration.seconds(60)

    @Test(arguments: Fixture.all(.refused))
    func whatIsNoFilmIsRefused(_ fixture: Fixture) async throws {
        let result = try await Transcode.attempt(fixture.name, deadline: Self.limit)
        try expectRefusal(result, code: 3, naming: fixture.name)
    }

    @Test func missingInputIsRefused() async throws {
        let result = try await Transcode.attempt("/no/such/film.mkv", deadline: Self.limit)
        try expectRefusal(result, code: 3, naming: "/no/such/film.mkv")
    }

    @Test func directoryIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let result = try await Transcode.attempt(directory.path, deadline: Self.limit)
        try expectRefusal(result, code: 3, naming: directory.path)
    }

    @Test(arguments: ["http://127.0.0.1:9/film.mkv", "concat:/etc/passwd|/etc/group", "pipe:0", "-", "/dev/zero"])
    func whatIsNoFileIsRefused(_ name: String) async throws {
        let directory = try TemporaryDirectory()
        let run = try await MartletProgram.run(
            ["transcode", name, directory.file("out.mkv"), "--json"], deadline: Self.limit)
        #expect([2, 3].contains(run.exitCode ?? -1), "\(run.transcript)")
        #expect(try directory.names().isEmpty)
    }

    @Test(.enabled(if: getuid() != 0, "the superuser may read everything"))
    func inputThatMayNotBeReadIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let film = try directory.write("secret", to: "film.mkv")
        chmod(film, 0)
        let result = try await Transcode.attempt(film, deadline: Self.limit)
        try expectRefusal(result, code: 3, naming: film)
    }

    @Test(.enabled(if: getuid() != 0, "the superuser may write everywhere"))
    func directoryThatMayNotBeWrittenToIsRefused() async throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o555)
        let result = try await Transcode.attempt("bt709.mp4", in: directory, deadline: Self.limit)
        chmod(directory.path, 0o755)
        try expectRefusal(result, code: 5, naming: directory.path)
    }

    @Test(arguments: ["/no/such/directory/out.mkv", "/proc/out.mkv"])
    func impossibleOutputIsRefused(_ output: String) async throws {
        let source = try await MediaFixtures.path("bt709.mp4")
        let run = try await MartletProgram.run(["transcode", source, output, "--json"], deadline: Self.limit)
        #expect(run.exitCode == 5, "\(run.transcript)")
        #expect(run.outcome.errors.contains("/"), "\(run.transcript)")
    }

    @Test func outputThatIsTheInputIsRefused() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("bt709.mp4"), toPath: directory.file("film.mp4"))
        let before = try directory.bytes("film.mp4")
        try FileManager.default.createSymbolicLink(
            atPath: directory.file("link.mp4"), withDestinationPath: directory.file("film.mp4"))
        for name in ["film.mp4", "link.mp4"] {
            let result = try await Transcode.attempt(
                directory.file("film.mp4"), to: name, ["--overwrite"], in: directory, deadline: Self.limit)
            #expect(result.run.exitCode == 2, "\(name): \(result.run.transcript)")
        }
        #expect(try directory.bytes("film.mp4") == before)
        #expect(try directory.names() == ["film.mp4", "link.mp4"])
    }

    @Test(arguments: [
        ["--codec", "nosuchencoder"], ["--codec", "h264", "--preset", "no-such-preset"],
        ["--codec", "libx264", "--pixel-format", "nosuchformat"], ["--crf", "18", "--bitrate", "1M"],
        ["--codec", "copy", "--crf", "20"], ["--audio-codec", "none", "--audio-bitrate", "128k"], ["--crf", "-1"],
        ["--crf", "many"], ["--bitrate", "0"], ["--resolution", "0x0"], ["--frame-rate", "0"], ["--workers", "-2"],
        ["--segment-duration", "0"], ["--container", "avi"], ["--split", "sometimes"], ["--verify", "maybe"],
        ["--no-such-option"], ["--container", "mp4"], ["extra-argument"],
    ])
    func badOptionsAreRefused(_ options: [String]) async throws {
        let result = try await Transcode.attempt("bt709.mp4", options, deadline: Self.limit)
        #expect(result.run.exitCode == 2, "\(result.run.transcript)")
        #expect(!result.run.outcome.errors.isEmpty)
        #expect(try result.directory.names().isEmpty)
    }

    @Test(arguments: [("h264", "out.webm"), ("ffv1", "out.mp4")])
    func pictureThatTheContainerCannotHoldIsRefused(_ codec: String, _ output: String) async throws {
        let result = try await Transcode.attempt("bt709.mp4", to: output, ["--codec", codec], deadline: Self.limit)
        #expect([1, 2].contains(result.run.exitCode ?? -1), "\(result.run.transcript)")
        #expect(
            result.run.outcome.errors.contains(codec == "h264" ? "webm" : "mp4")
                || result.run.outcome.errors.contains("WebM") || result.run.outcome.errors.contains("MP4"))
        #expect(try result.directory.names().isEmpty)
    }

    @Test func fullDiskIsNamedAndLeavesNoOutput() async throws {
        let directory = try TemporaryDirectory()
        // 400 blocks of 512 bytes: no file grows beyond 200 KiB, as if the disk ended there.
        let result = try await Transcode.attempt(
            "minute.mp4", ["--codec", "ffv1"], in: directory,
            wrapper: ["sh", "-c", "ulimit -f 400; exec \"$@\"", "sh"])
        #expect(result.run.exitCode == 5 || result.run.exitCode == 1, "\(result.run.transcript)")
        #expect(try directory.names().filter { !$0.hasPrefix(".") }.isEmpty)
    }

    @Test(.enabled(if: SmallDisk.isPossible, "mounting a small disk needs rights that are missing here"))
    func diskThatRunsFullIsNamedAndLeavesNoOutput() async throws {
        let disk = try await SmallDisk(megabytes: 2)
        let source = try await MediaFixtures.path("minute.mp4")
        let run = try await MartletProgram.run(
            ["transcode", source, disk.path + "/out.mkv", "--codec", "ffv1", "--json"])
        let left = try FileManager.default.contentsOfDirectory(atPath: disk.path).filter { !$0.hasPrefix(".") }
        try await disk.remove()
        #expect(run.exitCode == 5, "\(run.transcript)")
        #expect(run.outcome.errors.lowercased().contains("space"), "\(run.outcome.errors)")
        #expect(left.isEmpty)
    }

    private func expectRefusal(
        _ result: Transcode, code: Int32, naming name: String, location: SourceLocation = #_sourceLocation
    )
        throws
    {
        #expect(result.run.exitCode == code, "\(result.run.transcript)", sourceLocation: location)
        #expect(result.run.outcome.errors.contains(name), "\(result.run.outcome.errors)", sourceLocation: location)
        #expect(
            result.run.outcome.errors.split(separator: "\n").count <= 3, "\(result.run.outcome.errors)",
            sourceLocation: location)
        #expect(result.run.last?.name == "failed", sourceLocation: location)
        #expect(result.run.last?.members["error"]?.isEmpty == false, sourceLocation: location)
        #expect(try result.directory.names().isEmpty, sourceLocation: location)
    }
}

/// A file system in memory that is soon full.
struct SmallDisk {
    /// Where it is mounted.
    let path: String
    private let directory: TemporaryDirectory

    /// Whether this process may mount one.
    static let isPossible: Bool = {
        guard getuid() == 0, let directory = try? TemporaryDirectory() else { return false }
        guard mount("martlet", directory.path, "tmpfs", 0, "size=64k") == 0 else { return false }
        umount(directory.path)
        return true
    }()

    init(megabytes: Int) async throws {
        directory = try TemporaryDirectory()
        path = directory.path
        try #require(mount("martlet", path, "tmpfs", 0, "size=\(megabytes)m") == 0)
    }

    func remove() async throws { umount2(path, Int32(MNT_DETACH)) }
}
