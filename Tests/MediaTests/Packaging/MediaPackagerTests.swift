// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Encoded files as segments, and files that are none.
@Suite struct MediaPackagerTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// 50 frames of 40 ms with B-frames, as an encode of a segment leaves them.
    private func picture(_ options: [String] = []) async throws -> String {
        let path = directory.file("picture.mkv")
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-c:v",
                "libx264", "-preset", "veryfast", "-bf", "3", "-g", "999", "-threads", "1",
            ] + options + ["-y", path])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        return path
    }

    private func part(
        _ path: String, frames: Int = 50, depth: Int = 2, segment: Int = 3, container: SegmentContainer = .mp4,
        clockLead: Int64? = nil
    ) -> EncodedPart {
        // Uneven times, far from zero.
        let times: [Int64] = (-depth...frames).map { frame in
            let late: Int64 = frame > 10 ? 77 : 0
            return 900_000 + Int64(frame) * 3_600 + late
        }
        return EncodedPart(
            path: path, start: .afterPackets(0), pieces: [EncodedPart.Piece(segment: segment, packets: frames)],
            timeBase: TimeBase(1, 90_000), times: times, depth: depth, container: container, clockLead: clockLead)
    }

    @Test func framesGetTheTimesThatAreTold() async throws {
        let part = part(try await picture())
        let made = try await MediaPackager().package(part)
        let head = try #require(StreamHead(made.initialization))
        #expect(head.timescale == 90_000 && !head.hasEdits && head.codec == made.codecName)
        #expect(made.segments.map(\.number) == [3])
        let fragment = StreamFragment(made.segments[0].bytes, head: head)
        #expect(fragment.faults.isEmpty, "\(fragment.faults)")
        #expect(fragment.samples.map(\.presentation).sorted() == Array(part.times[2..<52]))
        #expect(fragment.samples.map(\.decode) == Array(part.times[..<50]))
        #expect(fragment.endTime == part.times[50])
        #expect(try await MediaPackager().package(part) == made)
    }

    @Test func transportStreamsBeginWithTheirTables() async throws {
        let part = part(try await picture(), container: .ts)
        let made = try await MediaPackager().package(part)
        #expect(made.initialization.isEmpty)
        let segment = TransportSegment(made.segments[0].bytes)
        #expect(segment.faults.isEmpty, "\(segment.faults)")
        #expect(segment.times.sorted() == part.times[2..<52].map { ($0 * 100 + 4) / 9 })
    }

    @Test func soundIsCutIntoItsSegments() async throws {
        let path = directory.file("sound.mkv")
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2", "-c:a", "aac",
                "-y",
                path,
            ])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        let part = EncodedPart(
            path: path, start: .afterPackets(9),
            pieces: [EncodedPart.Piece(segment: 4, packets: 30), EncodedPart.Piece(segment: 5, packets: 31)],
            timeBase: TimeBase(1, 48_000), times: (0...61).map { 480_000 + Int64($0) * 1024 }, depth: 0, container: .mp4
        )
        let made = try await MediaPackager().package(part)
        let head = try #require(StreamHead(made.initialization))
        #expect(head.codec == "mp4a.40.2" && !head.hasEdits)
        let fragments = made.segments.map { StreamFragment($0.bytes, head: head) }
        #expect(fragments.map(\.samples.count) == [30, 31])
        #expect(fragments[1].decodeTime == 480_000 + 30 * 1024 && fragments[0].endTime == fragments[1].decodeTime)
        #expect(fragments.allSatisfy { $0.faults.isEmpty && $0.samples.allSatisfy { $0.duration == 1024 } })
    }

    @Test func whatWasNotPlannedIsRefused() async throws {
        let path = try await picture()
        for wrong in [part(path, frames: 49), part(path, frames: 51), part(path, depth: 0)] {
            let error = await #expect(throws: MediaError.self) { try await MediaPackager().package(wrong) }
            #expect(error?.code == .mismatch)
        }
        var two = part(path)
        two.pieces = [EncodedPart.Piece(segment: 0, packets: 20), EncodedPart.Piece(segment: 1, packets: 30)]
        let error = await #expect(throws: MediaError.self) { try await MediaPackager().package(two) }
        #expect(error?.message.contains("key frame") == true)
        await #expect(throws: MediaError.self) {
            try await MediaPackager().package(part(directory.file("nothing.mkv")))
        }
    }

    @Test func lostFramesLeaveTheOthersWhereTheyAre() async throws {
        // The encode lacks frames 20 and 49.
        let path = try await picture(["-vf", "select='not(eq(n,20)+eq(n,49))'", "-fps_mode", "passthrough"])
        let part = part(path, clockLead: -10_000_000)
        let made = try await MediaPackager().package(part)
        let head = try #require(StreamHead(made.initialization))
        let fragment = StreamFragment(made.segments[0].bytes, head: head)
        #expect(fragment.faults.isEmpty, "\(fragment.faults)")
        let kept = part.times[2..<52].enumerated().filter { $0.offset != 20 && $0.offset != 49 }.map(\.element)
        #expect(fragment.samples.map(\.presentation).sorted() == kept)
        #expect(fragment.endTime == part.times[50])
    }
}
