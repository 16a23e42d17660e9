// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// The main picture: the packets of all segments, one after the other, with the
/// times of the source's frames.
///
/// Each frame is shown at its source time. Packet i is decoded when frame
/// i - depth is shown, with one depth for the whole film, so that decode times
/// grow strictly and never pass the time of showing.
final class SegmentFeed: PacketFeed {
    let packet = Packet()
    private(set) var nextTime: Int64?
    var isMainPicture: Bool { true }
    var timeBase: TimeBase { clock.timeBase }

    private let paths: [String]
    private let survey: SegmentSurvey
    private let clock: FrameClock
    private let output: Int
    private let stop: StopFlag
    private var file: SegmentFile?
    private var segment = -1
    private var firstFrame = 0
    private var position = 0

    /// Prepares the first packet.
    ///
    /// - Parameter output: the number of the picture stream in the joined file.
    init(paths: [String], survey: SegmentSurvey, clock: FrameClock, output: Int, stop: StopFlag) throws {
        self.paths = paths
        self.survey = survey
        self.clock = clock
        self.output = output
        self.stop = stop
        try advance()
    }

    func advance() throws {
        try stop.check()
        while true {
            if let file, try file.input.read(into: packet) { break }
            guard segment + 1 < paths.count else {
                nextTime = nil
                return
            }
            if segment >= 0 { firstFrame += survey.counts[segment] }
            segment += 1
            file = try SegmentFile(path: paths[segment])
        }
        guard position < survey.ranks.count, position < firstFrame + survey.counts[segment] else {
            throw MediaError(.sourceChanged, "The segment \(paths[segment]) changed while it was joined.")
        }
        let frame = firstFrame + Int(survey.ranks[position])
        let decode = clock.presentation(position - survey.depth)
        packet.pointer.pointee.pts = clock.presentation(frame)
        packet.pointer.pointee.dts = decode
        packet.pointer.pointee.duration = clock.duration(frame)
        packet.pointer.pointee.stream_index = Int32(output)
        packet.pointer.pointee.pos = -1
        nextTime = MediaTime(ticks: decode, timeBase: clock.timeBase).rescaled(to: nanoseconds)
        position += 1
    }
}
