// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
internal import MartletModel

/// Reads a source whose clock jumps, first to know its clocks and then to copy it.
struct RestampRun {
    /// What is read.
    let source: SourceDescription
    /// Raised when nobody waits any more.
    let stop: StopFlag

    private static let microseconds = AVRational(num: 1, den: 1_000_000)

    /// What the first reading finds.
    struct Survey {
        /// What is added to the times of each clock, in microseconds; two at least.
        var offsets: [Int64]
        /// The times that the container does not give.
        var missing: MissingTimes
    }

    /// Finds the clocks; `nil` when there is only one.
    ///
    /// - Parameter progress: called with the share that is read, 0 to 1.
    func survey(progress: (Double) -> Void) throws -> Survey? {
        var join = ClockJoin()
        var missing = MissingTimes()
        try read(progress: progress) { place, _ in
            guard place.isSteady, let decode = place.decode ?? place.presentation else { return }
            func note(_ start: Int64, clock: Int) {
                join.note(
                    clock: clock, stream: place.stream,
                    start: av_rescale_q(start, place.base, Self.microseconds),
                    end: av_rescale_q(start + place.duration, place.base, Self.microseconds))
            }
            if place.isPicture {
                let told = missing.note(
                    stream: place.stream, number: place.number, clock: place.clock, presentation: place.presentation,
                    decode: decode, duration: place.duration)
                if let told { note(told.time, clock: told.clock) }
                if let presentation = place.presentation { note(presentation, clock: place.clock) }
            } else {
                note(place.presentation ?? decode, clock: place.clock)
            }
        }
        missing.end()
        let offsets = join.offsets
        return offsets.count > 1 ? Survey(offsets: offsets, missing: missing) : nil
    }

    /// The streams that Matroska can hold.
    func keptStreams() throws -> Set<Int> {
        let input = try InputFile(path: source.path)
        var kept: Set<Int> = []
        for index in 0..<input.streamCount where source.streams.indices.contains(index) {
            guard [.video, .audio, .subtitle].contains(source.streams[index].kind) else { continue }
            let trial = try OutputFile(path: source.path, container: .mkv)
            try dress(trial.addStream(), as: input.stream(index), index)
            if trial.tryHeader() == nil { kept.insert(index) }
        }
        return kept
    }

    /// Copies the kept streams with their times moved.
    ///
    /// - Parameter progress: called with the share that is copied, 0 to 1.
    func copy(_ kept: Set<Int>, as survey: Survey, to path: String, progress: (Double) -> Void) throws {
        let output = try OutputFile(path: path, container: .mkv)
        var numbers: [Int: Int32] = [:]
        var last: [Int: (decode: Int64, presentation: Int64)] = [:]
        try read(progress: progress) { input in
            for index in kept.sorted() {
                numbers[index] = Int32(numbers.count)
                try dress(output.addStream(), as: input.stream(index), index)
            }
            try output.open(pictureTicks: 0, movieTicks: 0)
        } each: { place, packet in
            guard let number = numbers[place.stream], survey.offsets.indices.contains(place.clock) else { return }
            let offset = av_rescale_q(survey.offsets[place.clock], Self.microseconds, place.base)
            let before = last[place.stream] ?? (.min, 0)
            let known = place.presentation ?? survey.missing.time(stream: place.stream, number: place.number)
            // What has no time at all belongs to the packet before it, as a second field does.
            let shown = (known ?? place.decode).map { $0 + offset } ?? before.presentation
            // The muxer wants decoding times that never fall; Matroska does not keep them.
            let decode = max((place.decode ?? known).map { $0 + offset } ?? before.decode, before.decode)
            packet.pointer.pointee.dts = decode == .min ? shown : decode
            packet.pointer.pointee.pts = max(shown, packet.pointer.pointee.dts, 0)
            last[place.stream] = (packet.pointer.pointee.dts, packet.pointer.pointee.pts)
            packet.pointer.pointee.stream_index = number
            try output.write(packet, timeBase: Rational(place.base.num, place.base.den))
        }
        _ = try output.finish(delays: [:])
    }

    /// A packet's place in the source; times in ticks of its stream.
    private struct Place {
        var stream: Int
        /// Which packet of its stream it is, from 0.
        var number: Int
        var clock: Int
        var isPicture: Bool
        /// Whether the stream's packets follow each other closely.
        var isSteady: Bool
        var base: AVRational
        var presentation: Int64?
        var decode: Int64?
        var duration: Int64
    }

    /// Reads every packet with its place; the same in each reading.
    private func read(
        progress: (Double) -> Void, begin: (InputFile) throws -> Void = { _ in },
        each: (Place, Packet) throws -> Void
    ) throws {
        let size = Double(max(source.fingerprint.size.bytes, 1))
        var told = 0.0
        let file = try InputFile(path: source.path)
        try begin(file)
        var tracker = ClockTracker()
        var numbers = [Int](repeating: 0, count: source.streams.count)
        let packet = Packet()
        while try file.readOn(into: packet) {
            try stop.check()
            let share = min(Double(packet.pointer.pointee.pos) / size, 1)
            if share >= told + 0.01 {
                told = share
                progress(share)
            }
            let read = packet.pointer.pointee
            let index = Int(read.stream_index)
            // A stream that shows up on the way is in no description.
            guard source.streams.indices.contains(index) else { continue }
            let stream = file.stream(index)
            let kind = source.streams[index].kind
            var place = Place(
                stream: index, number: numbers[index], clock: 0, isPicture: kind == .video,
                isSteady: kind == .video || kind == .audio, base: stream.pointee.time_base,
                presentation: read.pts == MARTLET_NOPTS ? nil : read.pts,
                decode: read.dts == MARTLET_NOPTS ? nil : read.dts, duration: Self.duration(of: read, stream))
            numbers[index] += 1
            place.clock = tracker.clock(
                of: index, isSteady: place.isSteady,
                time: (place.decode ?? place.presentation).map { av_rescale_q($0, place.base, Self.microseconds) },
                duration: av_rescale_q(place.duration, place.base, Self.microseconds))
            try each(place, packet)
        }
    }

    private static func duration(of packet: AVPacket, _ stream: UnsafeMutablePointer<AVStream>) -> Int64 {
        if packet.duration > 0 { return packet.duration }
        let rate = stream.pointee.avg_frame_rate
        guard rate.num > 0, rate.den > 0 else { return 0 }
        return av_rescale_q(1, AVRational(num: rate.den, den: rate.num), stream.pointee.time_base)
    }

    private func dress(
        _ output: UnsafeMutablePointer<AVStream>, as input: UnsafeMutablePointer<AVStream>, _ index: Int
    ) throws {
        let dressing = StreamDressing(container: .mkv, source: source)
        try dressing.copy(input, to: output)
        output.pointee.disposition = input.pointee.disposition
        dressing.set(source.streams[index].tags, on: &output.pointee.metadata)
        let (average, real) = (input.pointee.avg_frame_rate, input.pointee.r_frame_rate)
        // Matroska takes a rate as the length of every frame.
        if average.num == real.num, average.den == real.den { output.pointee.avg_frame_rate = average }
    }
}
