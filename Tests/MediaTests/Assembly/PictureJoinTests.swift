// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// The joined picture, compared with ffmpeg's decode of source and result.
struct PictureJoinTests {
    @Test(
        "every frame keeps its picture and its time",
        arguments: ["h264_closed.mp4", "h264_open.mkv", "vfr.mp4", "vfr.mkv"],
        [ContainerFormat.mp4, .mov, .mkv])
    func everyFrameKeepsItsTime(fixture: String, container: ContainerFormat) async throws {
        let shop = try await JoinWorkshop(fixture: fixture)
        let segments = shop.segments(3)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset veryfast -bf 3 -qp 0")
        let output = shop.path("joined.\(container.rawValue)")
        let report = try await shop.join(shop.plan(container, segments, [shop.picture()]), paths, to: output)
        #expect(report.frames == shop.index.frameCount)
        let joined = try await FrameTruth.of(output)
        let tolerance: Duration = container == .mkv ? .microseconds(1_001) : .zero
        #expect(shop.truth.difference(from: joined, tolerance: tolerance, pictures: true) == nil)
        #expect(
            MediaTime(ticks: joined.frames[0].ticks, timeBase: joined.timeBase).microseconds
                == MediaTime(ticks: shop.truth.frames[0].ticks, timeBase: shop.truth.timeBase).microseconds)
    }
}
