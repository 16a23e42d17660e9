// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Foundation
internal import MartletMedia
internal import MartletModel
internal import MartletTestKit
internal import Testing

@Suite("Files that are no film")
struct SourceRefusalTests {
    private let reader = MediaReader(files: PlainFiles(), cacheDirectory: nil)
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func expectRefusal(_ path: String, _ code: MediaError.Code, saying words: String) async {
        let error = await #expect(throws: MediaError.self) { try await reader.describe(path: path) }
        #expect(error?.code == code)
        #expect(error?.exitStatus == .badInput)
        #expect(error?.message.hasPrefix(path) == true, "the message names the file first: \(error as Any)")
        #expect(error?.message.contains(words) == true, "\(error as Any)")
        #expect(error?.message.contains("\n") == false)
    }

    @Test("A missing file is named")
    func missing() async { await expectRefusal(scratch.path + "/none.mp4", .unreadable, saying: "does not exist") }

    @Test("A directory is refused")
    func directory() async { await expectRefusal(scratch.path, .unreadable, saying: "is a directory") }

    @Test("A file without read permission is refused", .enabled(if: getuid() != 0, "root may read everything"))
    func permission() async throws {
        let path = try scratch.file("secret.mp4", [1, 2, 3])
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        await expectRefusal(path, .unreadable, saying: "may not be read")
    }

    @Test("An empty file is refused")
    func empty() async throws { await expectRefusal(try scratch.file("e.mp4", []), .notMedia, saying: "is empty") }

    @Test(
        "Text in any disguise is refused",
        arguments: ["notes.txt", "notes.mp4", "notes.ts", "notes.nfo", "notes.mp3", "notes.mkv"])
    func text(_ name: String) async throws {
        let text = String(repeating: "The quick brown fox jumps over the lazy dog.\n", count: 400)
        await expectRefusal(try scratch.file(name, text.utf8), .notMedia, saying: "not a")
    }

    @Test("Subtitles, playlists and scripts are refused by name, whatever they are called")
    func lists() async throws {
        let subtitles = "1\n00:00:01,000 --> 00:00:02,000\nfirst\n\n2\n00:00:03,000 --> 00:00:04,000\nsecond\n"
        await expectRefusal(try scratch.file("a.mp4", subtitles.utf8), .notMedia, saying: "subtitle")
        let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"
        await expectRefusal(try scratch.file("b.mp4", playlist.utf8), .notMedia, saying: "playlist")
        await expectRefusal(
            try scratch.file("c.mp4", "ffconcat version 1.0\nfile /etc/passwd\n".utf8), .notMedia,
            saying: "list of files")
        let session = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        await expectRefusal(try scratch.file("d.mp4", session.utf8), .notMedia, saying: "session")
        let tags = ";FFMETADATA1\ntitle=x\n[CHAPTER]\nSTART=0\nEND=1000\n"
        await expectRefusal(try scratch.file("e.mp4", tags.utf8), .notMedia, saying: "list of tags")
        let manifest =
            "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\">"
            + "<Period><BaseURL>file:///etc/passwd</BaseURL></Period></MPD>\n"
        await expectRefusal(try scratch.file("f.mp4", manifest.utf8), .notMedia, saying: "not a")
    }

    @Test("A picture is refused", arguments: ["png", "jpg", "bmp", "webp", "gif", "tiff"])
    func picture(_ kind: String) async throws {
        for name in ["one.\(kind)", "renamed.mp4"] {
            let made = scratch.path + "/made.\(kind)"
            let outcome = try await ChildProcess.run(
                "ffmpeg",
                ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", made])
            try #require(outcome.isSuccess, "\(outcome.errors)")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: made))
            await expectRefusal(try scratch.file(name, bytes), .notMedia, saying: "picture")
        }
    }

    @Test("Arbitrary bytes are refused", arguments: [1, 100, 5_000, 300_000, 3_000_000])
    func noise(_ size: Int) async throws {
        for seed in 1...3 {
            var state = UInt64(seed)
            let bytes = (0..<size).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            await expectRefusal(try scratch.file("noise\(seed).mp4", bytes), .notMedia, saying: "not a media file")
        }
    }

    @Test("An MP4 that is cut short before its table of contents says so")
    func truncated() async throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: try await MediaFixtures.path("h264_closed.mp4")))
        await expectRefusal(
            try scratch.file("cut.mp4", whole.prefix(whole.count / 2)), .notMedia, saying: "table of contents")
    }
}
