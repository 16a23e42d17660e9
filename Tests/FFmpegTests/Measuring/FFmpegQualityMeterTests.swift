// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPorts
import Testing

/// One after the other: each test keeps the processors busy with ffmpeg.
@Suite(.serialized) struct FFmpegQualityMeterTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// A film of 30 frames, 25 a second, on MP4's clock of 1/12800.
    private func film(
        _ filter: String = "testsrc2=s=128x96:r=25:d=1.2", format: String = "yuv420p", first: Int = 0,
        change: (inout VideoProperties) -> Void = { _ in }
    ) async throws -> (SourceDescription, FrameIndex) {
        try await bench.make(
            "source.mp4", "-f", "lavfi", "-i", filter, "-pix_fmt", format, "-c:v", "libx264", "-preset", "ultrafast",
            "-qp", "10")
        var video = VideoProperties(width: 128, height: 96, pixelFormat: format)
        change(&video)
        let clock = TimeBase(1, 12_800)
        let source = SourceDescription(
            path: bench.path("source.mp4"),
            fingerprint: Fingerprint(size: ByteCount(0), modifiedNanoseconds: 0, digest: ""), formatName: "mov,mp4",
            streams: [StreamDescription(index: 0, kind: .video, codec: "h264", timeBase: clock, video: video)])
        let index = FrameIndex(
            streamIndex: 0, timeBase: clock, presentationTimes: (first..<30).map { Int64($0) * 512 },
            lastFrameDuration: 512, keyframes: [])
        return (source, index)
    }

    private func measure(
        _ output: String, _ film: (source: SourceDescription, index: FrameIndex?)
    ) async throws -> QualityReport {
        let catalog = FFmpegCatalog(
            program: bench.program, launcher: ProcessRunner(), time: SystemTime(), cacheDirectory: nil)
        let meter = FFmpegQualityMeter(
            program: bench.program, launcher: ProcessRunner(), time: SystemTime(), catalog: catalog)
        return try await meter.measure(output: output, picture: 0, against: film.source, index: film.index) { _ in }
    }

    @Test(arguments: ["yuv420p", "yuv420p10le", "yuv444p", "yuvj420p"])
    func anExactCopyIsLossless(format: String) async throws {
        let film = try await film(format: format)
        let report = try await measure(
            bench.make("out.mkv", "-i", "file:" + film.0.path, "-c:v", "libx264", "-qp", "0"), film)
        #expect(report.decodedFrames == 30)
        #expect(report.isLossless)
        #expect(report.ssim == 1 && report.psnr == nil)
    }

    @Test func aLossyCopyIsMeasured() async throws {
        let film = try await film()
        let good = try await measure(
            bench.make("good.mp4", "-i", "file:" + film.0.path, "-c:v", "libx264", "-crf", "18"), film)
        let poor = try await measure(
            bench.make("poor.mp4", "-i", "file:" + film.0.path, "-c:v", "libx264", "-crf", "45"), film)
        #expect(!good.isLossless && !poor.isLossless)
        #expect(try #require(good.ssim) > 0.97 && #require(good.psnr) > 38)
        #expect(try #require(poor.ssim) < 0.95 && #require(poor.psnr) < 32)
    }

    @Test func oneWrongFrameIsNotLossless() async throws {
        let film = try await film()
        let report = try await measure(
            bench.make(
                "out.mkv", "-i", "file:" + film.0.path, "-vf", "drawbox=enable='eq(n,17)':c=red:t=1:w=2:h=2", "-c:v",
                "ffv1"), film)
        #expect(report.decodedFrames == 30)
        #expect(!report.isLossless)
    }

    @Test func framesAreComparedByOrderWhateverTheirTimes() async throws {
        let film = try await film()
        // Matroska's clock of a millisecond cannot hold these times.
        let report = try await measure(
            bench.make(
                "out.mkv", "-i", "file:" + film.0.path, "-vf", "setpts=(PTS+700)*1.001", "-fps_mode", "passthrough",
                "-c:v", "ffv1"), film)
        #expect(report.isLossless)
    }

    @Test func aSmallerPictureIsScaledUpAndThatIsSaid() async throws {
        let film = try await film()
        let report = try await measure(
            bench.make("out.mp4", "-i", "file:" + film.0.path, "-vf", "scale=64:48", "-c:v", "libx264"), film)
        #expect(report.ssim != nil && !report.isLossless)
        #expect(report.remarks.contains { $0.contains("64x48") && $0.contains("128x96") })
    }

    @Test func anotherBitDepthIsConvertedAndThatIsSaid() async throws {
        let film = try await film(format: "yuv420p10le")
        let report = try await measure(
            bench.make(
                "out.mp4", "-i", "file:" + film.0.path, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "10"), film)
        #expect(try #require(report.ssim) > 0.98 && !report.isLossless)
        #expect(report.remarks.contains { $0.contains("yuv420p10le") })
    }

    @Test func aMissingFrameIsCounted() async throws {
        let film = try await film()
        let report = try await measure(
            bench.make(
                "out.mkv", "-i", "file:" + film.0.path, "-vf", "select='not(eq(n,7))'", "-fps_mode", "passthrough",
                "-c:v", "ffv1"), film)
        #expect(report.decodedFrames == 29)
        #expect(report.ssim == nil && report.psnr == nil && !report.isLossless)
        #expect(report.remarks.contains { $0.contains("29") && $0.contains("30") })
    }

    @Test func framesThatTheIndexDoesNotListAreLeftOut() async throws {
        let film = try await film(first: 5)
        let report = try await measure(
            bench.make("out.mkv", "-i", "file:" + film.0.path, "-vf", "trim=start_frame=5", "-c:v", "ffv1"), film)
        #expect(report.decodedFrames == 25)
        #expect(report.isLossless)
    }

    @Test func turnedPicturesAreComparedUpright() async throws {
        let film = try await film()
        let catalog = FFmpegCatalog(
            program: bench.program, launcher: ProcessRunner(), time: SystemTime(), cacheDirectory: nil)
        // The option came with FFmpeg 6, when the tag lost its meaning.
        let hasOption = try await catalog.build().codecMajorVersion >= 60
        let turn = hasOption ? ["-display_rotation", "90"] : []
        let tag = hasOption ? [] : ["-metadata:s:v", "rotate=270"]
        _ = try await bench.runner.run(
            EncoderRun(
                arguments: turn + ["-i", "file:" + film.0.path, "-c", "copy"] + tag
                    + ["file:" + bench.path("turned.mp4")])
        ) { _ in }
        var source = film.0
        source.path = bench.path("turned.mp4")
        source.streams[0].video?.displayMatrix = DisplayMatrix(
            values: [0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30])
        // The output has the turn in its pixels, the source in its header.
        let report = try await measure(
            bench.make("out.mkv", "-i", "file:" + source.path, "-c:v", "ffv1"), (source, film.1))
        #expect(report.decodedFrames == 30)
        #expect(report.isLossless)
    }

    @Test func soundAloneIsDecoded() async throws {
        let film = try await film()
        let output = try await bench.make("out.mka", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "flac")
        let report = try await measure(output, (film.0, nil))
        #expect(report.decodedFrames == 0 && report.ssim == nil)
    }
}
