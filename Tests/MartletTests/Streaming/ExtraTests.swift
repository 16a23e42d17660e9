// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Pictures of films and films that are not encoded anew, as players ask for them.
@Suite(.serialized) struct ExtraTests {
    @Test("Every small picture is the one that its text names, and is drawn once")
    func thumbnails() async throws {
        let screening = try await Screening(seconds: 20)
        let text = try await screening.server.get("/hls/film.mkv/thumbnails.vtt").text
        let starts = text.matches(of: #/(\d\d):(\d\d)\.000 --> /#).compactMap { match in
            Int(match.output.2).map { $0 * 24 }
        }
        #expect(starts == stride(from: 0, to: 480, by: 48).map { $0 }, "\(text)")
        async let first = screening.server.get("/hls/film.mkv/sprite-0.jpg")
        async let second = screening.server.get("/hls/film.mkv/sprite-0.jpg")
        let (sheet, again) = (try await first, try await second)
        #expect(sheet.status == 200 && sheet.headers["content-type"] == "image/jpeg" && sheet.body == again.body)
        try sheet.body.write(to: URL(filePath: screening.place.file("sheet.jpg")))
        let pictures = screening.place.file("pictures.mkv")
        let cut = try await ChildProcess.run(
            "ffmpeg",
            ["-v", "error", "-i", screening.place.file("sheet.jpg"), "-vf", "untile=5x2", "-c:v", "ffv1", pictures])
        try #require(cut.isSuccess, "\(cut.errors)")
        #expect(try await FrameNumbers.read(pictures, drawnSize: Screening.drawnSize) == starts)
        #expect(try await screening.server.get("/hls/film.mkv/sprite-1.jpg").status == 404)
        let poster = try await screening.server.get("/hls/film.mkv/poster.jpg")
        #expect(poster.status == 200 && poster.body.prefix(2) == Data([0xff, 0xd8]))
        #expect(try await screening.server.get("/hls/other.mkv/poster.jpg").status == 404)
        try await screening.end()
    }

    @Test("Packets in segments are those of the film, and the file is sent in parts")
    func copies() async throws {
        let screening = try await Screening(seconds: 20)
        let film = screening.place.file("films/film.mkv")
        let copied = try await ChildProcess.run(
            "ffmpeg",
            [
                "-v", "error", "-i", screening.address + "/remux.m3u8", "-map", "0:v", "-c", "copy", "-f", "framemd5",
                "-",
            ])
        #expect(copied.isSuccess && copied.errors.isEmpty, "\(copied.errors)")
        let own = try await ChildProcess.run(
            "ffmpeg", ["-v", "error", "-i", film, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-"])
        func digests(_ text: String) -> [String] {
            text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { String($0.suffix(32)) }
        }
        #expect(digests(copied.output) == digests(own.output) && digests(own.output).count == 480)
        // Two languages cannot be chosen from in a file.
        #expect(try await screening.server.get("/hls/film.mkv/direct").status == 404)
        let play = try await screening.server.get("/hls/film.mkv/play?containers=mp4&codecs=avc1,mp4a.40.2")
        #expect(play.status == 200 && play.text.contains("copy.m3u8"))
        let poor = try await screening.server.get("/hls/film.mkv/play")
        #expect(poor.text.contains("original/index.m3u8"))
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_closed.mp4"), toPath: screening.place.file("films/plain.mp4"))
        let whole = try Data(contentsOf: URL(filePath: screening.place.file("films/plain.mp4")))
        let part = try await screening.server.get("/hls/plain.mp4/direct", ["Range": "bytes=1000-1999"])
        #expect(part.status == 206 && part.body == whole[1000..<2000] && part.headers["content-type"] == "video/mp4")
        try await screening.end()
    }

    @Test("The page is open to all, and what it shows is not")
    func token() async throws {
        let screening = try await Screening(seconds: 4, ["--token", "right"])
        let server = screening.server
        #expect(try await server.get("/").text.contains("/page/app.js"))
        #expect(try await server.get("/page/app.js").status == 200)
        for path in ["/library.json", "/hls/film.mkv/film.json", "/hls/film.mkv/poster.jpg", "/hls/film.mkv/direct"] {
            #expect(try await server.get(path).status == 401, "\(path)")
        }
        let film = try await server.get("/hls/film.mkv/film.json?access_token=right")
        #expect(
            film.text.contains("\"thumbnails\":\"thumbnails.vtt?v=") && film.text.contains("&access_token=right\""),
            "\(film.text)")
        try await screening.end()
    }
}
