// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

/// What a stream offers, before anything is encoded.
@Suite struct StreamPlanTests {
    private static let aac = AudioRuns(
        streamIndex: 1, packetSamples: 1024, gridSamples: 1024,
        runs: [AudioRun(firstSample: 0, sampleCount: 1_875 * 1024)])

    private static func runs(_ stream: Int, size: Int? = 1536) -> AudioRuns {
        AudioRuns(
            streamIndex: stream, packetSamples: size, gridSamples: size,
            runs: [AudioRun(firstSample: 0, sampleCount: 1_250 * 1536)])
    }

    private func film(_ others: [StreamDescription], sounds: [AudioRuns]) -> StreamFilm {
        film(VideoProperties(width: 1280, height: 720, pixelFormat: "yuv420p"), others, sounds: sounds)
    }

    private func film(
        _ video: VideoProperties = VideoProperties(
            width: 1280, height: 720, pixelFormat: "yuv420p", averageFrameRate: Rational(25, 1)),
        _ others: [StreamDescription] = [Sample.stream(1, .audio, "aac", tags: [Tag("language", "ger")])],
        sounds: [AudioRuns] = [aac], index: FrameIndex = Sample.index(frames: 1_000)
    ) -> StreamFilm {
        StreamFilm(source: Sample.source([Sample.video(video)] + others), index: index, sounds: sounds)
    }

    private let options = StreamOptions(encoder: "libx264", build: "b", codecMajorVersion: 59)

