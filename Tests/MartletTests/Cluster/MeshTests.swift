// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Testing

/// Streams whose parts come from several workers, watched by ffmpeg while one of them is killed.
@Suite(.serialized) struct MeshTests {
    private let token = ["--token", "right"]

    /// What an address answers without following it, and where it leads to.
    private func look(
        _ address: String, _ headers: [String: String] = [:]
    ) async throws -> (status: Int, body: Data, location: String?, tag: String?) {
        var call = URLRequest(url: try #require(URL(string: address)))
        for (name, value) in headers { call.setValue(value, forHTTPHeaderField: name) }
        let session = URLSession(configuration: .ephemeral, delegate: Staying(), delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let (data, response) = try await session.data(for: call)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, data, answer.value(forHTTPHeaderField: "Location"),
            answer.value(forHTTPHeaderField: "ETag")
        )
    }

    /// The segments of a rendition as the coordinator leads to them: who has each, and its bytes.
    private func segments(
        _ base: String, _ rendition: String, _ numbers: Range<Int>
    ) async throws -> [(host: String, bytes: Data)] {
        var found: [(host: String, bytes: Data)] = []
        for number in numbers {
            let lead = try await look("\(base)/\(rendition)/\(number).m4s?access_token=right")
            try #require(lead.status == 307, "\(number): \(String(decoding: lead.body, as: UTF8.self))")
            let location = try #require(lead.location)
            let part = try await look(location)
            try #require(part.status == 200)
            found.append((String(location.split(separator: "/")[1]), part.body))
        }
        return found
    }

    /// A segment as a player has it that asks once more when a worker is gone before it could be read.
    private func play(_ address: String) async throws -> Data {
        for _ in 0..<3 {
            let lead = try await look(address)
            try #require(lead.status == 307, "\(address): \(String(decoding: lead.body, as: UTF8.self))")
            if let part = try? await look(try #require(lead.location)), part.status == 200 { return part.body }
        }
        throw WaitedInVain(subject: address)
    }

    private func frames(of address: String) async throws -> (count: Int, errors: String) {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-http_persistent", "0", "-i", address, "-map", "0:v:0", "-map", "0:a:0",
                "-fps_mode", "passthrough",
                "-f", "framemd5", "-",
            ])
        return (outcome.output.split(separator: "\n").count { $0.hasPrefix("0,") }, outcome.errors)
    }

    @Test("Workers make one stream together, and no request fails when one is killed and one hangs")
    func together() async throws {
        let cluster = try await TestCluster(
            token, films: ["minute.mp4": "minute.mp4", "sound.flac": "only_sound.flac"], token: "right")
        var workers: [MartletProcess] = []
        // One has the films, the others have what they need of them sent.
        for name in ["w1", "w2", "w3"] { workers.append(try await cluster.worker(name, sharesFilms: name == "w1")) }
        // Where they listen they say by themselves, a little later.
        for worker in workers { _ = try await worker.event("listening") }
        let none = try await cluster.run(["submit", "films:none.mp4", "evening", "--mesh"])
        #expect(none.exitCode == 3, "\(none.transcript)")
        // What cannot be watched has failed before anybody tries to.
        let sound = try await cluster.run(["submit", "films:sound.flac", "evening", "--mesh", "--watch"])
        #expect(sound.exitCode == 3 && sound.transcript.contains("no picture"), "\(sound.transcript)")
        let run = try await cluster.run(["submit", "films:minute.mp4", "evening", "--mesh"])
        try #require(run.exitCode == 0, "\(run.transcript)")
        let job = try #require(run.events.compactMap { $0.members["job_id"] }.first)
        #expect(try await cluster.job(job)["state"] as? String == "processing")

        let base = "\(cluster.url)/api/v1/jobs/\(job)/mesh"
        let way = try await look("\(cluster.url)/api/v1/jobs/\(job)/stream?access_token=right")
        #expect(way.status == 307 && way.location == "/api/v1/jobs/\(job)/mesh/master.m3u8?access_token=right")
        let master = String(
            decoding: try await look(base + "/master.m3u8?access_token=right").body, as: UTF8.self)
        let rendition = "144p"
        let quality = master.contains("144p/") ? rendition : "original"
        let playlist = try await look("\(base)/\(quality)/index.m3u8?access_token=right").body
        let count = String(decoding: playlist, as: UTF8.self).split(separator: "\n").count { $0.hasPrefix("#EXTINF") }
        #expect(String(decoding: playlist, as: UTF8.self).contains("#EXT-X-ENDLIST") && count > 10)

        let before = try await segments(base, quality, 0..<count / 2)
        #expect(Set(before.map(\.host)).count > 1, "\(before.map(\.host))")
        // What a worker has can be had in part, and is known again.
        let first = try #require(try await look("\(base)/\(quality)/0.m4s?access_token=right").location)
        let some = try await look(first, ["Range": "bytes=2-99"])
        #expect(some.status == 206 && some.body == before[0].bytes[2..<100])
        let tag = try #require(some.tag)
        #expect(try await look(first, ["If-None-Match": tag]).status == 304)
        #expect(try await look(first, ["Range": "bytes=\(1 << 30)-"]).status == 416)

        // A player reads on, one worker is killed on the way, and one stands still.
        var (played, longest): ([Data], Duration) = ([], .zero)
        for number in 0..<count {
            if number == count / 4 { workers[1].sendToGroup(SIGKILL) }
            if number == count * 5 / 8 { workers[2].sendToGroup(SIGSTOP) }
            let start = ContinuousClock.now
            played.append(try await play("\(base)/\(quality)/\(number).m4s?access_token=right"))
            longest = max(longest, ContinuousClock.now - start)
        }
        workers[2].sendToGroup(SIGCONT)
        // Not the 90 s for which a worker is waited for that is the only one.
        #expect(longest < .seconds(75), "\(longest)")
        let after = try await segments(base, quality, 0..<count)
        #expect(try await look("\(base)/\(quality)/index.m3u8?access_token=right").body == playlist)
        // The same bytes, whoever makes them.
        #expect(zip(before, after).allSatisfy { $0.bytes == $1.bytes } && played == after.map(\.bytes))
        let used = try cluster.processorSeconds()
        let seen = try await frames(of: "\(base)/master.m3u8?access_token=right")
        #expect(seen.count == 1500 && seen.errors.isEmpty, "\(seen)")
        // Some forty questions of a player, answered and led on.
        let share = try cluster.processorSeconds() - used
        #expect(share < 0.5, "\(share) s")

        // A film that is replaced is another one at once, and what was read of the old one leads nowhere.
        let link = try #require(
            String(decoding: playlist, as: UTF8.self).split(separator: "\n").last { $0.hasPrefix("0.") })
        #expect(try await look("\(base)/\(quality)/\(link)").status == 307)
        let film = cluster.directory.file("films/minute.mp4")
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_closed.mp4"), toPath: film + ".new")
        try #require(rename(film + ".new", film) == 0)
        #expect(try await look("\(base)/\(quality)/\(link)").status == 412)
        let other = try await frames(of: "\(base)/master.m3u8?access_token=right")
        #expect(other.count > 0 && other.count < 1500 && other.errors.isEmpty, "\(other)")

        let ended = try await cluster.run(["cancel", job])
        #expect(ended.exitCode == 0, "\(ended.transcript)")
        #expect(try await look("\(base)/master.m3u8?access_token=right").status == 409)
        withExtendedLifetime(workers) {}
    }
}

/// Does not go where it is led.
private final class Staying: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
