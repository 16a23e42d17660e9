// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// Decodes one stream and notes the time of each frame as the ffmpeg program
/// shows it under `-copyts -fps_mode passthrough`.
///
/// The program does not take the demuxer's decoding times as they are: it keeps
/// a clock of its own in microseconds, fills gaps with it, hands its time to the
/// decoder with each packet, and takes from it the times of frames that the
/// decoder cannot name at the end. Streams without timestamps get all their
/// times this way, so the clock's rounding is part of the result.
///
/// Source: `fftools/ffmpeg.c` of FFmpeg 5.1, `process_input_packet` and `decode_video`.
final class DisplayClock {
    /// The times of the frames so far, in the order they are shown.
    private(set) var times: [Int64] = []
    /// Which of `times` belong to key frames, by their position.
    private(set) var keyPositions: [Int] = []
    /// How long the last frame says that it is shown, in ticks; `0` when unknown.
    private(set) var lastDuration: Int64 = 0
    /// How many packets the decoder refused.
    private(set) var refusedPackets = 0

    private static let microseconds = AVRational(num: 1, den: 1_000_000)
    private let stream: UnsafeMutablePointer<AVStream>
    private let decoder: Decoder
    private let timeBase: AVRational
    private var time = MARTLET_NOPTS
    private var nextTime = MARTLET_NOPTS
    private var hasStarted = false
    private var drainTimes: [Int64] = []

    /// `nil` when this FFmpeg build has no decoder for the stream.
    init?(stream: UnsafeMutablePointer<AVStream>) throws(AVFailure) {
        guard let decoder = try Decoder(stream: stream, timesOnly: true) else { return nil }
        self.stream = stream
        self.decoder = decoder
        timeBase = stream.pointee.time_base
    }

    /// Decodes one packet.
    func decode(_ packet: UnsafeMutablePointer<AVPacket>) {
        start()
        if packet.pointee.dts != MARTLET_NOPTS {
            nextTime = av_rescale_q(packet.pointee.dts, timeBase, Self.microseconds)
        }
        var isRepeating = false
        while true {
            time = nextTime
            var gotFrame = false
            if packet.pointee.size > 0 || isRepeating {
                if !isRepeating {
                    packet.pointee.dts = time == MARTLET_NOPTS ? time : rescaledTime
                    let sent = decoder.send(packet)
                    if sent < 0, sent != MARTLET_EOF {
                        refusedPackets += 1
                        advance(packet)
                        return
                    }
                }
                let received = decoder.receive()
                if received >= 0 {
                    gotFrame = true
                } else if received != martlet_averror(EAGAIN), received != MARTLET_EOF {
                    refusedPackets += 1
                }
            }
            if !isRepeating || gotFrame { advance(packet) }
            guard gotFrame else { return }
            note(isDraining: false)
            isRepeating = true
        }
    }

    /// Fetches the frames that the decoder still holds; call it once, after the last packet.
    func drain() {
        start()
        var isFirst = true
        while true {
            time = nextTime
            drainTimes.append(time == MARTLET_NOPTS ? time : rescaledTime)
            if isFirst { _ = decoder.send(nil) }
            isFirst = false
            let received = decoder.receive()
            advance(nil)
            if received == MARTLET_EOF { return }
            guard received >= 0 else {
                refusedPackets += 1
                if refusedPackets > 1 << 16 { return }
                continue
            }
            note(isDraining: true)
        }
    }

    private var rescaledTime: Int64 { av_rescale_q(time, Self.microseconds, timeBase) }

    private func start() {
        guard !hasStarted else { return }
        hasStarted = true
        let rate = stream.pointee.avg_frame_rate
        time = 0
        if rate.num != 0 {
            let delay = -Double(decoder.context.pointee.has_b_frames) * 1_000_000
            time = Int64(exactly: (delay / av_q2d(rate)).rounded(.towardZero)) ?? 0
        }
        nextTime = time
    }

    private func advance(_ packet: UnsafeMutablePointer<AVPacket>?) {
        var duration: Int64 = 0
        let rate = decoder.context.pointee.framerate
        if let packet, packet.pointee.duration != 0 {
            duration = av_rescale_q(packet.pointee.duration, timeBase, Self.microseconds)
        } else if rate.num != 0, rate.den != 0 {
            let ticksPerFrame = Int64(max(1, martlet_ticks_per_frame(decoder.context)))
            let repeats = Int64(martlet_parser_repeat(stream))
            let ticks = repeats >= 0 ? repeats + 1 : ticksPerFrame
            duration = 1_000_000 * Int64(rate.den) * ticks / Int64(rate.num) / ticksPerFrame
        }
        nextTime = time != MARTLET_NOPTS && duration != 0 ? nextTime + duration : MARTLET_NOPTS
    }

    private func note(isDraining: Bool) {
        var shown = decoder.frame.pointee.best_effort_timestamp
        if isDraining, shown == MARTLET_NOPTS, !drainTimes.isEmpty { shown = drainTimes.removeFirst() }
        lastDuration = martlet_frame_duration(decoder.frame)
        if martlet_frame_is_key(decoder.frame) != 0 { keyPositions.append(times.count) }
        times.append(shown)
    }
}
