// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import MartletTestKit
import Testing

/// Jobs that are watched before they are done, by ffmpeg as the player.
@Suite(.serialized) struct PreviewTests {
    /// The frames that a player shows of a stream or a file, each with the digest of its picture.
    private func pictures(of address: String) async throws -> [String] {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error"] + (address.hasPrefix("http") ? ["-live_start_index", "0"] : [])
                + ["-i", address, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { String($0.split(separator: ",").last ?? "") }
    }

    /// The times of a stream's packets, in seconds.
    private func times(of address: String, stream: String) async throws -> [Double] {
        let outcome = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time", "-of", "csv=p=0", address,
            ])
        return outcome.output.split(whereSeparator: { $0 == "\n" || $0 == "," }).compactMap { Double($0) }.sorted()
    }

    private func text(_ path: String, _ cluster: TestCluster) async throws -> String {
        String(decoding: try await cluster.data(path), as: UTF8.self)
    }

    @Test("A job is watched from its first segment on, to its end, with the pictures and sounds of its output")
    func watched() async throws {
        let cluster = try await TestCluster(["--token", "right"], films: ["minute.mp4": "minute.mp4"], token: "right")
        // All segments but the first wait until there is a file.
        let open = cluster.directory.file("open")
        let ffmpeg = try await cluster.ffmpeg(
            doing: "case \"$*\" in *video-0000[1-9].*) while [ ! -e '\(open)' ]; do sleep 0.1; done;; esac")
        let job = try await cluster.submit(
            "minute.mp4", to: "out.mkv", ["--segment-duration", "7", "--resolution", "144p"])
        let base = "/api/v1/jobs/\(job)/preview"
        // From the first question on, segments are made in the order of the film.
        #expect(try await text(base + "/0.m4s", cluster).contains("api.not_found"))
        let worker = try await cluster.worker("w1", ["--slots", "2"], ffmpeg: ffmpeg)

        // Asked before anything is there, and answered when it is.
        let early = try await text(base + "/index.m3u8", cluster)
        #expect(early.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !early.contains("#EXT-X-ENDLIST"), "\(early)")
        #expect(early.contains("\n0.m4s\n") && !early.contains("\n1.m4s\n"))
        #expect(try await text(base + "/1.m4s", cluster).contains("api.not_found"))
        let first = try await cluster.data(base + "/init.mp4") + cluster.data(base + "/0.m4s")
        try first.write(to: URL(filePath: cluster.directory.file("first.mp4")))

        let address = "\(cluster.url)\(base)/master.m3u8?access_token=right"
        let master = try await sounding(base + "/master.m3u8", cluster)
        #expect(master.contains("index.m3u8") && master.contains("avc1."), "\(master)")
        let watching = Task { try await pictures(of: address) }
        #expect(FileManager.default.createFile(atPath: open, contents: nil))
        let seen = try await watching.value
        try await cluster.completed(job)

        let output = cluster.directory.file("films/out.mkv")
        let expected = try await pictures(of: output)
        #expect(expected.count == 1500)
        #expect(seen.count == 1500 && seen == expected)
        let beginning = try await pictures(of: cluster.directory.file("first.mp4"))
        #expect(!beginning.isEmpty && beginning == Array(expected.prefix(beginning.count)))

        // Who watched sees the end, though the job's own files are gone by now.
        let late = try await text(base + "/index.m3u8", cluster)
        #expect(late.contains("#EXT-X-ENDLIST") && late.hasPrefix(early))
        // Ten seconds are added, so that no time is below zero, and the output begins with its encoder's delay.
        let shift = try #require(try await times(of: output, stream: "v:0").first) - 10
        for stream in ["v:0", "a:0"] {
            let shown = try await times(of: address, stream: stream)
            let expected = try await times(of: output, stream: stream)
            #expect(shown.count == expected.count, "\(stream)")
            // Matroska rounds to a millisecond.
            let far = zip(shown, expected).map { abs($0 + shift - $1) }.max() ?? 1
            #expect(far < 0.002, "\(stream): \(far)")
        }
        withExtendedLifetime(worker) {}
    }

    /// The master playlist as soon as it has sound.
    private func sounding(_ path: String, _ cluster: TestCluster) async throws -> String {
        let watching = try await cluster.watch()
        var master = try await text(path, cluster)
        while !master.contains("TYPE=AUDIO") {
            _ = try await watching.event("taskCompleted")
            master = try await text(path, cluster)
        }
        return master
    }

    @Test("What cannot be watched says so: unknown jobs, jobs that are over, and jobs without segments")
    func refused() async throws {
        let cluster = try await TestCluster(
            ["--with-worker", "--benchmark-duration", "0"], films: ["tiny.mkv": "tiny.mkv"])
        #expect(try await text("/api/v1/jobs/none/preview/master.m3u8", cluster).contains("coordinator.unknown_job"))
        let job = try await cluster.submit("tiny.mkv", to: "out.mkv")
        try await cluster.completed(job)
        for file in ["master.m3u8", "0.m4s"] {
            let answer = try await text("/api/v1/jobs/\(job)/preview/\(file)", cluster)
            #expect(answer.contains("coordinator.wrong_state") && answer.contains("Fetch its output"), "\(answer)")
        }
    }
}
