// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Joins that must not succeed.
struct RefusalTests {
    private func refusal(
        _ shop: JoinWorkshop, _ plan: JobPlan, _ paths: [String], artifacts: [TaskID: String] = [:],
        output: String? = nil
    ) async throws -> MediaError {
        let output = output ?? shop.path("refused.mp4")
        let error = await #expect(throws: MediaError.self) {
            try await shop.join(plan, paths, artifacts: artifacts, to: output)
        }
        #expect(!FileManager.default.fileExists(atPath: output))
        return try #require(error)
    }

    @Test("segments of different encoders are refused, both named")
    func differentEncodersAreRefused() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(2)
        let plan = shop.plan(.mp4, segments, [shop.picture()])
        let good = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        for (arguments, word) in [
            ("-c:v libx264 -preset ultrafast -bf 2 -refs 4", "codec header"), ("-c:v mpeg4", "codec"),
            ("-c:v libx264 -preset ultrafast -s 160x90", "size"),
        ] {
            let other = try await shop.encode(segments, arguments, prefix: "other")
            let error = try await refusal(shop, plan, [good[0], other[1]])
            #expect(error.code == .segmentsDiffer && error.message.contains(word), "\(error)")
            #expect(error.message.contains(good[0]) && error.message.contains(other[1]))
        }
    }

    @Test("a segment with a frame too few is refused, with both numbers")
    func missingFrameIsRefused() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        var segments = shop.segments(2)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let count = segments[1].frameCount
        segments[1].frameCount += 1
        segments[0].frameCount -= 1
        segments[1].firstFrame -= 1
        let error = try await refusal(shop, shop.plan(.mp4, segments, [shop.picture()]), paths)
        #expect(error.code == .mismatch && error.message.contains("\(count)") && error.message.contains(paths[0]))
    }

    @Test("segments in the wrong order are refused")
    func wrongOrderIsRefused() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(2)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let error = try await refusal(shop, shop.plan(.mp4, segments, [shop.picture()]), paths.reversed())
        #expect(error.code == .mismatch && error.message.contains("planned for"))
    }

    @Test("a missing result and a missing segment are refused")
    func missingPartsAreRefused() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(1)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let sound = shop.stream(1, .task(TaskID("audio-1")), codec: "aac")
        let plan = shop.plan(.mp4, segments, [shop.picture(), sound])
        #expect(try await refusal(shop, plan, paths).message.contains("audio-1"))
        let nowhere = shop.path("nowhere.mkv")
        let error = try await refusal(shop, shop.plan(.mp4, segments, [shop.picture()]), [nowhere])
        #expect(error.code == .unreadable && error.message.contains(nowhere))
    }

    @Test("what a container cannot hold is named: the picture as an error, a subtitle as an omission")
    func unstorableIsNamed() async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mkv")
        let segments = shop.segments(1)
        let lossless = try await shop.encode(segments, "-c:v ffv1 -level 3")
        let error = try await refusal(shop, shop.plan(.webm, segments, [shop.picture("ffv1")]), lossless)
        #expect(
            error.code == .notStorable && error.message.contains("ffv1") && error.message.contains("webm"), "\(error)")

        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let styled = try #require(shop.source.streams.first { $0.codec == "ass" })
        let output = shop.path("joined.mp4")
        let report = try await shop.join(
            shop.plan(.mp4, segments, [shop.picture(), shop.stream(styled.index, .source)]), paths, to: output)
        #expect(report.omissions.map(\.sourceIndex) == [styled.index])
        #expect(report.omissions.first?.subject.contains("ass") == true)
        #expect(try await Probe.describe(output).streams(of: .subtitle).isEmpty)
    }

    @Test("a full disk is a write error that names the path", arguments: [ContainerFormat.mp4, .mkv])
    func fullDiskIsAWriteError(container: ContainerFormat) async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(1)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast -qp 0")
        // Every write to /dev/full fails with "no space"; the link is what may be removed.
        let output = shop.path("full.\(container.rawValue)")
        try FileManager.default.createSymbolicLink(atPath: output, withDestinationPath: "/dev/full")
        let error = try await refusal(
            shop, shop.plan(container, segments, [shop.picture()]), paths, output: output)
        #expect(error.code == .noSpace && error.exitStatus == .writeFailed)
        #expect(error.message.contains(output) && error.message.contains("No space left"))
        #expect(FileManager.default.fileExists(atPath: "/dev/full"))
    }

    @Test("a directory that does not exist is a write error")
    func missingDirectoryIsAWriteError() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(1)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let output = shop.path("nowhere/joined.mp4")
        let error = try await refusal(shop, shop.plan(.mp4, segments, [shop.picture()]), paths, output: output)
        #expect(error.code == .writeFailed && error.message.contains(output))
    }

    @Test("a cancelled join stops and leaves nothing behind")
    func cancelledJoinLeavesNothing() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let segments = shop.segments(1)
        let paths = try await shop.encode(segments, "-c:v libx264 -preset ultrafast")
        let output = shop.path("cancelled.mp4")
        let plan = shop.plan(.mp4, segments, [shop.picture()])
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await shop.join(plan, paths, to: output)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}
