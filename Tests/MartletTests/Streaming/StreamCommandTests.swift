// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// `martlet stream` as its users meet it. One at a time: each encodes with all processors.
@Suite(.serialized) struct StreamCommandTests {
    private let place: TemporaryDirectory
    private let films: String
    private var cache: String { place.file("cache") }
    private let film = "/hls/minute.mp4"

    init() async throws {
        place = try TemporaryDirectory()
        films = place.file("films")
        try FileManager.default.createDirectory(atPath: films, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("minute.mp4"), toPath: films + "/minute.mp4")
    }

    private func server(_ options: [String] = [], cache: String? = nil) async throws -> StreamServerProcess {
        try await StreamServerProcess(films, cache: cache ?? self.cache, options)
    }

    /// A server whose encodes take a while, so that one can be met at work, and nobody's processor.
    private func lazyServer(_ options: [String] = []) async throws -> StreamServerProcess {
        let ffmpeg = try await place.script(
            "case \"$*\" in *-c:v*) sleep 2;; esac; exec /usr/bin/env ffmpeg \"$@\"", to: "ffmpeg")
        return try await StreamServerProcess(
            films, cache: cache, options, environment: ["MARTLET_FFMPEG": ffmpeg])
    }

    @Test("Playlists are there before anything is encoded, and every segment comes when it is asked for")
    func playlists() async throws {
        let server = try await server()
        let master = try await server.get(film + "/master.m3u8")
        #expect(master.status == 200 && master.text.contains("&session="), "\(master.text)")
        let playlist = try await server.get(film + "/original/index.m3u8")
        #expect(playlist.text.split(separator: "\n").count { $0.hasPrefix("#EXTINF") } == 17, "\(playlist.text)")
        #expect(playlist.text.contains("#EXT-X-ENDLIST"))
        #expect(try await server.number(#"martlet_stream_parts_total{result="made"}"#) == 0)
        let list = try await server.get("/library.json")
        #expect(list.text.contains(#""url":"/hls/minute.mp4/master.m3u8""#), "\(list.text)")
        for name in ["original/init.mp4", "original/0.m4s", "a1/init.mp4", "a1/0.m4s", "original/16.m4s"] {
            let segment = try await server.get("\(film)/\(name)")
            #expect(segment.status == 200 && segment.body.count > 100, "\(name): \(segment.status)")
        }
        let part = try await server.get(film + "/original/0.m4s", ["Range": "bytes=10-19"])
        #expect(part.status == 206 && part.body.count == 10)
        let head = try await server.get(film + "/original/0.m4s", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && head.headers["etag"] == part.headers["etag"])
        #expect(try await server.get("/readyz").status == 200)
        let end = try await server.stop()
        #expect(end.exitCode == 0, "\(end.errors)")
    }

