// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// What a first reading of all segments shows: the order of their frames, and
/// that they fit together.
struct SegmentSurvey {
    /// For each packet of the film, in decode order, the number of its frame in
    /// display order, counted from the first frame of its segment.
    private(set) var ranks: [Int32] = []
    /// The number of packets of each segment.
    private(set) var counts: [Int] = []
    /// By how many frames the decode order runs ahead of the display order, at most.
    private(set) var depth = 0

    /// Reads every segment.
    ///
    /// - Throws: `MediaError` with code `mismatch` when a segment has another
    ///   number of frames than planned, or frames at other times; with code
    ///   `segmentsDiffer` when it has other codec parameters than the first;
    ///   `CancellationError`.
    init(_ encoded: [EncodedSegment], plan: JobPlan, index: FrameIndex, stop: StopFlag) throws {
        guard encoded.count == plan.segments.count else {
            throw MediaError(
                .mismatch, "\(encoded.count) segments were handed in, but the plan has \(plan.segments.count).")
        }
        let planned = plan.segments.reduce(0) { $0 + $1.frameCount }
        guard plan.constantRate != nil || planned == index.frameCount else {
            throw MediaError(.mismatch, "The segments have \(planned) frames, but the film has \(index.frameCount).")
        }
        var reference: CodecSignature?
        for (made, segment) in zip(encoded, plan.segments) {
            let file = try SegmentFile(path: made.path)
            let signature = try file.signature()
            if let reference, let difference = signature.difference(from: reference) {
                throw MediaError(
                    .segmentsDiffer,
                    "The segments \(encoded[0].path) and \(made.path) do not fit together: \(difference).",
                    advice: "They were made by different encoders or settings; encode one of them again.")
            }
            reference = reference ?? signature
            try survey(file, segment, frames: made.frameCount, times: plan.constantRate == nil ? index : nil, stop)
        }
    }

    private mutating func survey(
        _ file: SegmentFile, _ segment: Segment, frames: Int, times index: FrameIndex?, _ stop: StopFlag
    ) throws {
        let packet = Packet()
        var times: [Int64] = []
        times.reserveCapacity(frames)
        while try file.input.read(into: packet) {
            try stop.check()
            // Codecs without reordering, such as FFV1, can come with decode times alone.
            let stated = packet.pointer.pointee.pts
            let time = stated != MARTLET_NOPTS ? stated : packet.pointer.pointee.dts
            guard time != MARTLET_NOPTS else {
                throw MediaError(.mismatch, "The segment \(file.path) has a frame without a time.")
            }
            times.append(time)
        }
        guard times.count == frames else {
            throw MediaError(
                .mismatch,
                "The segment \(file.path) has \(times.count) frames, but \(frames) were planned.",
                advice: "Encode it again.")
        }
        // Frames less than a millisecond apart can share a time there; they keep their decode order.
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        let start = ranks.count
        ranks.append(contentsOf: repeatElement(0, count: times.count))
        for (rank, packet) in order.enumerated() {
            ranks[start + packet] = Int32(rank)
            depth = max(depth, packet - rank)
        }
        counts.append(times.count)
        if let index { try compare(order.map { times[$0] }, of: file, with: segment, in: index) }
    }

    // Segments carry the source's times, rounded to a millisecond by Matroska.
    // A constant offset is a film with times below zero, which that muxer shifts.
    private func compare(_ times: [Int64], of file: SegmentFile, with segment: Segment, in index: FrameIndex) throws {
        guard segment.firstFrame >= 0, segment.frames.upperBound <= index.frameCount else {
            throw MediaError(
                .mismatch,
                "Segment \(segment.index) ends at frame \(segment.frames.upperBound) of \(index.frameCount).")
        }
        let clock = Rational(1, 1_000_000)
        func microseconds(_ number: Int) -> Int64 {
            let ticks = index.presentationTimes[segment.firstFrame + number]
            return MediaTime(ticks: ticks, timeBase: index.timeBase).rescaled(to: clock)
        }
        let actual = times.map { MediaTime(ticks: $0, timeBase: file.timeBase).rescaled(to: clock) }
        guard let first = actual.first else { return }
        let offset = first - microseconds(0)
        let tolerance: Int64 = 2_000
        let isShifted = abs(offset) > tolerance && (index.presentationTimes.first ?? 0) >= 0
        let stray = actual.indices.first { abs(actual[$0] - microseconds($0) - offset) > tolerance }
        if isShifted || stray != nil {
            let number = isShifted ? 0 : stray ?? 0
            throw MediaError(
                .mismatch,
                "Frame \(number) of the segment \(file.path) is at \(actual[number]) us, "
                    + "but was planned for \(microseconds(number)) us.",
                advice: "The segment belongs to another place or another film; encode it again.")
        }
    }
}

/// One encoded segment, opened for its packets alone.
final class SegmentFile {
    /// Where it lies.
    let path: String
    /// The open file.
    let input: InputFile

    /// Opens a segment without reading packets.
    init(path: String) throws {
        self.path = path
        do {
            input = try InputFile(path: path, probing: false)
            // Times, key flags and parameters are the container's; parsing each frame again only costs.
            input.context.pointee.flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN
        } catch {
            throw MediaError(.unreadable, "The segment \(path) cannot be opened (\(error)).")
        }
        guard input.streamCount == 1 else {
            throw MediaError(.mismatch, "The segment \(path) has \(input.streamCount) streams instead of one.")
        }
    }

    /// The stream.
    var stream: UnsafeMutablePointer<AVStream> { input.stream(0) }

    /// The clock of its packets.
    var timeBase: TimeBase { Rational(stream.pointee.time_base.num, stream.pointee.time_base.den) }

    /// What must be the same in all segments.
    ///
    /// The codec's own header tells everything where there is one; VP9 has
    /// none, and then the first frames are decoded, by a second opening.
    func signature() throws -> CodecSignature {
        if stream.pointee.codecpar.pointee.extradata_size > 0 { return CodecSignature(stream.pointee.codecpar) }
        let probed = try openInput(path)
        return withExtendedLifetime(probed) { CodecSignature(probed.stream(0).pointee.codecpar) }
    }
}
