// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import martlet

@Suite struct EncodingOptionTests {
    let workshop = ParserWorkshop()

    @Test(arguments: [
        ("h264", CodecRequest.codec(.h264)), ("hevc", .codec(.hevc)), ("h265", .codec(.hevc)), ("av1", .codec(.av1)),
        ("vp9", .codec(.vp9)), ("ffv1", .codec(.ffv1)), ("copy", .copy), ("libx265", .encoder("libx265")),
        ("h264_nvenc", .encoder("h264_nvenc")), ("libvpx-vp9", .encoder("libvpx-vp9")),
    ])
    func codecsAreNamedByKindOrByEncoder(text: String, expected: CodecRequest) throws {
        #expect(try workshop.parameters("--codec \(text)").codec == expected)
    }

    @Test(arguments: ["", "-x", "lib x", "../a", "A;b"])
    func whatCannotBeAnEncoderIsRefused(text: String) {
        #expect(ValueForm<CodecRequest>.codec.read(text) == nil)
    }

    @Test(arguments: [
        ("25", Rational(25, 1)), ("24000/1001", Rational(24000, 1001)), ("23.976", Rational(24000, 1001)),
        ("23.98", Rational(24000, 1001)), ("29.97", Rational(30000, 1001)), ("59.94", Rational(60000, 1001)),
        ("119.88", Rational(120_000, 1001)), ("12.5", Rational(12500, 1000)), ("0.5", Rational(500, 1000)),
    ])
    func decimalsOfNTSCRatesMeanTheExactFraction(text: String, expected: Rational) throws {
        #expect(try workshop.parameters("--frame-rate \(text)").frameRate == expected)
    }

    @Test(arguments: ["0", "-1", "1/0", "0/1", "25fps", "1/2/3", "nan", "inf", "5000"])
    func ratesThatAreNoneAreRefused(text: String) {
        #expect(ValueForm<Rational>.frameRate.read(text) == nil)
    }

    @Test(arguments: [
        ("1080p", Resolution.height(1080)), ("720p", .height(720)), ("1280x720", .box(width: 1280, height: 720)),
    ])
    func sizesAreHeightsOrBoxes(text: String, expected: Resolution) throws {
        #expect(try workshop.parameters("--resolution \(text)").resolution == expected)
    }

    @Test(arguments: ["720", "0p", "p", "1280x", "x720", "1280x720x2", "-2x720", "99999p"])
    func sizesThatAreNoneAreRefused(text: String) {
        #expect(ValueForm<Resolution>.resolution.read(text) == nil)
    }

    @Test(arguments: [
        ("vmaf:95", TargetQuality(metric: .vmaf, value: 95)), ("vmaf:92.5", TargetQuality(metric: .vmaf, value: 92.5)),
        ("ssim:0.98", TargetQuality(metric: .ssim, value: 0.98)),
    ])
    func aQualityIsAMeasureAndItsValue(text: String, expected: TargetQuality) throws {
        #expect(try workshop.parameters("--target-quality \(text)").targetQuality == expected)
        #expect(expected.description == text)
    }

    @Test(arguments: [
        "95", "vmaf", "vmaf:", "vmaf:101", "vmaf:-1", "ssim:95", "psnr:40", "vmaf:95:1", "ssim:nan", "VMAF:95",
    ])
    func qualitiesThatAreNoneAreRefused(text: String) {
        #expect(ValueForm<TargetQuality>.targetQuality.read(text) == nil)
    }

    @Test func secondsBecomeMilliseconds() throws {
        #expect(try workshop.parameters("--segment-duration 2.5").segmentDurationMilliseconds == 2500)
    }

