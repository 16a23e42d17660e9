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
    private func look(_ address: String) async throws -> (status: Int, body: Data, location: String?) {
        let url = try #require(URL(string: address))
        let session = URLSession(configuration: .ephemeral, delegate: Staying(), delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        let (data, response) = try await session.data(from: url)
        let answer = try #require(response as? HTTPURLResponse)
        return (answer.statusCode, data, answer.value(forHTTPHeaderField: "Location"))
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

    private func frames(of address: String) async throws -> (count: Int, errors: String) {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-http_persistent", "0", "-i", address, "-map", "0:v:0", "-map", "0:a:0",
                "-fps_mode", "passthrough",
                "-f", "framemd5", "-",
            ], deadline: .seconds(300))
        return (outcome.output.split(separator: "\n").count { $0.hasPrefix("0,") }, outcome.errors)
    }

    @Test("Workers make one stream together, and the viewer does not notice that one is killed")
    func together() async throws {
        let cluster = try await TestCluster(token, films: ["minute.mp4": "minute.mp4"], token: "right")
        var workers: [MartletProcess] = []
        // One has the films, the others have what they need of them sent.
        for name in ["w1", "w2", "w3"] { workers.append(try await cluster.worker(name, sharesFilms: name == "w1")) }
        // Where they listen they say by themselves, a little later.
        let deadline = ContinuousClock.now + .seconds(90)
        while try await cluster.list("/api/v1/workers").count(where: { $0["address"] is String }) < 3 {
            try #require(ContinuousClock.now < deadline)
        }
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

        // A player goes through all of it, and one worker is gone on the way.
        let watching = Task { try await frames(of: "\(base)/\(quality)/index.m3u8?access_token=right") }
        workers[1].send(SIGKILL)
        _ = try await workers[1].ended(within: .seconds(15))
        _ = try? await watching.value
        let after = try await segments(base, quality, 0..<count)
        #expect(try await look("\(base)/\(quality)/index.m3u8?access_token=right").body == playlist)
        // The same bytes, whoever makes them.
        #expect(zip(before, after).allSatisfy { $0.bytes == $1.bytes })
        let used = try cluster.processorSeconds()
        let seen = try await frames(of: "\(base)/master.m3u8?access_token=right")
        #expect(seen.count == 1500 && seen.errors.isEmpty, "\(seen)")
        // Some forty questions of a player, answered and led on.
        let share = try cluster.processorSeconds() - used
        #expect(share < 0.5, "\(share) s")

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
