// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

/// Single pictures for players that run through a film.
@Suite struct TrickPlayTests {
    /// A minute of 25 pictures a second, with a key frame every second.
    private func plan(_ encoder: String = "libx264") throws -> StreamPlan {
        let video = VideoProperties(
            width: 1280, height: 720, pixelFormat: "yuv420p", averageFrameRate: Rational(25, 1))
        let index = FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 1000), presentationTimes: (0..<1_500).map { 700 + Int64($0) * 40 },
            lastFrameDuration: 40,
            keyframes: (0..<60).map { second in
                Keyframe(time: 700 + Int64(second) * 1000, frame: second * 25, isRandomAccessPoint: true)
            })
        let film = StreamFilm(source: Sample.source([Sample.video(video)]), index: index, sounds: [])
        return try StreamPlan(
            film: film, options: StreamOptions(encoder: encoder, build: "b", codecMajorVersion: 59))
    }

    @Test func aPlaylistListsPicturesOfTheWholeFilm() throws {
        let pictures = try #require(TrickPlay(plan: try plan()))
        let lines = pictures.playlist(address: { "p\($0)" }, map: "head").split(separator: "\n")
        #expect(lines.contains("#EXT-X-I-FRAMES-ONLY") && lines.contains("#EXT-X-MAP:URI=\"head\""))
        #expect(lines.filter { $0.hasPrefix("#EXTINF:") } == Array(repeating: "#EXTINF:2.000000,", count: 30))
        #expect(lines.suffix(2) == ["p29", "#EXT-X-ENDLIST"])
    }

    @Test func aRunMakesManyPicturesFromKeyFramesAlone() throws {
        let plan = try plan()
        let pictures = try #require(TrickPlay(plan: plan))
        #expect(pictures.part(of: 15)?.number == 0 && pictures.part(of: 16)?.number == 1)
        #expect(pictures.part(of: 30) == nil)
        let part = try #require(pictures.part(of: 29))
        let recipe = try #require(pictures.recipe(for: part))
        #expect(recipe.part.pieces.map(\.segment) == Array(16..<30))
        #expect(recipe.part.times.first == 42 * Int64(recipe.part.timeBase.den) && recipe.part.times.count == 15)
        let text = recipe.command.resolved(source: "/a", output: "/o") { "\($0)" }.joined(separator: " ")
        for wanted in ["-skip_frame nokey", "eq(pts,32700)+eq(pts,34700)", "-g:v 1", "-bf:v 0", "end_pts=58701"] {
            #expect(text.contains(wanted), "\(text)")
        }
        #expect(!text.contains("maxrate"))
    }

    @Test func theMasterPlaylistNamesThemWhereTheyAreServed() throws {
        let plan = try plan()
        let announced = plan.master(query: "v=7", pictures: TrickPlay(plan: plan)).split(separator: "\n").last ?? ""
        #expect(announced.hasPrefix("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH="))
        #expect(announced.hasSuffix("RESOLUTION=426x240,VIDEO-RANGE=SDR,URI=\"trick.m3u8?v=7\""))
        #expect(!plan.master().contains("I-FRAME"))
        #expect(TrickPlay(plan: try self.plan("libsvtav1")) == nil)
    }
}
