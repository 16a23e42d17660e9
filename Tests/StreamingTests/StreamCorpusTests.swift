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
    /// Films that are odd in different ways, and short: those of the quick form.
    private static let quick: Set = [
        "avi_mpeg4sp_mp3_960x400.avi", "bbb_h264_first_pts_10s.mp4", "phone_1080p_vfr_1.6s.mp4",
        "hello_mpeg2_mp2_ps.mpeg",
        "mkv_multitrack_2v_audio_subs.mkv", "sar_2-3_h264.mp4", "vp9_odd_161x121.webm",
        "ts_h264_no_initial_keyframe.ts",
    ]

    /// Films that show fewer frames than they promise.
    private static let damaged: Set = ["corrupted_h264_720p10.mp4"]

    /// The films of the corpus that are tried.
    static let films = Corpus.names.filter { LongForm.isWanted || quick.contains($0) }

    @Test(.enabled(if: !films.isEmpty, "there are no films to read"), arguments: films)
    func filmOfTheCorpusIsAGoodStreamOrRefused(_ name: String) async throws {
        let studio = try Studio()
        guard let stream = try await stream(name, in: studio) else { return }
        // The smallest quality tells as much as a dear one; the short form leaves it at that.
        let pictures = stream.plan.video.suffix(LongForm.isWanted ? 2 : 1).map(\.name)
        await check(stream, of: name, renditions: pictures + stream.plan.audio.map(\.name))
        for track in stream.plan.subtitles {
            let text = try await studio.maker.subtitles(track.name, of: stream.plan, at: stream.path)
            #expect(text.webVTT.hasPrefix("WEBVTT\n"), "\(name): \(track.name)")
        }
    }

    /// A form of a stream besides the usual one, and the films that are tried in it.
    struct Form: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var codec = VideoCodec.h264
        var sound = AudioCodec.aac
        var container = SegmentContainer.mp4
        var milliseconds: Int64 = 4_000
        /// Whether the film's own size is made instead of the smallest.
        var isTallest = false
        var films: [String]
    }

    /// Films that are odd in ways that matter to every form.
    private static let odd = [
        "phone_1080p_vfr_1.6s.mp4", "bbb_h264_first_pts_10s.mp4", "hello_mpeg2_mp2_ps.mpeg", "ts_hevc_1080p24_aac51.ts",
        "hlg_dovi_hevc_editlist_rot90.mp4", "prores_180x144_sar16-15.mov", "mkv_chapters_444.mkv",
        "svcd_mpeg2_576i_sar8-5.mpg", "hdr10_av1_mdcv_clli_1080p59.mp4", "vp9_hdr10_720p_1frame.webm",
    ]

    static let forms = [
        Form(testDescription: "MPEG-TS", container: .ts, films: odd),
        Form(testDescription: "HEVC", codec: .hevc, films: odd),
        Form(testDescription: "HEVC in MPEG-TS", codec: .hevc, container: .ts, films: odd),
        Form(testDescription: "AV1", codec: .av1, films: odd),
        Form(testDescription: "Opus", sound: .opus, films: odd),
        Form(testDescription: "short segments", milliseconds: 500, films: odd),
        Form(testDescription: "the film's own size", isTallest: true, films: odd),
    ]

    @Test(.enabled(if: LongForm.isWanted && !films.isEmpty, "long, and needs films"), arguments: forms)
    func oddFilmsAreGoodStreamsInEveryForm(_ form: Form) async throws {
        let studio = try Studio()
        for name in form.films {
            let made = try await stream(name, in: studio, codec: form.codec) {
                ($0.sound, $0.container, $0.segmentMilliseconds) = (form.sound, form.container, form.milliseconds)
            }
            guard let stream = made else { continue }
            let pictures = form.isTallest ? stream.plan.video.prefix(1) : stream.plan.video.suffix(1)
            await check(
                stream, of: "\(form.testDescription): \(name)",
                renditions: pictures.map(\.name) + stream.plan.audio.map(\.name))
        }
    }

    /// A film as a stream; `nil` when it is refused for a reason.
    private func stream(
        _ name: String, in studio: Studio, codec: VideoCodec = .h264, _ change: (inout StreamOptions) -> Void = { _ in }
    ) async throws -> MadeStream? {
        do {
            return try await studio.stream(Corpus.directory + "/" + name, codec: codec, change)
        } catch let error as any CodedError {
            note("\(name): refused: \(error.codeName): \(error.message)")
            #expect(error.exitStatus == .badInput, "\(name): \(error)")
            return nil
        }
    }

    private func check(_ stream: MadeStream, of name: String, renditions: [String]) async {
        do {
            var report = try await stream.check(only: Set(renditions))
            if Self.damaged.contains(where: name.hasSuffix) { report.faults.removeAll { $0.contains(" frames of ") } }
            #expect(report.faults.isEmpty, "\(name): \(report.faults.prefix(10).joined(separator: "\n"))")
            let plan = stream.plan
            note(
                "\(name): \(plan.timeline.count) segments, \(plan.video.count) qualities, \(report.faults.count) faults"
            )
        } catch {
            Issue.record("\(name): \(error)")
        }
    }

    private func note(_ text: String) {
        FileHandle.standardError.write(Data("[streams] \(text)\n".utf8))
    }
}
