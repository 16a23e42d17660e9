// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import MartletWire
import Testing

@Suite struct StreamRoutesTests {
    private func get(
        _ routes: StreamRoutes, _ path: String, _ headers: HTTPHeaders = HTTPHeaders(), method: String = "GET"
    ) async -> HTTPResponse {
        let parts = path.split(separator: "?", maxSplits: 1)
        var query: [(name: String, value: String)] = []
        for field in parts.count < 2 ? [] : parts[1].split(separator: "&") {
            let pair = field.split(separator: "=", maxSplits: 1).map(String.init)
            query.append((name: pair[0], value: pair.count > 1 ? PercentEncoding.decoded(pair[1]) ?? "" : ""))
        }
        return await routes.respond(
            to: HTTPRequest(method: method, path: String(parts[0]), query: query, headers: headers))
    }

    private func text(_ response: HTTPResponse) -> String {
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func code(_ response: HTTPResponse) -> String {
        guard case .bytes(let bytes) = response.body, let problem = try? JSONText.value(Problem.self, from: bytes)
        else {
            return "no problem"
        }
        return problem.code
    }

    @Test func playlistsComeBeforeAnythingIsEncodedAndCarryTheSession() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes()
        let master = await get(routes, "/hls/film.mkv/master.m3u8")
        #expect(master.status == 200 && master.headers["Content-Type"] == "application/vnd.apple.mpegurl")
        let link = try #require(text(master).split(separator: "\n").first { $0.hasPrefix("360p/index.m3u8") })
        let edition = "?v=" + (try await theatre.film().plan.id.prefix(12))
        #expect(link.hasPrefix("360p/index.m3u8\(edition)&session=new"))
        let playlist = text(await get(routes, "/hls/film.mkv/" + link))
        #expect(
            playlist.contains("#EXT-X-PLAYLIST-TYPE:VOD")
                && playlist.contains("#EXT-X-MAP:URI=\"init.mp4\(edition)&session=new"))
        #expect(playlist.split(separator: "\n").count { $0.hasPrefix("#EXTINF") } == 22)
        #expect(playlist.contains("\n21.m4s\(edition)&session=new"))
        #expect(theatre.maker.deeds.entries == [.scanned(theatre.place.file("film.mkv"))])
        let named = text(await get(routes, "/hls/film.mkv/master.m3u8?session=mine&access_token=t%20k"))
        #expect(named.contains("360p/index.m3u8\(edition)&session=mine&access_token=t%20k"))
    }

    @Test func whatAFilmWasBeforeItWasReplacedIsNeverMixedWithWhatItIs() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes()
        func segment() async throws -> String {
            let playlist = text(await get(routes, "/hls/film.mkv/360p/index.m3u8"))
            return "/hls/film.mkv/360p/"
                + (try #require(playlist.split(separator: "\n").first { $0.hasPrefix("3.m4s") }))
        }
        let old = try await segment()
        let before = await get(routes, old)
        #expect(before.status == 200)
        _ = try theatre.place.write("another film, and longer", to: "film.mkv")
        let gone = await get(routes, old)
        #expect(gone.status == 410 && code(gone) == "streaming.source_changed")
        let new = try await segment()
        let after = await get(routes, new)
        #expect(new != old && after.status == 200 && after.headers["ETag"] != before.headers["ETag"])
        // Who names no content is never answered from memory without being asked.
        let plain = await get(routes, "/hls/film.mkv/360p/3.m4s")
        #expect(plain.headers["Cache-Control"] == "no-cache" && plain.headers["ETag"] == after.headers["ETag"])
    }

    @Test func segmentsMayBeKeptForEverAndReadInParts() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes()
        let edition = String(try await theatre.film().plan.id.prefix(12))
        let path = "/hls/film.mkv/360p/3.m4s?v=" + edition
        let whole = await get(routes, path)
        #expect(whole.status == 200 && whole.headers["Content-Type"] == "video/mp4")
        #expect(whole.headers["Cache-Control"]?.contains("immutable") == true)
        #expect(whole.headers["Access-Control-Allow-Origin"] == "*")
        guard case .file(let file, let bytes) = whole.body else { throw StreamingError(.failed, "no file") }
        #expect(file.hasSuffix("/360p/3.m4s") && bytes == 0..<1000)
        let part = await get(routes, path, ["Range": "bytes=0-"])
        #expect(part.status == 206 && part.headers["Content-Range"] == "bytes 0-999/1000")
        let tag = try #require(whole.headers["ETag"])
        #expect(await get(routes, path, ["If-None-Match": tag]).status == 304)
        let behind = await get(routes, path, ["Range": "bytes=5000-"])
        #expect(behind.status == 416 && behind.headers["Content-Range"] == "bytes */1000")
        #expect(await get(routes, path, method: "HEAD").status == 200)
        #expect(await get(routes, "/hls/film.mkv/360p/init.mp4").status == 200)
        let captions = await get(routes, "/hls/film.mkv/s2/all.vtt")
        #expect(captions.status == 200 && captions.headers["Content-Type"]?.hasPrefix("text/vtt") == true)
    }

    @Test(arguments: [
        ("/hls/none.mkv/master.m3u8", 404, "streaming.not_found"),
        ("/hls/film.mkv/8000p/index.m3u8", 404, "streaming.not_found"),
        ("/hls/film.mkv/360p/22.m4s", 404, "streaming.not_found"),
        ("/hls/film.mkv/360p/0.ts", 404, "streaming.not_found"),
        ("/hls/film.mkv/360p/00.m4s", 404, "streaming.not_found"),
        ("/hls/film.mkv/poster.jpg", 404, "streaming.not_found"),
        ("/hls/%2e%2e/film.mkv/master.m3u8", 400, "streaming.bad_path"),
        ("/hls/..%2ffilm.mkv/master.m3u8", 400, "streaming.bad_path"),
        ("/hls/cache/nodes/here/lock/master.m3u8", 404, "streaming.not_found"),
        ("/hls/.hidden.mkv/master.m3u8", 404, "streaming.not_found"),
        ("/hls/outside.mkv/master.m3u8", 404, "streaming.not_found"),
        ("/parts/film/360p/0.m4s", 404, "streaming.not_found"),
        ("/parts/..%2f/a/b", 400, "streaming.bad_path"),
        ("/", 404, "streaming.not_found"), ("/hls", 404, "streaming.not_found"),
        ("/library.json?directory=..", 404, "streaming.not_found"),
    ])
    func whatIsNotServedIsAProblem(path: String, status: Int, reason: String) async throws {
        let theatre = try await Theatre()
        for name in ["film.mkv", ".hidden.mkv"] { _ = try theatre.place.write("a film", to: name) }
        try FileManager.default.createSymbolicLink(
            atPath: theatre.place.file("outside.mkv"), withDestinationPath: "/etc/passwd")
        let response = await get(try await theatre.routes(), path)
        #expect(response.status == status && code(response) == reason, "\(path): \(text(response))")
        #expect(response.headers["Content-Type"] == Problem.mediaType)
    }

    @Test func otherMethodsAreRefusedAndOptionsAnswered() async throws {
        let routes = try await Theatre().routes()
        let refused = await get(routes, "/library.json", method: "POST")
        #expect(refused.status == 405 && refused.headers["Allow"] == "GET, HEAD, OPTIONS")
        let asked = await get(routes, "/hls/film.mkv/360p/0.m4s", method: "OPTIONS")
        #expect(asked.status == 204 && asked.headers["Access-Control-Allow-Headers"]?.contains("Range") == true)
    }

    @Test func aTokenIsAskedForInHeaderOrAddress() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes { $0.accepts = { $0 == "secret" } }
        let path = "/hls/film.mkv/master.m3u8"
        for (suffix, header) in [("", ""), ("?access_token=wrong", ""), ("", "Bearer wrong"), ("", "Basic secret")] {
            let response = await get(routes, path + suffix, header.isEmpty ? [:] : ["Authorization": header])
            #expect(response.status == 401 && response.headers["WWW-Authenticate"] != nil, "\(suffix) \(header)")
        }
        #expect(theatre.maker.deeds.entries.isEmpty)
        #expect(await get(routes, path, ["Authorization": "Bearer secret"]).status == 200)
        #expect(text(await get(routes, path + "?access_token=secret")).contains("access_token=secret"))
        #expect(await get(routes, "/metrics").status == 401)
        for open in ["/healthz", "/readyz"] { #expect(await get(routes, open).status == 200) }
    }

    @Test(arguments: [
        (Readiness.ready, 200, #""status":"ok""#), (.alone, 200, "without knowing of the others"),
        (.notReady("There is no Redis."), 503, "There is no Redis."),
    ])
    func readinessIsTold(readiness: Readiness, status: Int, words: String) async throws {
        let response = await get(try await Theatre().routes(readiness: readiness), "/readyz")
        #expect(response.status == status && text(response).contains(words), "\(text(response))")
        if status == 503 { #expect(code(response) == "streaming.not_ready") }
    }

    @Test func whoAsksTooOftenHasToWait() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes { $0.requestsPerSecond = 2 }
        for _ in 0..<10 { #expect(await get(routes, "/library.json").status == 200) }
        let refused = await get(routes, "/library.json")
        #expect(refused.status == 429 && refused.headers["Retry-After"] == "1")
        #expect(await get(routes, "/healthz").status == 200)
        theatre.clock.advance(by: .seconds(1))
        for status in [200, 200, 429] { #expect(await get(routes, "/library.json").status == status) }
    }

    @Test func otherNodesGetWhatIsThereAndNothingIsMadeForThem() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes()
        let file = try await theatre.segment(0)
        #expect(await get(routes, "/parts/\(file.name)").status == 200)
        let other = CacheName(film: file.name.film, rendition: "original", file: "0.m4s")
        #expect(await get(routes, "/parts/\(other)").status == 404)
        #expect(!theatre.maker.deeds.entries.contains(.began("original", 0)))
    }

    @Test func theNumbersTellWhatHappened() async throws {
        let theatre = try await Theatre()
        let routes = try await theatre.routes()
        for _ in 0..<2 { _ = await get(routes, "/hls/film.mkv/360p/0.m4s") }
        _ = await get(routes, "/nowhere")
        let lines = text(await get(routes, "/metrics")).split(separator: "\n").map(String.init)
        for line in [
            #"martlet_stream_segments_total{source="made"} 1"#, #"martlet_stream_segments_total{source="cache"} 1"#,
            "martlet_stream_sessions 1", "martlet_stream_films 1",
            #"martlet_stream_refusals_total{code="streaming.not_found"} 1"#,
            #"martlet_stream_http_requests_total{kind="segment",status="200"} 2"#,
            #"martlet_stream_first_segment_seconds_count{source="made"} 1"#,
        ] { #expect(lines.contains(line), "\(line)") }
    }
}
