// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// The packaging of some segments of one sound track.
struct TrackPackaging {
    private let track: EncodedTrack
    private let stop: StopFlag
    private let feed: CopyFeed
    private let sound: CopiedTrack

    /// Opens the file, and reads far enough to know where its sound begins.
    init(_ track: EncodedTrack, stop: StopFlag) throws {
        self.track = track
        self.stop = stop
        let file = try openInput(track.path)
        let number = (0..<file.streamCount).first {
            file.stream($0).pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO
        }
        guard let number else { throw MediaError(.mismatch, "\(track.path) holds no sound.") }
        feed = try CopyFeed(
            path: track.path, file: file, streams: [number: 0], start: track.start, shift: track.shift, stop: stop)
        guard let sound = feed.track(output: 0) else { throw MediaError(.mismatch, "\(track.path) holds no sound.") }
        self.sound = sound
    }

    /// Makes the segments.
    func run() throws -> PackagedPart {
        let zero = track.originMicroseconds - Int64(track.offsetSeconds) * 1_000_000
        // As for Matroska: nothing is hidden, so that the encoder's delay keeps its place before the sound.
        try feed.begin(originMicroseconds: zero, container: .mkv)
        let early = sound.hasDelayInMatroska ? sound.padding : 0
        let edges = track.edges.map { edge in
            MediaTime(ticks: edge, timeBase: TimeBase(1, 1_000_000)).rescaled(to: sound.timeBase)
        }
        let offset = MediaTime(ticks: Int64(track.offsetSeconds), timeBase: TimeBase(1, 1)).rescaled(to: sound.timeBase)
        let muxer = try MemoryMuxer(source: sound.stream, container: .mp4, timeBase: sound.timeBase)
        let name = CodecNaming(sound.stream.pointee.codecpar).name
        var made = PackagedPart(initialization: [], segments: [], codecName: name)
        var segment = 0
        muxer.begin(segment: track.firstSegment)
        func end() throws {
            let boxes = BoxList(try muxer.finishSegment())
            made.initialization += boxes.head
            made.segments.append((track.firstSegment + segment, boxes.fragments))
            segment += 1
            if segment < edges.count - 1 { muxer.begin(segment: track.firstSegment + segment) }
        }
        while feed.nextTime != nil {
            try stop.check()
            let packet = feed.packet.pointer
            packet.pointee.pts -= early
            packet.pointee.dts = packet.pointee.pts
            // A packet is in the segment that has more of it.
            let middle = packet.pointee.pts - offset + packet.pointee.duration / 2
            let isBefore = middle < edges[0] && track.firstSegment > 0
            while segment < edges.count - 1, middle >= edges[segment + 1], !(track.isEnd && segment == edges.count - 2)
            { try end() }
            guard segment < edges.count - 1 else { return made }
            if !isBefore {
                packet.pointee.stream_index = 0
                try muxer.write(feed.packet, timeBase: sound.timeBase)
            }
            try feed.advance()
        }
        while segment < edges.count - 1 { try end() }
        return made
    }
}
