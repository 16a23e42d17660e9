// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct VideoCommandTests {
    @Test func theDefaultEncodeIsX264() throws {
        let task = try Sample.firstTask(segment: 1)
        #expect(
            Sample.text(task.command) == """
                -copyts -noaccurate_seek -ss 12.130434 -threads 1 -flags unaligned -noautorotate -i file:IN -map 0:0 -an -sn -dn \
                -filter_threads 1 -vf trim=start_pts=12000:end_pts=24000,\
                scale=w=1280:h=720:flags=bicubic+accurate_rnd+bitexact+full_chroma_int,format=pix_fmts=yuv420p,setsar=sar=0 \
                -fps_mode passthrough -enc_time_base -1 -c:v libx264 -preset:v medium -crf:v 23 -g:v 250 -threads:v 1 \
                -x264-params stitchable=1 -map_metadata -1 -fflags +bitexact -flags:v +bitexact -f matroska file:OUT
                """)
    }

    /// What follows the filters and comes before the muxer.
    private func encoder(
        _ properties: VideoProperties = VideoProperties(width: 1280, height: 720, pixelFormat: "yuv420p"),
        _ change: (inout TranscodeParameters) -> Void
    ) throws -> String {
        let text = Sample.text(
            try Sample.firstTask([Sample.video(properties)]) {
                $0.container = .mkv
                change(&$0)
            }.command)
        let start = try #require(text.firstRange(of: "-c:v"))
        let end = try #require(text.firstRange(of: " -map_metadata"))
        return String(text[start.lowerBound..<end.lowerBound])
    }

    @Test(arguments: [
        (
            "libx265",
            "-preset:v medium -crf:v 28 -g:v 250 -x265-params info=0:pools=none:frame-threads=1:log-level=error"
        ), ("libsvtav1", "-preset:v 8 -crf:v 35 -g:v 300 -svtav1-params lp=1"),
        ("libaom-av1", "-cpu-used:v 6 -crf:v 32 -b:v 0 -g:v 250 -row-mt:v 0 -threads:v 1"),
        ("libvpx-vp9", "-deadline:v good -cpu-used:v 2 -crf:v 32 -b:v 0 -g:v 250 -row-mt:v 0 -threads:v 1"),
        ("ffv1", "-level:v 3 -g:v 1 -slices:v 4 -slicecrc:v 1 -threads:v 1"),
        ("h264_vaapi", "-rc_mode:v CQP -qp:v 25 -g:v 250"),
    ])
    func everyEncoderHasItsArguments(name: String, expected: String) throws {
        #expect(try encoder { $0.codec = .encoder(name) } == "-c:v \(name) \(expected)")
    }

    @Test func optionsOfUsersAreMergedWithOurs() throws {
        let text = try encoder {
            $0.crf = 18.5
            $0.preset = "slow"
            $0.encoderOptions = [
                EncoderOption("tune", "film"), EncoderOption("g", "120"),
                EncoderOption("x264-params", "bframes=5:no-mbtree"),
            ]
        }
        #expect(
            text
                == "-c:v libx264 -preset:v slow -crf:v 18.5 -g:v 120 -threads:v 1 -tune:v film -x264-params stitchable=1:bframes=5:no-mbtree=1"
        )
    }

    @Test func hdrMetadataIsHandedToTheEncoder() throws {
        var properties = VideoProperties(
            width: 1280, height: 720, pixelFormat: "yuv420p10le", bitDepth: 10,
            color: ColorDescription(
                primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv", chromaLocation: "topleft"))
        properties.masteringDisplay = MasteringDisplay(
            primaries: [
                Rational(34000, 50000), Rational(16000, 50000), Rational(13250, 50000), Rational(34500, 50000),
                Rational(7500, 50000), Rational(3000, 50000),
            ], whitePoint: [Rational(15635, 50000), Rational(16450, 50000)], minLuminance: Rational(50, 10000),
            maxLuminance: Rational(1000, 1))
        properties.contentLight = ContentLight(maxContentLevel: 1000, maxFrameAverageLevel: 400)
        let tags =
            " -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv -chroma_sample_location topleft"
        let x265 = try encoder(properties) { $0.codec = .codec(.hevc) }
        #expect(
            x265.hasSuffix(
                "hdr10=1:repeat-headers=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
                    + tags))
        let svt = try encoder(properties) { $0.codec = .codec(.av1) }
        #expect(
            svt.hasSuffix(
                "lp=1:mastering-display=G(0.26500,0.69000)B(0.15000,0.06000)R(0.68000,0.32000)WP(0.31270,0.32900)L(1000.0000,0.0050):content-light=1000,400"
                    + tags))
    }

    @Test func filtersStandInTheOrderOfTheirWork() throws {
        let properties = VideoProperties(
            width: 720, height: 576, sampleAspectRatio: Rational(16, 15), pixelFormat: "yuv420p", fieldOrder: .tt)
        let text = Sample.text(
            try Sample.firstTask(
                [Sample.video(properties)], index: Sample.index(frames: 2400, exact: false), segment: 1
            ) {
                $0.deinterlace = true
                $0.frameRate = Rational(10, 1)
                $0.resolution = .height(288)
            }.command)
        #expect(
            text.contains(
                "-vf trim=start_pts=11960:end_pts=24040,bwdif=mode=send_frame:parity=tff:deint=all,settb=expr=1/1000,trim=start_pts=12000,fps=fps=10/1:round=near,trim=start_pts=120:end_pts=240,scale=w=360:h=288:flags=bicubic+accurate_rnd+bitexact+full_chroma_int,format=pix_fmts=yuv420p,setsar=sar=16/15:max=1000000 -fps_mode"
            ))
        #expect(!text.contains("-enc_time_base"))
    }

    @Test func fieldsAreEncodedAsFieldsByX264() throws {
        let properties = VideoProperties(width: 720, height: 576, pixelFormat: "yuv420p", fieldOrder: .bb)
        let text = Sample.text(try Sample.firstTask([Sample.video(properties)]).command)
        #expect(text.contains("setfield=mode=bff"))
        #expect(text.contains("-flags:v +bitexact+ildct+ilme"))
        #expect(text.contains(":interl=1"))
    }

    @Test func soundKeepsItsChannelsAndStart() throws {
        let streams = [Sample.video(), Sample.stream(1, .audio, "ac3", channels: 6, rate: 37_800, layout: "5.1(side)")]
        let plan = try Sample.plan(streams) { $0.audioCodec = .opus }
        let tasks = try StagePlanner(plan: plan, index: Sample.index(frames: 2400), codecMajorVersion: 59)
            .nextTasks(completed: [:])
        let sound = try #require(tasks.last)
        #expect(sound.id == TaskID("audio-1"))
        #expect(
            Sample.text(sound.command)
                == "-copyts -threads 1 -i file:IN -map 0:1 -vn -sn -dn -filter_threads 1 -af aresample=async=1:min_hard_comp=0.1:max_soft_comp=0,aformat=channel_layouts=5.1 -c:a libopus -b:a 288000 -ar 48000 -mapping_family 1 -threads 1 -map_metadata -1 -fflags +bitexact -flags:a +bitexact -movie_timescale 48000 -f mp4 file:OUT"
        )
    }

    @Test(arguments: [
        ("libsvtav1", EncoderOption("film-grain", "8"), "film-grain=8"),
        ("libsvtav1", EncoderOption("tune", "0"), "tune=0"), ("libx264", EncoderOption("keyint", "12"), "keyint=12"),
        ("libx264", EncoderOption("deblock", "-1:-1"), "-deblock:v -1:-1"),
        ("libx264", EncoderOption("x264-params", "deblock=-1:no-psy"), "deblock=-1:no-psy=1"),
    ])
    func settingsOfTheEncoderMayBeNamedAlone(encoder: String, option: EncoderOption, words: String) throws {
        let task = try Sample.firstTask {
            $0.codec = .encoder(encoder)
            $0.container = .mkv
            $0.encoderOptions = [option]
        }
        #expect(Sample.text(task.command).contains(words))
    }

    @Test(arguments: [("keyint", "12:qpfile=x"), ("qpfile", "x"), ("tune", "film,x=1"), ("bogus", "1")])
    func settingsThatAreNotListedAreRefusedHoweverTheyAreNamed(key: String, value: String) {
        let error = #expect(throws: PlanningError.self) {
            try Sample.firstTask { $0.encoderOptions = [EncoderOption(key, value)] }
        }
        #expect(error?.code == .optionRefused)
        #expect(error?.advice != nil)
    }
}