    @Test("Who seeks has what is not wanted any more stopped, and soon what is")
    func seek() async throws {
        let server = try await lazyServer(["--slots", "1"])
        // Whoever asked hangs up at once, as players do that seek.
        let first = Task { try await server.get(film + "/original/1.m4s?session=a") }
        try await server.wait(for: "martlet_stream_parts_waited") { $0 > 0 }
        first.cancel()
        _ = try? await first.value
        let there = try await server.get(film + "/original/12.m4s?session=a")
        #expect(there.status == 200)
        let made = try await server.number(#"martlet_stream_parts_total{result="made"}"#)
        // Neither the place before nor all that lay ahead of it was made: at most what could not be stopped in time, then
        // what was asked for, and its sound.
        #expect(made <= 6, "\(made)")
        _ = try await server.stop()
    }

    @Test("Two servers make the same bytes, and two viewers of one segment have it made once")
    func sameBytes() async throws {
        let (one, other) = (try await server(), try await server(cache: place.file("other")))
        for name in ["original/16.m4s", "a1/16.m4s", "original/init.mp4"] {
            async let left = one.get("\(film)/\(name)?session=a")
            async let again = one.get("\(film)/\(name)?session=b")
            let right = try await other.get("\(film)/\(name)")
            let (first, second) = (try await left, try await again)
            #expect(first.status == 200 && first.body == second.body && first.body == right.body, "\(name)")
        }
        // The last segment of the picture, and the sound with it.
        #expect(try await one.number(#"martlet_stream_parts_total{result="made"}"#) == 2)
        _ = try await (one.stop(), other.stop())
    }

    @Test("A server that is killed leaves nothing broken, and the next one goes on with what was made")
    func killed() async throws {
        // What the dead one was making is not left to it until its claim would have ended.
        let first = try await lazyServer(["--claim-ttl", "600"])
        let before = try await first.get(film + "/original/0.m4s")
        let underWay = Task { try await first.get(film + "/original/9.m4s") }
        try await first.wait(for: "martlet_stream_parts_waited") { $0 > 0 }
        first.process.sendToGroup(SIGKILL)
        _ = try await first.process.ended()
        _ = try? await underWay.value
        let left = cache + "/nodes"
        let second = try await server()
        let node = try #require(try FileManager.default.contentsOfDirectory(atPath: left).first)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(left)/\(node)/scratch") == [])
        let after = try await second.get(film + "/original/0.m4s")
        #expect(after.body == before.body)
        #expect(try await second.number(#"martlet_stream_segments_total{source="made"}"#) == 0)
        #expect(try await second.get(film + "/original/9.m4s").status == 200)
        _ = try await second.stop()
    }

    @Test("What was not watched for longest goes when the cache is full")
    func eviction() async throws {
        let old = cache + "/segments/0123/720p"
        try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
        for number in 0..<10 {
            let path = "\(old)/\(number).m4s"
            try Data(repeating: 7, count: 10 << 20).write(to: URL(filePath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: Double(number - 1000))], ofItemAtPath: path)
        }
        let server = try await server(["--cache-limit", "64Mi"])
        let names = try FileManager.default.contentsOfDirectory(atPath: old)
        #expect(Set(names) == Set((4..<10).map { "\($0).m4s" }))
        #expect(try await server.number("martlet_stream_evictions_total") == 4)
        #expect(try await server.number("martlet_stream_cache_bytes") == Double(60 << 20))
        #expect(try await server.get(film + "/original/0.m4s").status == 200)
        _ = try await server.stop()
    }

    @Test("Nothing outside of the directory is served")
    func outside() async throws {
        _ = try place.write("secret", to: "secret.mkv")
        try FileManager.default.createSymbolicLink(
            atPath: films + "/link.mkv", withDestinationPath: place.file("secret.mkv"))
        let server = try await server()
        for path in [
            "/hls/link.mkv/master.m3u8", "/hls/%2e%2e/secret.mkv/master.m3u8", "/hls/..%2Fsecret.mkv/master.m3u8",
            "/hls/%2Fetc%2Fpasswd/master.m3u8", "/library.json?directory=..", "/library.json?directory=/etc",
            "/parts/..%2F..%2Ffilms/a/minute.mp4",
        ] {
            let answer = try await server.get(path)
            #expect([400, 404].contains(answer.status), "\(path): \(answer.status)")
            #expect(answer.headers["content-type"] == "application/problem+json", "\(path)")
        }
        #expect(!(try await server.get("/library.json").text.contains("link")))
        _ = try place.write("no film at all", to: "films/broken.mkv")
        let broken = try await server.get("/hls/broken.mkv/master.m3u8")
        #expect(broken.status == 422 && broken.text.contains("media."), "\(broken.text)")
        // JSON writes slashes with a backslash, or not.
        let places = [films, films.replacing("/", with: "\\/")]
        #expect(!places.contains(where: broken.text.contains), "viewers see where films lie: \(broken.text)")
        _ = try await server.stop()
    }

