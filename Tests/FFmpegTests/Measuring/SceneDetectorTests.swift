// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPorts
import Testing

/// One after the other: each test keeps the processors busy with ffmpeg.
@Suite(.serialized) struct SceneDetectorTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private func changes(search: SceneSearch, _ encoder: String...) async throws -> [Int64] {
        let scenes =
            "testsrc2=s=160x120:r=25:d=1[a];color=white:s=160x120:r=25:d=1[b];mandelbrot=s=160x120:r=25,"
            + "trim=end_frame=25[c];[a][b][c]concat=n=3"
        let command =
            ["-filter_complex", scenes, "-pix_fmt", "yuv420p", "-c:v", "libx264"] + encoder
            + ["file:" + bench.path("scenes.mp4")]
        _ = try await bench.runner.run(EncoderRun(arguments: command)) { _ in }
        let source = SourceDescription(
            path: bench.path("scenes.mp4"),
            fingerprint: Fingerprint(size: ByteCount(0), modifiedNanoseconds: 0, digest: ""), formatName: "mov,mp4",
            streams: [])
        let detector = SceneDetector(program: bench.program, launcher: ProcessRunner(), time: SystemTime())
        return try await detector.sceneChanges(in: source, stream: 0, search: search) { _ in }
    }

    @Test func everyCutIsFoundAtItsFrame() async throws {
        // No key frame is at the cuts.
        #expect(try await changes(search: .everyFrame, "-sc_threshold", "0") == [25 * 512, 50 * 512])
    }

    @Test func cutsAtKeyframesAreFoundAmongKeyframes() async throws {
        let forced = try await changes(search: .keyframes, "-force_key_frames", "1,2")
        #expect(forced == [25 * 512, 50 * 512])
        #expect(try await changes(search: .keyframes, "-sc_threshold", "0").isEmpty)
    }
}
