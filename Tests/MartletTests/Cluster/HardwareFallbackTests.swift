// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Workers whose hardware passes the test encode. There is none on the machines that test, so a program stands for
/// ffmpeg that knows what to answer for it, and is ffmpeg for all else.
@Suite(.serialized) struct HardwareFallbackTests {
    /// The program: it passes the trial, encodes `working` segments, and then fails as a driver does.
    private func stand(in cluster: TestCluster, working: Int = 0) async throws -> String {
        let encoded = cluster.directory.file("encoded")
        try FileManager.default.createDirectory(atPath: encoded, withIntermediateDirectories: true)
        return try await cluster.ffmpeg(
            doing: """
                case " $* " in
                *" h264_nvenc "*)
                    case "$*" in *"-f null -") exit 0;; esac
                    for number in $(seq \(working)); do
                        if mkdir "\(encoded)/$number" 2>/dev/null; then
                            # A device that works: the processor stands in for it.
                            set -- "$@" END
                            while [ "$1" != END ]; do
                                case "$1" in
                                h264_nvenc) set -- "$@" libx264 ;;
                                -preset:v|-rc:v|-cq:v|-b:v) shift ;;
                                *) set -- "$@" "$1" ;;
                                esac
                                shift
                            done
                            shift
                            exec /usr/bin/env ffmpeg "$@"
                        fi
                    done
                    echo '[h264_nvenc @ 0x5581] OpenEncodeSessionEx failed: unsupported device (2)' >&2
                    exit 1 ;;
                esac
                """)
    }

    /// The film as software makes it on one machine.
    private static let alone = Task { try await Transcode.succeed("small_minute.mp4", to: "out.mkv") }

    private func submit(_ cluster: TestCluster, _ options: [String]) async throws -> String {
        let run = try await cluster.run(["submit", "films:minute.mp4", "films:out.mkv"] + options)
        try #require(run.exitCode == 0, "\(run.transcript)")
        return try #require(run.events.compactMap { $0.members["id"] ?? $0.members["job_id"] }.first)
    }

    @Test("A device that fails at work is given up, and the film is as software makes it", arguments: [0, 2])
    func deviceFails(working: Int) async throws {
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let program = try await stand(in: cluster, working: working)
        let worker = try await cluster.worker(
            "box", ["--slots", "1"], sharesFilms: true, ffmpeg: program, hardware: "auto")
        let job = try await submit(cluster, ["--hw-accel", "nvenc"])
        try await cluster.completed(job)
        #expect(try cluster.bytes(of: "out.mkv") == (try await Self.alone.value.bytes()))

        let view = try await cluster.job(job)
        let warnings = try #require(view["warnings"] as? [String])
        #expect(
            warnings.contains { warning in
                warning.hasPrefix("hardware failed on worker box:") && warning.contains("OpenEncodeSessionEx")
                    && warning.hasSuffix("encoding in software with libx264.")
            }, "\(warnings)")
        let tasks = try await cluster.list("/api/v1/jobs/\(job)/tasks")
        let hardware = tasks.filter { $0["encoder"] as? String == "h264_nvenc" }
        let attempts = hardware.flatMap { $0["attempts"] as? [[String: Any]] ?? [] }
        #expect(attempts.count { $0["result"] as? String == "completed" } == working)
        let failed = attempts.filter { $0["result"] as? String == "failed" }
        #expect(failed.count == 3)
        #expect(failed.allSatisfy { ($0["log"] as? String)?.contains("OpenEncodeSessionEx") == true }, "\(failed)")
        #expect(hardware.allSatisfy { ["failed", "cancelled"].contains($0["state"] as? String ?? "") })
        // The sound is made once.
        let sound = tasks.filter { $0["kind"] as? String == "audio" }
        #expect(sound.allSatisfy { ($0["attempts"] as? [Any])?.count == 1 } && sound.count == 1)
        withExtendedLifetime(worker) {}
    }

    @Test("A job that insists on hardware fails with the messages of each attempt")
    func hardwareRequired() async throws {
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let program = try await stand(in: cluster)
        let workers = [
            try await cluster.worker("one", ["--slots", "1"], sharesFilms: true, ffmpeg: program, hardware: "auto"),
            try await cluster.worker("two", ["--slots", "1"], sharesFilms: true, ffmpeg: program, hardware: "auto"),
        ]
        let job = try await submit(cluster, ["--codec", "h264_nvenc", "--hw-fallback", "false"])
        let watched = try await cluster.run(["watch", job])
        #expect(watched.exitCode == 1, "\(watched.transcript)")
        let error = try #require(try await cluster.job(job)["error"] as? [String: Any])
        #expect(error["code"] as? String == "ffmpeg.failed", "\(error)")
        let log = try #require(error["log"] as? String)
        for name in ["one", "two"] { #expect(log.contains("On worker \(name)"), "\(log)") }
        #expect(log.ranges(of: "OpenEncodeSessionEx failed: unsupported device (2)").count >= 3, "\(log)")
        let encoders = try await cluster.list("/api/v1/jobs/\(job)/tasks").compactMap { $0["encoder"] as? String }
        #expect(!encoders.contains("libx264"))
        withExtendedLifetime(workers) {}
    }

    @Test("Hardware is tried before it is believed, and software takes over at once where it does not work")
    func noDevice() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker("plain", sharesFilms: true, hardware: "auto")
        let refused = try await cluster.run([
            "submit", "films:tiny.mkv", "films:a.mkv", "--watch", "--hw-accel", "nvenc", "--hw-fallback", "false",
        ])
        #expect(refused.exitCode != 0, "\(refused.transcript)")
        #expect(refused.transcript.contains("h264_nvenc"), "\(refused.transcript)")
        let run = try await cluster.run([
            "submit", "films:tiny.mkv", "films:b.mkv", "--watch", "--hw-accel", "nvenc",
        ])
        #expect(run.exitCode == 0, "\(run.transcript)")
        withExtendedLifetime(worker) {}
    }
}
