// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

/// Names that players know, and subtitles as they read them.
@Suite struct StreamNamesTests {
    private static let loads: [(VideoCodec, Int, Int, Double, Int64, String)] = [
        (.h264, 1280, 720, 25, 4_000_000, "avc1.64001F"), (.h264, 1920, 1080, 60, 7_500_000, "avc1.64002A"),
        (.h264, 426, 240, 25, 480_000, "avc1.640015"), (.h264, 3840, 2160, 30, 20_000_000, "avc1.640033"),
        (.hevc, 1920, 1080, 30, 5_000_000, "hvc1.1.6.L120.90"), (.av1, 1280, 720, 30, 3_000_000, "av01.0.05M.08"),
    ]

    @Test(arguments: loads)
    func levelsAreTheLowestThatDo(_ codec: VideoCodec, width: Int, height: Int, rate: Double, peak: Int64, name: String)
    {
        let load = CodecName.Load(width: width, height: height, frameRate: rate, peak: BitRate(peak))
        let level = CodecName.level(of: codec, for: load)
        #expect(CodecName.video(codec, level: level, bitDepth: 8) == name)
    }

    @Test func languagesAreTheShortestTags() {
        #expect(LanguageTag.tag("ger") == "de" && LanguageTag.tag("deu") == "de" && LanguageTag.tag("ENG") == "en")
        #expect(LanguageTag.tag("und") == nil && LanguageTag.tag(nil) == nil && LanguageTag.tag("a b") == nil)
        #expect(LanguageTag.tag("pt-br") == "pt-br" && LanguageTag.tag("haw") == "haw")
        #expect(LanguageTag.name("de") == "Deutsch")
    }

    @Test func subtitlesCountFromTheFirstPicture() {
        let text = """
            WEBVTT

            00:01.000 --> 00:02.000
            before

            1
            00:59.500 --> 01:01.000 align:start
            spans the zero

            01:00:10.250 --> 01:00:12.000
            two
            lines

            broken --> 00:10

            """
        let subtitles = SubtitleText(webVTT: text, origin: 60_000)
        #expect(
            subtitles.cues == [
                SubtitleCue(start: 0, end: 1_000, settings: "align:start", text: "spans the zero"),
                SubtitleCue(start: 3_550_250, end: 3_552_000, text: "two\nlines"),
            ])
        #expect(
            subtitles.webVTT.hasPrefix(
                "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n00:00:00.000 --> 00:00:01.000 align:start\n"
            ))
        #expect(SubtitleText(cues: []).webVTT == "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n")
    }
}
