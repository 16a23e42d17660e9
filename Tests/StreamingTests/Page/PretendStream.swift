// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletStreaming
import MartletTestKit
import Synchronization

/// The player page before a film that ffmpeg alone has cut: two qualities, two languages, subtitles.
///
/// So the page is tried without the rest of Martlet, and with a server that is worse.
final class PretendStream: HTTPHandler {
    /// The size that the film is drawn in.
    static let drawnSize = (width: 320, height: 180)
    static let rate = 24.0
    static let seconds = 24.0

    private struct Contents {
        var refusals = 0
        var paths: [String] = []
    }

    private let directory: TemporaryDirectory
    private let page = PlayerPage()
    private let contents = Mutex(Contents())

    /// Serves a film that was cut.
    init(_ film: TemporaryDirectory) { directory = film }

    /// Cuts the film.
    static func film() async throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let film = DrawnFilm("24", seconds: seconds, size: drawnSize)
        var arguments = ["-nostdin", "-v", "error"] + film.inputArguments
        arguments += ["-map", "0:v", "-map", "0:v", "-map", "1:a", "-map", "1:a", "-s:v:1", "160x90"]
        arguments += ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "48", "-sc_threshold", "0"]
        arguments += ["-b:v:0", "900k", "-b:v:1", "300k", "-c:a", "aac", "-b:a", "64k", "-threads", "1"]
        arguments += ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"]
        arguments += ["-master_pl_name", "master.m3u8", "-hls_fmp4_init_filename", "init_%v.mp4"]
        arguments += ["-hls_segment_filename", "\(directory.path)/%v_%d.m4s", "-var_stream_map"]
        arguments.append("v:0,agroup:a v:1,agroup:a a:0,agroup:a,language:en,default:yes a:1,agroup:a,language:de")
        arguments.append("\(directory.path)/%v.m3u8")
        let outcome = try await ChildProcess.run("ffmpeg", arguments)
        guard outcome.isSuccess else { throw Browser.Failure(description: outcome.errors) }
        let subtitles =
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,URI=\"s4/index.m3u8\"\n"
        let master = String(decoding: try directory.bytes("master.m3u8"), as: UTF8.self)
        _ = try directory.write(
            master.replacing("#EXT-X-STREAM-INF", with: subtitles + "#EXT-X-STREAM-INF", maxReplacements: 1),
            to: "master.m3u8")
        try FileManager.default.createDirectory(atPath: directory.file("s4"), withIntermediateDirectories: true)
        _ = try directory.write("WEBVTT\n\n00:01.000 --> 00:23.000\nA spoken line\n", to: "s4/all.vtt")
        _ = try directory.write(
            #"{"title": "A film", "duration_s": 24, "thumbnails": "thumbnails.vtt"}"#, to: "film.json")
        _ = try directory.write(
            "WEBVTT\n\n00:00.000 --> 00:24.000\nsprite-0.jpg#xywh=16,0,16,9\n", to: "thumbnails.vtt")
        return directory
    }

    /// Answers so many calls for segments with 503, from now on.
    func refuse(_ count: Int) { contents.withLock { $0.refusals = count } }

    /// The paths that were asked for, in order.
    var paths: [String] { contents.withLock { $0.paths } }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let path = request.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let answer = page.response(at: path, for: request) { return answer }
        if request.path == "/library.json" {
            let text = #"{"films": [{"path": "film.mkv", "duration_s": 24}, {"path": "shows/One & Two/a#1.mkv"}]}"#
            return HTTPResponse(status: 200, body: .bytes(Array(text.utf8)))
        }
        let name = String(request.path.dropFirst("/hls/film.mkv/".count))
        let isRefused = contents.withLock { contents in
            contents.paths.append(name)
            guard name.hasSuffix(".m4s") else { return false }
            guard contents.refusals > 0 else { return false }
            contents.refusals -= 1
            return true
        }
        if isRefused { return HTTPResponse(status: 503) }
        guard request.path.hasPrefix("/hls/film.mkv/"), let bytes = try? directory.bytes(name) else {
            return HTTPResponse(status: 404)
        }
        let types = ["m3u8": "application/vnd.apple.mpegurl", "vtt": "text/vtt", "json": "application/json"]
        let type = types[String(name.split(separator: ".").last ?? "")] ?? "video/mp4"
        return HTTPResponse(status: 200, headers: ["Content-Type": type], body: .bytes(bytes))
    }
}
