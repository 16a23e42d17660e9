// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPlanning
import MartletStreaming
import MartletTestKit
import Testing

/// Films from the world outside as streams: every picture must be shown at its time, or be refused for a reason.
@Suite struct StreamCorpusTests {
    /// Whether the long forms of the tests were asked for.
    static var isLong: Bool { ProcessInfo.processInfo.environment["MARTLET_LONG"] == "1" }

    /// Films that are odd in different ways, and short: those of the quick form.
    private static let quick: Set = [
        "avi_mpeg4sp_mp3_960x400.avi", "bbb_h264_first_pts_10s.mp4", "phone_1080p_vfr_1.6s.mp4",
        "hello_mpeg2_mp2_ps.mpeg",
        "mkv_multitrack_2v_audio_subs.mkv", "sar_2-3_h264.mp4", "vp9_odd_161x121.webm",
        "ts_h264_no_initial_keyframe.ts",
    ]

    /// Films that show fewer frames than they promise.
    private static let damaged: Set = ["corrupted_h264_720p10.mp4"]

    /// The films of the directory that `MARTLET_MEDIA` names, else of `../shared/media`.
    static let films: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { !$0.hasSuffix(".tsv") && (isLong || quick.contains($0)) }.sorted()
    }()

    static var directory: String {
        if let path = ProcessInfo.processInfo.environment["MARTLET_MEDIA"] { return path }
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        return package.appending(path: "../shared/media").standardizedFileURL.path
    }

    @Test(.enabled(if: !films.isEmpty, "there are no films to read"), arguments: films)
    func filmOfTheCorpusIsAGoodStreamOrRefused(_ name: String) async throws {
        let studio = try Studio()
        let stream: MadeStream
        do {
            stream = try await studio.stream(Self.directory + "/" + name)
        } catch let error as any CodedError {
            note("\(name): refused: \(error.codeName): \(error.message)")
            #expect(error.exitStatus == .badInput, "\(name): \(error)")
            return
        }
        let plan = stream.plan
        // The smallest quality tells as much as a dear one; the short form leaves it at that.
        let pictures = Self.isLong ? plan.video.suffix(2) : plan.video.suffix(1)
        let wanted = Set(pictures.map(\.name) + plan.audio.map(\.name))
        do {
            var report = try await stream.check(only: wanted)
            if Self.damaged.contains(name) { report.faults.removeAll { $0.contains(" frames of ") } }
            #expect(report.faults.isEmpty, "\(name): \(report.faults.prefix(10).joined(separator: "\n"))")
            note(
                "\(name): \(plan.timeline.count) segments, \(plan.video.count) qualities, \(report.faults.count) faults"
            )
        } catch {
            Issue.record("\(name): \(error)")
        }
        for track in plan.subtitles {
            let text = try await studio.maker.subtitles(track.name, of: plan, at: stream.path)
            #expect(text.webVTT.hasPrefix("WEBVTT\n"), "\(name): \(track.name)")
        }
    }

    private func note(_ text: String) {
        FileHandle.standardError.write(Data("[streams] \(text)\n".utf8))
    }
}
