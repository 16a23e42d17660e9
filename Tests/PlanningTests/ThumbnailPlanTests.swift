// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct ThumbnailPlanTests {
    /// A film of 25 pictures a second with key frames at these seconds.
    private func film(
        keyframes: [Int], seconds: Int, width: Int = 1920, height: Int = 1080, turned: Bool = false
    ) -> StreamFilm {
        let base = TimeBase(1, 1000)
        var video = VideoProperties(
            width: width, height: height, pixelFormat: "yuv420p", averageFrameRate: Rational(25, 1))
        if turned { video.displayMatrix = DisplayMatrix(values: [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]) }
        let source = SourceDescription(
            path: "/films/a.mp4",
            fingerprint: Fingerprint(
                size: ByteCount(1), modifiedNanoseconds: 1, digest: String(repeating: "a", count: 64)),
            formatName: "mov,mp4,m4a,3gp,3g2,mj2", durationMicroseconds: Int64(seconds) * 1_000_000,
            streams: [
                StreamDescription(index: 0, kind: .video, codec: "h264", profile: "High", timeBase: base, video: video)
            ])
        let index = FrameIndex(
            streamIndex: 0, timeBase: base, presentationTimes: (0..<seconds * 25).map { 500 + Int64($0) * 40 },
            lastFrameDuration: 40,
            keyframes: keyframes.map {
                Keyframe(time: 500 + Int64($0) * 1000, frame: $0 * 25, isRandomAccessPoint: true)
            })
        return StreamFilm(source: source, index: index, sounds: [])
    }

    @Test("Pictures are key frames, far enough from one another, each with its place in a sheet")
    func choice() throws {
        let plan = try #require(ThumbnailPlan(film: film(keyframes: Array(0..<60), seconds: 60)))
        #expect(plan.times == stride(from: Int64(500), to: 60_500, by: 2000).map { $0 })
        #expect(plan.sheetCount == 2 && plan.size == (176, 100))
        let lines = plan.webVTT { "sprite-\($0).jpg" }.split(separator: "\n").map(String.init)
        #expect(lines[0] == "WEBVTT")
        #expect(lines.contains("00:00:00.000 --> 00:00:02.000"))
        #expect(lines.contains("sprite-0.jpg#xywh=176,100,176,100"))
        #expect(lines.last == "sprite-1.jpg#xywh=704,0,176,100" && lines.contains("00:00:58.000 --> 00:01:00.000"))
    }

    @Test("A sheet reads from its first key frame to its last, and decodes key frames alone")
    func command() throws {
        let plan = try #require(ThumbnailPlan(film: film(keyframes: Array(0..<60), seconds: 60)))
        let second = try #require(plan.command(sheet: 1)).resolved(source: "/a.mp4", output: "/o.jpg") { "\($0)" }
        #expect(second.contains("-skip_frame") && second.contains("nokey"))
        #expect(second.firstIndex(of: "-ss").map { second[$0 + 1] } == "50.500000")
        let filters = try #require(second.firstIndex(of: "-vf").map { second[$0 + 1] })
        #expect(filters.hasPrefix("trim=end_pts=58501,select='eq(pts,50500)+eq(pts,52500)"))
        #expect(filters.hasSuffix("tile=layout=5x1:nb_frames=5"))
        #expect(plan.command(sheet: 2) == nil && plan.command(sheet: -1) == nil)
    }

    @Test(
        "A long film has pictures ten seconds apart, one with few key frames fewer, and one that is turned upright ones"
    )
    func shapes() throws {
        #expect(try #require(ThumbnailPlan(film: film(keyframes: Array(0..<7200), seconds: 7200))).times.count == 720)
        let few = try #require(ThumbnailPlan(film: film(keyframes: [0, 50], seconds: 60)))
        #expect(few.times == [500, 50_500])
        #expect(few.webVTT { "\($0)" }.contains("00:00:00.000 --> 00:00:50.000"))
        let turned = try #require(ThumbnailPlan(film: film(keyframes: [0], seconds: 9, turned: true)))
        #expect(turned.size == (56, 100))
    }
}