    @Test func everyEncodingOptionReachesItsParameter() throws {
        let parameters = try workshop.parameters(
            "--codec av1 --bitrate 2.5M --two-pass --preset 8 --resolution 720p --allow-upscale --frame-rate 30 "
                + "--pixel-format yuv420p10le --deinterlace --hw-accel none --audio-codec opus --audio-bitrate 96k "
                + "--flatten-subtitles --segment-duration 4 --split fixed --container mkv")
        var expected = TranscodeParameters()
        expected.codec = .codec(.av1)
        expected.bitrate = BitRate(2_500_000)
        expected.twoPass = true
        expected.preset = "8"
        expected.resolution = .height(720)
        expected.allowUpscale = true
        expected.frameRate = Rational(30, 1)
        expected.pixelFormat = "yuv420p10le"
        expected.deinterlace = true
        expected.hardware = HardwareChoice.none
        expected.audioCodec = .opus
        expected.audioBitrate = BitRate(96000)
        expected.flattenSubtitles = true
        expected.segmentDurationMilliseconds = 4000
        expected.split = .fixed
        expected.container = .mkv
        #expect(parameters == expected)
    }

    @Test func everyWorkOptionReachesTheRequest() throws {
        let settings = try workshop.settings(
            "transcode in.mkv out.mp4 --workers 3 --nice 5 --verify full --overwrite --work-directory w --keep-work "
                + "--priority high --name n")
        let request = try RequestBuilder(settings: settings).request(input: "in.mkv", output: "out.mp4")
        var expected = TranscodeRequest(input: "in.mkv", output: "out.mp4", parameters: TranscodeParameters())
        expected.workers = 3
        expected.niceness = 5
        expected.verification = .full
        expected.overwrite = true
        expected.workDirectory = "w"
        expected.keepWork = true
        expected.priority = .high
        expected.name = "n"
        #expect(request == expected)
    }

    @Test func encoderOptionsKeepTheirOrderWithSingleOnesLast() throws {
        let settings = try workshop.settings(
            ["transcode", "a", "b.mp4", "--video-option", "bf=3", "--ffmpeg-params", "-tune 'film' -profile:v high"])
        let request = try RequestBuilder(settings: settings).request(input: "a", output: "b.mp4")
        #expect(
            request.parameters.encoderOptions
                == [EncoderOption("tune", "film"), EncoderOption("profile", "high"), EncoderOption("bf", "3")])
    }

    @Test(arguments: [
        ("", ContainerFormat.mp4, "film.mp4"), ("", .mp4, "film.M4V"), ("", .mkv, "a.b/film.mkv"),
        ("", .mov, "film.mov"),
        ("--container mkv", .mkv, "film.bin"), ("--container mkv", .mkv, "film"),
    ])
    func theContainerGoesByTheSuffixUnlessNamed(options: String, expected: ContainerFormat, output: String) throws {
        #expect(try workshop.parameters(options, output: output).container == expected)
    }

    @Test func webMTakesItsOwnCodecsByDefault() throws {
        let parameters = try workshop.parameters("", output: "film.webm")
        #expect(parameters.codec == .codec(.vp9))
        #expect(parameters.audioCodec == .opus)
        #expect(try workshop.parameters("--codec av1", output: "film.webm").codec == .codec(.av1))
    }

    @Test(arguments: [
        ("--container mp4", "film.webm", CommandLineError.Code.contradiction), ("", "film.xyz", .missingValue),
        ("", "film", .missingValue), ("", ".mp4", .missingValue), ("--crf 20 --bitrate 4M", "film.mp4", .contradiction),
        ("--crf 20 --target-quality vmaf:95", "film.mp4", .contradiction),
        ("--bitrate 4M --target-quality vmaf:95", "film.mp4", .contradiction),
        ("--codec copy --target-quality vmaf:95", "film.mp4", .contradiction),
        ("--two-pass", "film.mp4", .contradiction), ("--codec copy --crf 20", "film.mp4", .contradiction),
        ("--codec copy --resolution 720p", "film.mp4", .contradiction),
        ("--audio-codec none --audio-bitrate 96k", "film.mp4", .contradiction),
        ("--audio-codec copy --audio-bitrate 96k", "film.mp4", .contradiction),
    ])
    func contradictionsAreUsageErrors(options: String, output: String, code: CommandLineError.Code) {
        let error = #expect(throws: CommandLineError.self) { try workshop.parameters(options, output: output) }
        #expect(error?.code == code)
        #expect(error?.exitStatus == .usage)
    }
}
