// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// A directory of its own, in which one test cuts, encodes and joins a film;
/// removed with its last use.
final class JoinWorkshop: Sendable {
    let directory: URL
    let source: SourceDescription
    let index: FrameIndex
    let truth: FrameTruth

    /// Takes a fixture as the source; its facts come from ffprobe and a decode by ffmpeg.
    init(fixture: String) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "martlet-join-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = try await MediaFixtures.path(fixture)
        truth = try await FrameTruth.of(path)
        source = try await Probe.describe(path)
        let times = truth.frames.map(\.ticks)
        let last = times.count > 1 ? times[times.count - 1] - times[times.count - 2] : 1
        index = FrameIndex(
            streamIndex: source.mainVideo?.index ?? 0, timeBase: truth.timeBase, presentationTimes: times,
            lastFrameDuration: last, keyframes: [])
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ name: String) -> String { directory.appending(path: name).path }

    /// Cuts the film into `count` runs of frames of about equal length.
    func segments(_ count: Int) -> [Segment] {
        let edges = (0...count).map { index.frameCount * $0 / count }
        return zip(edges, edges.dropFirst()).enumerated().map { number, edge in
            let times = index.presentationTimes[edge.0..<edge.1]
            return Segment(
                index: number, firstFrame: edge.0, frameCount: times.count, startTime: times.first ?? 0,
                endTime: edge.1 < index.frameCount ? index.presentationTimes[edge.1] : nil,
                timesDigest: StableHash.digest(of: times), seek: nil)
        }
    }

    /// Encodes runs of frames, one file each.
    func encode(_ segments: [Segment], _ arguments: String, prefix: String = "segment") async throws -> [String] {
        var paths: [String] = []
        for segment in segments {
            let trim = "trim=start_pts=\(segment.startTime)" + (segment.endTime.map { ":end_pts=\($0)" } ?? "")
            let output = path("\(prefix)-\(segment.index).mkv")
            try await ffmpeg(
                [
                    "-copyts", "-noautorotate", "-i", "file:" + source.path, "-map", "0:\(index.streamIndex)", "-vf",
                    trim,
                ]
                    + ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-threads", "1"]
                    + arguments.split(separator: " ").map(String.init) + [output])
            paths.append(output)
        }
        return paths
    }

    func ffmpeg(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
        try #require(outcome.isSuccess, "ffmpeg \(arguments.joined(separator: " ")): \(outcome.errors)")
    }

    /// A plan that encodes the picture and takes the rest as `streams` says.
    func plan(
        _ container: ContainerFormat, _ segments: [Segment], _ streams: [MartletModel.OutputStream], origin: Int64 = 0
    ) -> JobPlan {
        JobPlan(
            parameters: TranscodeParameters(), source: source, encoder: "libx264", segments: segments,
            videoTimeBase: index.timeBase,
            layout: OutputLayout(container: container, streams: streams, originMicroseconds: origin))
    }

    /// The main picture as an output stream.
    func picture(_ codec: String = "h264") -> MartletModel.OutputStream {
        MartletModel.OutputStream(
            sourceIndex: index.streamIndex, kind: .video, origin: .segments, codec: codec, disposition: .default,
            tags: [])
    }

    /// A source stream as an output stream, with the source's roles and tags.
    func stream(
        _ number: Int, _ origin: MartletModel.OutputStream.Origin, codec: String? = nil
    ) -> MartletModel.OutputStream {
        let stream = source.streams[number]
        return MartletModel.OutputStream(
            sourceIndex: number, kind: stream.kind, origin: origin, codec: codec ?? stream.codec,
            disposition: stream.disposition, tags: stream.tags)
    }

    func join(
        _ plan: JobPlan, _ segments: [String], artifacts: [TaskID: String] = [:], to output: String
    ) async throws -> AssemblyReport {
        try await MediaAssembler().assemble(
            AssemblyRequest(
                plan: plan, index: index,
                segments: zip(segments, plan.segments).map { EncodedSegment(path: $0, frameCount: $1.frameCount) },
                artifacts: artifacts, output: output)
        ) { _ in }
    }
}
