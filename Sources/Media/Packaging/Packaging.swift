// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// The packaging of one encoded file.
struct Packaging {
    private let part: EncodedPart
    private let stop: StopFlag
    private let input: SegmentFile
    private let survey: PartSurvey

    /// Opens the file and looks through it.
    init(part: EncodedPart, stop: StopFlag) throws {
        self.part = part
        self.stop = stop
        input = try SegmentFile(path: part.path)
        survey = try PartSurvey(part, stop)
    }

    /// Makes the segments.
    func run() throws -> PackagedPart {
        let name = CodecNaming(input.stream.pointee.codecpar).name
        var made = PackagedPart(initialization: [], segments: [], codecName: name)
        let sets = part.container == .mp4 ? ParameterSets(input.stream.pointee.codecpar) : nil
        var muxer: MemoryMuxer?
        let packet = Packet()
        var position = -survey.skipped
        for piece in part.pieces {
            // Each segment of MPEG-TS has its own tables and counters; those of MP4 share the head.
            let open = part.container == .ts ? nil : muxer
            let current =
                try open ?? MemoryMuxer(source: input.stream, container: part.container, timeBase: part.timeBase)
            muxer = current
            current.begin(segment: piece.segment)
            var left = survey.packets(of: piece)
            while left > 0 {
                try stop.check()
                guard try input.input.read(into: packet) else {
                    throw MediaError(.mismatch, "\(part.path) changed while it was packaged.")
                }
                defer { position += 1 }
                guard position >= 0 else { continue }
                try sets?.remove(from: packet)
                stamp(packet, position)
                try current.write(packet, timeBase: part.timeBase)
                left -= 1
            }
            let bytes = try current.finishSegment()
            guard part.container == .mp4 else {
                made.segments.append((piece.segment, bytes))
                continue
            }
            let boxes = BoxList(bytes)
            made.initialization += boxes.head
            made.segments.append((piece.segment, boxes.fragments))
        }
        return made
    }

    private func stamp(_ packet: Packet, _ position: Int) {
        packet.pointer.pointee.pts = survey.presentationTimes[position]
        packet.pointer.pointee.dts = survey.decodeTimes[position]
        packet.pointer.pointee.duration = survey.decodeTimes[position + 1] - survey.decodeTimes[position]
        packet.pointer.pointee.stream_index = 0
        packet.pointer.pointee.pos = -1
    }
}
