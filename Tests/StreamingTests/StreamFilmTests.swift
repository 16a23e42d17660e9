// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// Whole streams of films, made part by part and looked at as a player would.
@Suite struct StreamFilmTests {
    @Test(arguments: [
        "h264_23976.mkv", "h264_open.ts", "vfr.mp4", "h264_interlaced.mkv", "rotated.mp4", "ffv1_odd.mkv",
        "sound_ac3_51.mkv", "h264_10bit.mkv",
    ])
    func everyRenditionIsWhatThePlaylistsSay(_ fixture: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture)
        let report = try await stream.check()
        #expect(report.faults.isEmpty, "\(fixture): \(report.faults.joined(separator: "\n"))")
        #expect(report.renditions.count == stream.plan.video.count + stream.plan.audio.count)
    }
}