    @Test("Without a token nobody watches, and with one in the address its links have it, too")
    func token() async throws {
        let server = try await server(["--token", "right"])
        #expect(try await server.get(film + "/master.m3u8").status == 401)
        #expect(try await server.get("/healthz").status == 200)
        let master = try await server.get(film + "/master.m3u8?access_token=right")
        let link = try #require(master.text.split(separator: "\n").first { $0.hasPrefix("original/") })
        let playlist = try await server.get("\(film)/\(link)")
        let segment = try #require(playlist.text.split(separator: "\n").first { $0.hasPrefix("0.m4s") })
        #expect(try await server.get("\(film)/original/\(segment)").status == 200)
        _ = try await server.stop()
    }

    @Test("Whether it is ready depends on Redis where it does not work without")
    func readiness() async throws {
        let redis = try await RedisServer()
        let options = ["--redis-url", redis.url]
        let alone = try await server(options)
        let strict = try await server(options + ["--fallback-to-local", "false"], cache: place.file("strict"))
        #expect(try await strict.get("/readyz").status == 200)
        try await redis.stop()
        let refused = try await strict.get("/readyz")
        #expect(refused.status == 503 && refused.headers["content-type"] == "application/problem+json")
        #expect(refused.text.contains("streaming.not_ready") && refused.text.contains("Redis"), "\(refused.text)")
        // It notices when it claims something, and then says so.
        #expect(try await alone.get(film + "/a1/0.m4s").status == 200)
        let told = try await alone.get("/readyz")
        #expect(told.status == 200 && told.text.contains("warning"), "\(told.text)")
        try await redis.start()
        try await waiting(for: "Redis to be found again") {
            while try await strict.get("/readyz").status != 200 { try await Task.sleep(for: .milliseconds(50)) }
        }
        _ = try await (alone.stop(), strict.stop())
    }

    @Test("An ffmpeg that is killed is run again, and nobody notices")
    func encoderKilled() async throws {
        let script = """
            case "$*" in
                *-c:v*) if mkdir '\(place.path)/once' 2>/dev/null; then kill -KILL $$; fi ;;
            esac
            exec ffmpeg "$@"
            """
        let path = try await place.script(script, to: "ffmpeg")
        let server = try await StreamServerProcess(films, cache: cache, environment: ["MARTLET_FFMPEG": path])
        #expect(try await server.get(film + "/original/0.m4s").status == 200)
        #expect(FileManager.default.fileExists(atPath: place.file("once")))
        #expect(try await server.number(#"martlet_stream_parts_total{result="failed"}"#) == 1)
        _ = try await server.stop()
    }

    @Test(
        "A full disk is said, and forgotten when there is space",
        .enabled("a disk of its own cannot be made here") { await PrivateDisk.isPermitted })
    func fullDisk() async throws {
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        let disk = PrivateDisk(at: cache, megabytes: 16)
        let server = try await StreamServerProcess(films, cache: cache, wrapper: disk.wrapper)
        #expect(try await server.get(film + "/master.m3u8").status == 200)
        try disk.fill(leaving: 0, of: server.process)
        // There is nothing that could go.
        let refused = try await server.get(film + "/original/14.m4s")
        #expect(refused.status == 507, "\(refused.text)")
        #expect(try await server.get(film + "/original/index.m3u8").status == 200)
        try disk.free(of: server.process)
        // What could not be made is left alone for some seconds.
        let late = try await waiting(for: "the segment") {
            while true {
                let answer = try await server.get(film + "/original/14.m4s")
                if answer.status == 200 { return answer.body }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        #expect(late.count > 100)
        _ = try await server.stop()
    }

    @Test("Told to stop while somebody waits, it stops in order")
    func stop() async throws {
        let server = try await lazyServer()
        let request = Task { try await server.get(film + "/original/3.m4s") }
        try await server.wait(for: "martlet_stream_parts_waited") { $0 > 0 }
        let end = try await server.stop()
        #expect(end.exitCode == 0, "\(end.errors)")
        _ = try? await request.value
        #expect(await RunningPrograms.areGone(mentioning: cache))
    }
}
