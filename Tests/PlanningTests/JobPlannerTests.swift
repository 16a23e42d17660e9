// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct JobPlannerTests {
    /// One refusal: what is asked for, and the code and words of the answer.
    struct Refusal: Sendable, CustomStringConvertible {
        let description: String
        let code: PlanningError.Code
        let words: String
        let change: @Sendable (inout TranscodeParameters) -> Void

        init(
            _ description: String, _ code: PlanningError.Code, _ words: String,
            _ change: @escaping @Sendable (inout TranscodeParameters) -> Void
        ) {
            self.description = description
            self.code = code
            self.words = words
            self.change = change
        }
    }

    static let refusals = [
        Refusal("crf and bitrate", .contradiction, "exclude each other") {
            $0.crf = 20
            $0.bitrate = BitRate(1_000_000)
        },
        Refusal("target quality and crf", .contradiction, "--target-quality excludes") {
            $0.crf = 20
            $0.targetQuality = TargetQuality(metric: .ssim, value: 0.98)
        },
        Refusal("target quality and bitrate", .contradiction, "--target-quality excludes") {
            $0.bitrate = BitRate(1_000_000)
            $0.targetQuality = TargetQuality(metric: .ssim, value: 0.98)
        },
        Refusal("target quality out of range", .badValue, "ssim:1.5 is out of range") {
            $0.targetQuality = TargetQuality(metric: .ssim, value: 1.5)
        },
        Refusal("target quality of a lossless encoder", .contradiction, "lossless") {
            $0.codec = .codec(.ffv1)
            $0.container = .mkv
            $0.targetQuality = TargetQuality(metric: .ssim, value: 0.98)
        },
        Refusal("target quality of a copy", .contradiction, "--target-quality") {
            $0.codec = .copy
            $0.targetQuality = TargetQuality(metric: .ssim, value: 0.98)
        },
        Refusal("two passes to nowhere", .contradiction, "--two-pass needs") { $0.twoPass = true },
        Refusal("crf of a lossless encoder", .contradiction, "lossless") {
            $0.codec = .codec(.ffv1)
            $0.container = .mkv
            $0.crf = 20
        },
        Refusal("bit rate of a lossless encoder", .contradiction, "lossless") {
            $0.codec = .codec(.ffv1)
            $0.container = .mkv
            $0.bitrate = BitRate(1_000_000)
        },
        Refusal("copy with scale", .contradiction, "--resolution") {
            $0.codec = .copy
            $0.resolution = .height(480)
        },
        Refusal("crf out of range", .badValue, "--crf 60") { $0.crf = 60 },
        Refusal("crf with decimals", .badValue, "--crf 30.5") {
            $0.codec = .codec(.av1)
            $0.crf = 30.5
        },
        Refusal("unknown preset", .badValue, "no preset \"warp\"") { $0.preset = "warp" },
        Refusal("unknown encoder", .unknownEncoder, "no encoder \"libwarp\"") { $0.codec = .encoder("libwarp") },
        Refusal("pixel format of another encoder", .badValue, "does not take") {
            $0.codec = .codec(.av1)
            $0.pixelFormat = "yuv444p"
        },
        Refusal("ffv1 in MP4", .contradiction, "mp4 cannot hold ffv1") { $0.codec = .codec(.ffv1) },
        Refusal("threads", .optionRefused, "one thread") { $0.encoderOptions = [EncoderOption("threads", "8")] },
        Refusal("threads in x264's own options", .optionRefused, "one thread") {
            $0.encoderOptions = [EncoderOption("x264-params", "bframes=3:sliced-threads=1")]
        },
        Refusal("a file", .optionRefused, "names a file") {
            $0.encoderOptions = [EncoderOption("x264-params", "stats=/etc/x")]
        },
        Refusal("an unknown option", .optionRefused, "not one that Martlet hands") {
            $0.encoderOptions = [EncoderOption("attach", "/etc/passwd")]
        },
        Refusal("a value with a path", .optionRefused, "not a plain word") {
            $0.encoderOptions = [EncoderOption("tune", "../x")]
        },
        Refusal("a picture of nothing", .badValue, "cannot be made") { $0.resolution = .height(0) },
    ]

    @Test(arguments: refusals)
    func contradictionsAreUsageErrors(refusal: Refusal) {
        let error = #expect(throws: PlanningError.self) { try Sample.plan([Sample.video()], refusal.change) }
        #expect(error?.code == refusal.code)
        #expect(error?.message.contains(refusal.words) == true, "\(error?.message ?? "")")
        #expect(error?.exitStatus == .usage)
    }

    @Test func sourcesWithNothingToEncodeAreBadInput() {
        var blind = Sample.video(codec: "vp10")
        blind.isDecodable = false
        for streams in [[], [Sample.stream(0, .subtitle, "subrip")], [blind]] {
            let error = #expect(throws: PlanningError.self) { try Sample.plan(streams) }
            #expect(error?.exitStatus == .badInput)
        }
        let empty = #expect(throws: PlanningError.self) {
            try Sample.plan([Sample.video()], index: Sample.index(frames: 0))
        }
        #expect(empty?.code == .nothingToEncode)
    }

    @Test func softwareStandsInForHardwareWithAWarning() throws {
        let plan = try Sample.plan([Sample.video()]) { $0.codec = .encoder("h264_nvenc") }
        #expect(plan.encoder == "libx264")
        #expect(
            plan.warnings == [
                "h264_nvenc does not work here (Cannot load libcuda.so.1); encoding with libx264 instead."
            ])
        let asked = try Sample.plan([Sample.video()]) { $0.hardware = .nvenc }
        #expect(asked.warnings == plan.warnings)
        #expect(try Sample.plan([Sample.video()]).warnings.isEmpty)
        #expect(try Sample.plan([Sample.video()]) { $0.hardware = .vaapi }.encoder == "h264_vaapi")
    }

    @Test func theFirstWorkingSoftwareEncoderOfACodecIsTaken() throws {
        #expect(EncoderSelection.candidates(codec: .codec(.av1), hardware: .auto) == ["libsvtav1", "libaom-av1"])
        #expect(EncoderSelection.candidates(codec: .codec(.av1), hardware: .qsv).first == "av1_qsv")
        #expect(try Sample.plan([Sample.video()]) { $0.codec = .codec(.av1) }.encoder == "libsvtav1")
    }

    @Test func aPlanSurvivesBeingStored() throws {
        let properties = VideoProperties(width: 720, height: 576, sampleAspectRatio: Rational(16, 15), fieldOrder: .tt)
        let plan = try Sample.plan([Sample.video(properties)]) { $0.bitrate = BitRate(2_000_000) }
        #expect(plan == (try Sample.plan([Sample.video(properties)]) { $0.bitrate = BitRate(2_000_000) }))
    }

    @Test(arguments: [
        ("matroska,webm", 40_000_000, true), ("matroska,webm", 37_000_000, false), ("mpegts", 40_000_000, false),
    ])
    func sourceThatEndsLongBeforeItSaysIsNoticed(format: String, stated: Int64, isNoticed: Bool) throws {
        for codec in [CodecRequest.codec(.h264), .copy] {
            var source = Sample.source(format: format, [Sample.video()])
            source.durationMicroseconds = stated
            var parameters = TranscodeParameters()
            parameters.codec = codec
            let plan = try JobPlanner.plan(
                source: source, index: Sample.index(frames: 900), parameters: parameters,
                availability: Sample.availability)
            #expect(
                plan.warnings.contains(
                    "The source states a length of 40.0 s, but its picture ends after 36.0 s: it may have been cut short."
                ) == isNoticed)
        }
    }

    @Test func soundThatIsLeftOutOfASourceWithoutPictureIsNamedAsTheReason() {
        let error = #expect(throws: PlanningError.self) {
            try Sample.plan([Sample.stream(0, .audio, "aac")], index: nil) { $0.audioCodec = .none }
        }
        #expect(error?.code == .nothingToEncode)
        #expect(error?.message.contains("--audio-codec none") == true)
    }

    // MARK: Before the source is read

    @Test(arguments: [
        ("passlogfile", "/etc/passwd"), ("x264-params", "stats=/tmp/a"), ("vf", "movie=/etc/passwd"),
        ("tune", "../film"), ("wings", "2"),
    ])
    func encoderOptionsAreRefusedBeforeAnySourceIsRead(key: String, value: String) throws {
        var parameters = TranscodeParameters()
        parameters.encoderOptions = [EncoderOption(key, value)]
        let error = #expect(throws: PlanningError.self) { try JobPlanner.check(parameters) }
        #expect(error?.code == .optionRefused)
        #expect(error?.message.contains(key == "x264-params" ? "stats" : key) == true)
        #expect(error?.exitStatus == .usage)
    }

    @Test func optionsThatOneOfThePossibleEncodersTakesAreNotRefusedYet() throws {
        var parameters = TranscodeParameters()
        parameters.hardware = .nvenc
        for option in [EncoderOption("spatial-aq", "1"), EncoderOption("x264-params", "aq-mode=3")] {
            parameters.encoderOptions = [option]
            try JobPlanner.check(parameters)
        }
        parameters.encoderOptions = [EncoderOption("spatial-aq", "1"), EncoderOption("x264-params", "aq-mode=3")]
        #expect(throws: PlanningError.self) { try JobPlanner.check(parameters) }
    }

    @Test func contradictionsAndUnknownEncodersAreRefusedBeforeAnySourceIsRead() {
        func code(_ change: (inout TranscodeParameters) -> Void) -> PlanningError.Code? {
            var parameters = TranscodeParameters()
            change(&parameters)
            do {
                try JobPlanner.check(parameters)
                return nil
            } catch { return error.code }
        }
        #expect(code { _ in } == nil)
        #expect(code { $0.codec = .copy } == nil)
        #expect(code { $0.codec = .encoder("libnothing") } == .unknownEncoder)
        #expect(code { $0.crf = 99 } == .badValue)
        #expect(code { ($0.codec, $0.container) = (.codec(.h264), .webm) } == .contradiction)
        #expect(code { ($0.crf, $0.bitrate) = (20, BitRate(4_000_000)) } == .contradiction)
    }
}
