// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct LayoutPlannerTests {
    private let everything = [
        Sample.video(), Sample.stream(1, .audio, "dts", channels: 6, layout: "5.1(side)"),
        Sample.stream(2, .subtitle, "subrip", tags: [Tag("language", "eng")]), Sample.stream(3, .subtitle, "ass"),
        Sample.stream(4, .subtitle, "hdmv_pgs_subtitle", tags: [Tag("language", "fre")]),
        Sample.stream(5, .attachment, "ttf", tags: [Tag("filename", "a.ttf")]),
        Sample.stream(6, .video, "mjpeg", disposition: .attachedPicture), Sample.stream(7, .data, "none"),
    ]

    /// A layout in words.
    private func words(_ plan: JobPlan) -> [String] {
        plan.layout.streams.map { stream in
            switch stream.origin {
            case .segments: "\(stream.sourceIndex) \(stream.codec) segments"
            case .task(let id): "\(stream.sourceIndex) \(stream.codec) \(id)"
            case .source: "\(stream.sourceIndex) \(stream.codec) source"
            case .attachment: "\(stream.sourceIndex) \(stream.codec) attachment"
            }
        }
    }

    @Test func mp4ConvertsPlainSubtitlesAndNamesWhatItCannotHold() throws {
        let plan = try Sample.plan(everything)
        #expect(words(plan) == ["0 h264 segments", "1 aac audio-1", "2 mov_text subtitle-2", "6 mjpeg attachment"])
        #expect(
            plan.layout.omissions.map(\.subject) == [
                "subtitle stream 3 (ass)", "subtitle stream 4 (hdmv_pgs_subtitle, fre)",
                "attachment stream 5 (ttf, a.ttf)", "data stream 7",
            ])
        #expect(plan.layout.omissions[1].advice == "Use --container mkv.")
    }

    @Test func matroskaHoldsAlmostEverything() throws {
        let plan = try Sample.plan(everything) {
            $0.container = .mkv
            $0.audioCodec = .copy
        }
        #expect(
            words(plan) == [
                "0 h264 segments", "1 dts source", "2 subrip source", "3 ass source", "4 hdmv_pgs_subtitle source",
                "5 ttf attachment", "6 mjpeg attachment",
            ])
        #expect(plan.layout.omissions.map(\.sourceIndex) == [7])
    }

    @Test func tracksOfChaptersAndTimeCodesAreNotMissed() throws {
        var picture = Sample.video()
        picture.tags = [Tag("timecode", "01:00:00:00")]
        var source = Sample.source([
            picture, Sample.stream(1, .data, "bin_data"),
            Sample.stream(2, .data, "none", tags: [Tag("timecode", "01:00:00:00")]),
            Sample.stream(3, .data, "none", tags: [Tag("timecode", "02:00:00:00")]),
        ])
        func missed() throws -> [Int] {
            try JobPlanner.plan(
                source: source, index: Sample.index(frames: 300), parameters: TranscodeParameters(),
                availability: Sample.availability
            ).layout.omissions.map(\.sourceIndex)
        }
        #expect(try missed() == [1, 3])
        source.chapters = [Chapter(id: 0, start: 0, end: 10, timeBase: TimeBase(1, 1))]
        #expect(try missed() == [3])
    }

    @Test func rolesThatTheContainerHasNoMarkForAreNamed() throws {
        let streams = [
            Sample.video(),
            Sample.stream(1, .audio, "aac", disposition: [.default, .comment], tags: [Tag("language", "und")]),
            Sample.stream(2, .subtitle, "subrip", disposition: [.forced, .hearingImpaired]),
        ]
        func omissions(_ container: ContainerFormat) throws -> [String] {
            try Sample.plan(streams) {
                $0.container = container
                if container == .webm { ($0.codec, $0.audioCodec) = (.codec(.vp9), .opus) }
            }.layout.omissions.map(\.subject)
        }
        #expect(try omissions(.mkv).isEmpty)
        #expect(try omissions(.mp4).isEmpty)
        #expect(
            try omissions(.webm)
                == ["role comment of audio stream 1 (aac)", "role hearing_impaired of subtitle stream 2 (subrip)"])
        #expect(
            try omissions(.mov)
                == [
                    "role comment of audio stream 1 (aac)",
                    "role forced, hearing_impaired of subtitle stream 2 (subrip)",
                ]
        )
    }

    @Test func stylesAreFlattenedOnRequest() throws {
        let plan = try Sample.plan(everything) { $0.flattenSubtitles = true }
        #expect(words(plan).contains("3 mov_text subtitle-3"))
    }

    @Test func webmTakesItsOwnCodecsOnly() throws {
        let plan = try Sample.plan(everything) {
            $0.container = .webm
            $0.codec = .codec(.vp9)
            $0.audioCodec = .opus
        }
        #expect(words(plan) == ["0 vp9 segments", "1 opus audio-1", "2 webvtt subtitle-2"])
        for change in [
            { (parameters: inout TranscodeParameters) in parameters.codec = .codec(.h264) },
            { (parameters: inout TranscodeParameters) in parameters.audioCodec = .aac },
            { (parameters: inout TranscodeParameters) in parameters.audioCodec = .copy },
        ] {
            let error = #expect(throws: PlanningError.self) {
                try Sample.plan(everything) {
                    $0.container = .webm
                    $0.codec = .codec(.av1)
                    $0.audioCodec = .opus
                    change(&$0)
                }
            }
            #expect(error?.code == .contradiction)
            #expect(error?.message.contains("webm cannot hold") == true)
        }
    }

    @Test func soundWithoutDecoderIsCopiedOrNamed() throws {
        let plan = try Sample.plan([
            Sample.video(), Sample.stream(1, .audio, "ac3", decodable: false),
            Sample.stream(2, .audio, "atrac9", decodable: false),
        ])
        #expect(words(plan) == ["0 h264 segments", "1 ac3 source"])
        #expect(plan.layout.omissions.map(\.sourceIndex) == [2])
    }

    @Test func clocksWithoutAZeroStartWithTheFirstCarriedStream() throws {
        var sound = Sample.stream(1, .audio, "mp2")
        sound.startTime = 1300
        var index = Sample.index(frames: 2400)
        for frame in index.presentationTimes.indices { index.presentationTimes[frame] += 1400 }
        let source = Sample.source(
            format: "mpegts", start: 1_000_000, hasArbitraryOrigin: true, [Sample.video(), sound])
        var parameters = TranscodeParameters()
        func origin() throws -> Int64 {
            try JobPlanner.plan(
                source: source, index: index, parameters: parameters, availability: Sample.availability
            ).layout.originMicroseconds
        }
        #expect(try origin() == 1_300_000)
        parameters.audioCodec = .none
        #expect(try origin() == 1_400_000)
    }

    @Test func aFileWithoutPictureIsTranscodedAsSound() throws {
        let plan = try Sample.plan([Sample.stream(0, .audio, "flac")], index: nil)
        #expect(plan.encoder == nil)
        #expect(plan.segments.isEmpty)
        #expect(words(plan) == ["0 aac audio-0"])
    }
}
