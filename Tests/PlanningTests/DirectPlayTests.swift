// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct DirectPlayTests {
    private let base = TimeBase(1, 1000)

    private func film(
        _ format: String, _ codec: String, profile: String? = nil, sounds: [String] = ["aac"],
        keyframes: [Int] = [0, 100, 200], _ change: (inout VideoProperties) -> Void = { _ in }
    ) -> StreamFilm {
        var video = VideoProperties(
            width: 1920, height: 1080, pixelFormat: "yuv420p", averageFrameRate: Rational(25, 1))
        change(&video)
        var streams = [
            StreamDescription(index: 0, kind: .video, codec: codec, profile: profile, timeBase: base, video: video)
        ]
        for (number, sound) in sounds.enumerated() {
            streams.append(
                StreamDescription(
                    index: number + 1, kind: .audio, codec: sound, timeBase: base,
                    audio: AudioProperties(sampleRate: 48_000, channels: 2)))
        }
        let source = SourceDescription(
            path: "/films/a",
            fingerprint: Fingerprint(
                size: ByteCount(9), modifiedNanoseconds: 1, digest: String(repeating: "b", count: 64)),
            formatName: format, bitRate: BitRate(8_000_000), streams: streams)
        let index = FrameIndex(
            streamIndex: 0, timeBase: base, presentationTimes: (0..<300).map { Int64($0) * 40 }, lastFrameDuration: 40,
            keyframes: keyframes.map { Keyframe(time: Int64($0) * 40, frame: $0, isRandomAccessPoint: true) })
        return StreamFilm(source: source, index: index, sounds: [])
    }

    private let mp4 = "mov,mp4,m4a,3gp,3g2,mj2"
    private let matroska = "matroska,webm"
    private let browser = PlayerAbility(
        containers: "video/mp4,video/webm,audio/mp4", codecs: "avc1.640033, mp4a.40.2,opus,vp8,vp09,vorbis,av01")

    private func play(_ film: StreamFilm) -> DirectPlay {
        DirectPlay(film: film, copy: PictureCopy(film: film), sounds: ["mp4a.40.2"])
    }

    @Test("What the player can do decides: the file, its packets, or a stream")
    func ways() {
        let good = play(film(mp4, "h264", profile: "High"))
        #expect(good.file == "video/mp4; codecs=\"avc1.640028,mp4a.40.2\"" && good.way(for: browser) == .file)
        let packed = play(film(matroska, "h264", profile: "Main"))
        #expect(packed.way(for: browser) == .packets)
        #expect(packed.packets == ["video/mp4; codecs=\"avc1.4D0028\"", "audio/mp4; codecs=\"mp4a.40.2\""])
        #expect(play(film(matroska, "vp9", sounds: ["opus"])).way(for: browser) == .file)
        #expect(play(film(matroska, "mpeg2video")).way(for: browser) == .stream)
        #expect(play(film(mp4, "hevc")).way(for: browser) == .stream)
        #expect(good.way(for: PlayerAbility(containers: "", codecs: "")) == .stream)
    }

    @Test("Several languages, fields and unknown sound are no file for players, and what is turned is not copied")
    func exceptions() {
        #expect(play(film(mp4, "h264", profile: "High", sounds: ["aac", "aac"])).file == nil)
        #expect(play(film(mp4, "h264", profile: "High", sounds: ["aac", "aac"])).way(for: browser) == .packets)
        #expect(play(film(mp4, "h264", profile: "High", sounds: ["dts"])).file == nil)
        let fields = film(mp4, "h264", profile: "High") { $0.fieldOrder = .tt }
        #expect(play(fields).way(for: browser) == .stream)
        let turned = film(mp4, "h264", profile: "High") {
            $0.displayMatrix = DisplayMatrix(values: [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30])
        }
        #expect(play(turned).packets == nil && play(turned).file != nil)
        #expect(
            play(film(mp4, "h264", profile: "High 4:4:4 Predictive") { $0.pixelFormat = "yuv444p" }).way(for: browser)
                == .stream)
        #expect(PictureCopy(film: film(mp4, "h264", profile: "High", keyframes: [10, 100])) == nil)
    }

    @Test("A profile holds those below it, a level those below it, and a family only what everyone has of it")
    func abilities() {
        let high = PlayerAbility(containers: "mp4", codecs: "avc1.64001F")
        #expect(high.plays("video/mp4; codecs=\"avc1.4D001F\"") && high.plays("video/mp4; codecs=\"avc1.42E01E\""))
        #expect(!high.plays("video/mp4; codecs=\"avc1.640028\"") && !high.plays("video/mp4; codecs=\"avc1.6E001F\""))
        #expect(
            !high.plays("video/webm; codecs=\"avc1.64001F\"") && !high.plays("video/mp4; codecs=\"avc1.64001F,opus\""))
        let family = PlayerAbility(containers: "video/mp4", codecs: "avc1,mp4a")
        #expect(family.plays("video/mp4; codecs=\"avc1.640033,mp4a.40.2\""))
        #expect(!family.plays("video/mp4; codecs=\"avc1.6E0033\""))
    }

    @Test("Copied segments begin at key frames, and their playlist says how long each is")
    func segments() throws {
        let copy = try #require(PictureCopy(film: film(matroska, "h264", keyframes: [0, 20, 100, 130, 180])))
        #expect(copy.timeline.edges == [0, 100, 180, 300])
        let text = copy.playlist(address: { "copy-\($0).m4s" }, map: "copy-init.mp4")
        #expect(
            text.contains("#EXTINF:4.000000,\ncopy-0.m4s\n#EXTINF:3.200000,\ncopy-1.m4s\n#EXTINF:4.800000,\ncopy-2.m4s")
        )
        let recipe = try #require(copy.recipe(segment: 1))
        #expect(recipe.part.start == .at(microseconds: 3_604_000_000, tolerance: 20_000))
        #expect(recipe.part.pieces == [.init(segment: 1, packets: 80)])
        #expect(recipe.part.times.count == 80 + 1 + recipe.part.depth)
        #expect(copy.recipe(segment: 3) == nil)
    }
}
