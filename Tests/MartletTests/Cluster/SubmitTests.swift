// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire
import Testing

@testable import martlet

@Suite struct SubmitTests {
    private typealias Shop = ClusterWorkshop

    private func submission(_ arguments: [String]) throws -> JobSubmission {
        let settings = try ParserWorkshop().settings(["submit", "movies:a.mkv", "movies:a.mp4"] + arguments)
        return try SubmissionBuilder(settings: settings).submission(source: "movies:a.mkv", output: "movies:a.mp4")
    }

    @Test func nothingSaidIsNothingSent() throws {
        #expect(try submission([]) == JobSubmission(source: "movies:a.mkv", output: "movies:a.mp4"))
    }

    @Test func encodingOptionsGoAsTheyWereTyped() throws {
        let sent = try submission([
            "--codec", "av1", "--resolution", "1080p", "--frame-rate", "23.976", "--container", "mp4", "--preset", "8",
            "--target-quality", "vmaf:95", "--deinterlace", "--video-option", "tune=0", "--video-option", "x=a b",
            "--ffmpeg-params", "-bf 2", "--hw-accel", "none", "--segment-duration", "6", "--audio-codec", "opus",
        ])
        #expect(sent.params?.codec == "av1" && sent.params?.resolution == "1080p")
        #expect(sent.params?.frameRate == "23.976" && sent.params?.container == "mp4" && sent.params?.bitrate == nil)
        #expect(
            sent.params?.options == [
                "preset": "8", "target_quality": "vmaf:95", "deinterlace": "true", "video_option": "tune=0 'x=a b'",
                "ffmpeg_params": "-bf 2", "hw_accel": "none", "audio_codec": "opus",
            ])
        #expect(sent.segmentDurationS == 6)
    }

    @Test func everyEncodingOptionIsSent() throws {
        let values = [
            "codec": "h264", "crf": "20", "bitrate": "4M", "target-quality": "ssim:0.9", "preset": "fast",
            "resolution": "720p", "frame-rate": "25", "pixel-format": "yuv420p", "hw-accel": "auto",
            "ffmpeg-params": "-bf 2", "video-option": "a=b", "container": "mp4", "audio-codec": "aac",
            "audio-bitrate": "96k", "segment-duration": "4", "split": "fixed", "hw-fallback": "false",
        ]
        for option in Options.encoding where option.name != "two-pass" {
            let value = option.isFlag ? [] : [try #require(values[option.name], "\(option.name)")]
            let sent = Shop.json(try submission(["--\(option.name)"] + value))
            #expect(sent.contains(option.configurationKey), "\(option.name): \(sent)")
        }
    }

    @Test func whatTheJobIsGoesAlong() throws {
        let sent = try submission([
            "--priority", "high", "--name", "evening", "--verify", "full", "--overwrite", "--callback-url",
            "http://127.0.0.1:1/done",
        ])
        #expect(sent.priority == "high" && sent.name == "evening" && sent.verify == "full" && sent.overwrite == true)
        #expect(sent.callbackURL == "http://127.0.0.1:1/done" && sent.startTime == nil && sent.isMeshMode == nil)
    }

    @Test func aStartOrAMeshMakesAStream() throws {
        let settings = try ParserWorkshop().settings("submit movies:a.mkv evening --start-time 12.5")
        let sent = try SubmissionBuilder(settings: settings).submission(source: "movies:a.mkv", output: "evening")
        #expect(sent.startTime == 12.5 && sent.isMeshMode == false && sent.output == "evening")
        let mesh = try submission(["--mesh"])
        #expect(mesh.startTime == 0 && mesh.isMeshMode == true)
        #expect(throws: CommandLineError.self) { try submission(["--mesh", "--overwrite"]) }
    }

    @Test func contradictionsAreFoundBeforeAnythingIsSent() async throws {
        let shop = ClusterWorkshop()
        let printed = try await shop.run("submit m:a.mkv m:a.mp4 --crf 20 --bitrate 4M")
        #expect(printed.status == .usage && shop.caller.asked.isEmpty)
        #expect(try await shop.run("submit m:a.mkv m:a").status == .usage)
    }

    @Test func aSubmissionIsAnsweredWithTheJobsName() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(["POST /api/v1/jobs": [(201, Shop.json(Shop.job("3f9c0d", .queued)))]]))
        let printed = try await shop.run("submit movies:film.mkv movies:film.mp4")
        #expect(printed.status == .success)
        #expect(printed.output == "The job 3f9c0d is submitted: movies:film.mkv -> movies:film.mp4\n")
        let json = try await shop.run("submit movies:film.mkv movies:film.mp4 --json")
        #expect(
            json.output
                == #"{"event": "jobSubmitted", "job_id": "3f9c0d", "state": "queued", "source": "movies:film.mkv", "output": "movies:film.mp4"}"#
                + "\n")
        #expect(shop.caller.asked.first?.headers["Content-Type"] == "application/json")
    }
}