    @Test func qualitiesNeverExceedTheSource() throws {
        #expect(
            try StreamPlan(film: film(), options: options).video.map(\.name) == ["original", "480p", "360p", "240p"])
        let small = VideoProperties(width: 200, height: 200, pixelFormat: "yuv420p")
        #expect(try StreamPlan(film: film(small), options: options).video.map(\.name) == ["original"])
        let large = VideoProperties(width: 3840, height: 2160, pixelFormat: "yuv420p")
        #expect(
            try StreamPlan(film: film(large), options: options).video.map(\.name)
                == ["original", "1440p", "1080p", "720p", "480p", "360p", "240p"])
    }

    @Test(arguments: [
        (1080, 1920, 0), (1920, 1080, 90), (1920, 800, 0), (720, 576, 0), (3840, 2160, 0), (1088, 1088, 0),
    ])
    func smallerQualitiesHaveFewerPixelsAndTakeLess(width: Int, height: Int, turn: Int) throws {
        var video = VideoProperties(width: width, height: height, pixelFormat: "yuv420p")
        if turn != 0 { video.displayMatrix = DisplayMatrix(values: [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]) }
        let qualities = try StreamPlan(film: film(video), options: options).video
        let side = min(width, height)
        #expect(qualities.count > 1)
        for (larger, smaller) in zip(qualities, qualities.dropFirst()) {
            let (shape, next) = (larger.size, smaller.size)
            #expect(next.width * next.height < shape.width * shape.height, "\(smaller.name)")
            #expect(smaller.peak.bitsPerSecond < larger.peak.bitsPerSecond, "\(smaller.name)")
            #expect("\(min(next.width, next.height))p" == smaller.name && min(next.width, next.height) < side)
        }
    }

    @Test func theMasterPlaylistNamesEverything() throws {
        let others = [
            Sample.stream(1, .audio, "aac", tags: [Tag("language", "ger")]),
            Sample.stream(2, .audio, "ac3", channels: 6, disposition: .default, tags: [Tag("language", "eng")]),
            Sample.stream(3, .subtitle, "subrip", disposition: .forced, tags: [Tag("language", "fre")]),
            Sample.stream(4, .subtitle, "hdmv_pgs_subtitle", tags: [Tag("language", "eng")]),
        ]
        let plan = try StreamPlan(film: film(others, sounds: [Self.aac, Self.runs(2)]), options: options)
        let text = plan.master(query: "v=7")
        let lines = text.split(separator: "\n")
        #expect(lines.prefix(3) == ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"])
        #expect(lines.contains("# Subtitle track 4, en (hdmv_pgs_subtitle) is made of images."))
        #expect(
            lines.contains(
                #"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a1/index.m3u8?v=7""#
            ))
        #expect(
            lines.contains(
                #"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="original",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6",URI="a2-copy/index.m3u8?v=7""#
            ))
        #expect(
            lines.contains(
                #"#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Français",LANGUAGE="fr",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="s3/index.m3u8?v=7""#
            ))
        #expect(lines.filter { $0.hasPrefix("#EXT-X-STREAM-INF") }.count == 8)
        #expect(text.contains(#"CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000"#))
        #expect(text.contains(#"CODECS="avc1.64001F,mp4a.40.2,ac-3""#))
    }

    @Test("What MPEG-TS adds is counted in what players are told of the rate")
    func rateOfTransportStreams() throws {
        func rates(_ container: SegmentContainer) throws -> [Int] {
            var options = options
            options.container = container
            let text = try StreamPlan(film: film(), options: options).master()
            return text.matches(of: /STREAM-INF:BANDWIDTH=([0-9]+)/).compactMap { Int($0.1) }
        }
        let (plain, wrapped) = try (rates(.mp4), rates(.ts))
        #expect(plain.count >= 4 && wrapped.count >= 4)
        // Frames of 160 kb/s at 48 kHz fill three packets; tables come on top of that in both.
        for (less, more) in zip(plain, wrapped) { #expect(more - less > 80_000 && more < less * 5 / 4) }
    }

    @Test("A film ends when its sound is over that goes on without a hole")
    func soundThatOutlastsThePicture() throws {
        func seconds(_ runs: [ClosedRange<Int64>]) throws -> Int64 {
            let runs = runs.map {
                AudioRun(firstSample: $0.lowerBound * 48_000, sampleCount: Int64($0.count - 1) * 48_000)
            }
            let sound = AudioRuns(streamIndex: 1, packetSamples: 1024, gridSamples: 1024, runs: runs)
            let plan = try StreamPlan(film: film(sounds: [sound]), options: options)
            // The last cell is whole.
            let playlist = try #require(plan.playlist(of: "a1"))
            let sum = playlist.matches(of: /#EXTINF:([0-9.]+)/).reduce(0) { $0 + (Double($1.1) ?? 0) }
            #expect(abs(sum - Double(plan.timeline.durationMicroseconds) / 1e6) < 0.022)
            return plan.timeline.durationMicroseconds / 1_000_000
        }
        // The picture has 40 seconds.
        #expect(try seconds([0...40]) == 40)
        #expect(try seconds([0...30]) == 40)
        #expect(try seconds([0...52]) == 52)
        #expect(try seconds([0...20, 25...47]) == 47)
        #expect(try seconds([0...40, 9_000...9_001]) == 40)
    }

    @Test func everyPlaylistHasEverySegment() throws {
        let plan = try StreamPlan(film: film(), options: options)
        for name in ["original", "240p", "a1", "a1-copy"] {
            let text = try #require(plan.playlist(of: name, query: "k=1"))
            let lines = text.split(separator: "\n")
            #expect(lines.count(where: { $0.hasPrefix("#EXTINF") }) == plan.timeline.count)
            #expect(lines.contains("#EXT-X-TARGETDURATION:4") && lines.contains(#"#EXT-X-MAP:URI="init.mp4?k=1""#))
            #expect(lines.contains("0.m4s?k=1") && lines.last == "#EXT-X-ENDLIST")
        }
        #expect(plan.playlist(of: "a1")?.contains("#EXTINF:1.002667,\n0.m4s") == true)
        #expect(plan.playlist(of: "nothing") == nil)
    }

    @Test func partsTileEveryRendition() throws {
        let plan = try StreamPlan(film: film(), options: options)
        for name in ["original", "a1", "a1-copy"] {
            var covered: [Int] = []
            for segment in 0..<plan.timeline.count {
                let part = try #require(plan.part(of: name, segment: segment))
                #expect(plan.segments(of: part).contains(segment))
                if plan.segments(of: part).lowerBound == segment { covered += plan.segments(of: part) }
                let recipe = try #require(plan.recipe(for: part))
                #expect(recipe.part.pieces.map(\.segment) == Array(plan.segments(of: part)))
                let packets = recipe.part.pieces.reduce(0) { $0 + $1.packets }
                #expect(recipe.part.times.count == recipe.part.depth + packets + 1)
            }
            #expect(covered == Array(0..<plan.timeline.count))
        }
        #expect(plan.part(of: "original", segment: plan.timeline.count) == nil)
        #expect(plan.part(of: "s9", segment: 0) == nil)
        #expect(plan.recipe(for: StreamPart(film: "other", rendition: "original", number: 0)) == nil)
    }

    @Test func anythingThatChangesBytesChangesTheName() throws {
        let plan = try StreamPlan(film: film(), options: options)
        var names = [plan.id]
        for change: (inout StreamOptions) -> Void in [
            { $0.build = "c" }, { $0.container = .ts }, { $0.segmentMilliseconds = 2_000 }, { $0.sound = .opus },
        ] {
            var other = options
            change(&other)
            names.append(try StreamPlan(film: film(), options: other).id)
        }
        var moved = Sample.index(frames: 1_000)
        moved.presentationTimes[500] += 1
        names.append(try StreamPlan(film: film(index: moved), options: options).id)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.count == 32 })
        #expect(try StreamPlan(film: film(), options: options).id == plan.id)
    }

    @Test func everySegmentIsEncodedInOneWay() throws {
        let plan = try StreamPlan(film: film(), options: options)
        let part = try #require(plan.part(of: "480p", segment: 3))
        let text = try #require(plan.recipe(for: part)).command.arguments.map { "\($0)" }.joined(separator: " ")
        for wanted in ["-threads:v", "-maxrate:v", "-bufsize:v", "-level:v", "-sc_threshold:v", "stitchable=1"] {
            #expect(text.contains(wanted), "\(text)")
        }
    }

    @Test func brightPicturesAreToneMappedForH264Only() throws {
        let bright = VideoProperties(
            width: 1920, height: 1080, pixelFormat: "yuv420p10le", bitDepth: 10,
            color: ColorDescription(primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv"))
        let plan = try StreamPlan(film: film(bright), options: options)
        #expect(plan.video.allSatisfy { $0.command.videoRange == "SDR" && $0.command.color.matrix == "bt709" })
        let hevc = StreamOptions(encoder: "libx265", build: "b", codecMajorVersion: 59)
        let kept = try StreamPlan(film: film(bright), options: hevc)
        #expect(kept.video.allSatisfy { $0.command.videoRange == "PQ" && $0.codecName.hasPrefix("hvc1.2.4.") })
        #expect(kept.master().contains("VIDEO-RANGE=PQ"))
    }

    @Test func coloursThatNobodyCanTellAreRefusedAndOthersOfDolbyVisionAreNot() throws {
        func plan(_ profile: Int, _ compatibility: Int) throws -> StreamPlan {
            var video = VideoProperties(width: 1920, height: 1080, pixelFormat: "yuv420p10le", bitDepth: 10)
            video.dolbyVision = DolbyVision(profile: profile, level: 6, compatibility: compatibility)
            return try StreamPlan(film: film(video), options: options)
        }
        for (profile, compatibility) in [(8, 1), (8, 4), (7, 6), (7, 0), (10, 1)] {
            #expect(throws: Never.self) { try plan(profile, compatibility) }
        }
        for profile in [5, 10] {
            let error = #expect(throws: PlanningError.self) { try plan(profile, 0) }
            #expect(error?.code == .notStreamable && error?.message.contains("Dolby Vision") == true)
        }
    }

    @Test func filmsThatCannotBeStreamedAreRefused() throws {
        var jumping = Sample.index(frames: 100)
        jumping.clockJumps = 1
        let long = Sample.index(frames: 5_000, seekable: false)
        for (index, code) in [(jumping, PlanningError.Code.notStreamable), (long, .notStreamable)] {
            let error = #expect(throws: PlanningError.self) {
                try StreamPlan(film: film(index: index), options: options)
            }
            #expect(error?.code == code)
        }
        #expect(
            try StreamPlan(film: film(index: Sample.index(frames: 100, seekable: false)), options: options).timeline
                .count == 1)
        var av1 = StreamOptions(encoder: "libsvtav1", build: "b", codecMajorVersion: 59)
        av1.container = .ts
        #expect(throws: PlanningError.self) { try av1.check() }
    }

    @Test func soundThatCannotBeTakenOverIsEncodedOnly() throws {
        let holes = AudioRuns(
            streamIndex: 1, packetSamples: 1024, gridSamples: 1024,
            runs: [
                AudioRun(firstSample: 0, sampleCount: 102_400), AudioRun(firstSample: 150_000, sampleCount: 1_900_000),
            ])
        #expect(try StreamPlan(film: film(sounds: [holes]), options: options).audio.map(\.name) == ["a1"])
        let short = AudioRuns(
            streamIndex: 1, packetSamples: 1024, gridSamples: 1024,
            runs: [AudioRun(firstSample: 0, sampleCount: 102_400)])
        #expect(try StreamPlan(film: film(sounds: [short]), options: options).audio.map(\.name) == ["a1"])
        let silent = AudioRuns(streamIndex: 1, packetSamples: nil, gridSamples: nil, runs: [])
        let plan = try StreamPlan(film: film(sounds: [silent]), options: options)
        #expect(plan.audio.isEmpty && plan.notCarried.count == 1)
        #expect(!plan.master().contains("AUDIO="))
    }
}
