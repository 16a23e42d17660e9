// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// From when to when a sound track is heard, found by decoding it.
///
/// Packets may tell otherwise: decoders of Windows Media Audio give nothing for
/// the first ones, and of True Audio and WavPack in Matroska the last one is
/// taken to be as long as all others. What was encoded from such a track has
/// the length of what was heard.
struct DecodedSound {
    /// When the first frame starts, in ticks of the stream's clock.
    private(set) var start: Int64
    /// When the last frame ends, in ticks of the stream's clock.
    private(set) var end: Int64

    /// Decodes a whole track: some 500 times as fast as it plays. `nil` when nothing of it can be decoded.
    ///
    /// - Throws: `AVFailure` when the disk cannot be read; `CancellationError`.
    init?(path: String, stream number: Int, stop: StopFlag) throws {
        guard let file = try? InputFile(path: path), number < file.streamCount,
            let decoder = try? Decoder(stream: file.stream(number), timesOnly: false)
        else { return nil }
        let stream = file.stream(number)
        let base = Rational(stream.pointee.time_base.num, stream.pointee.time_base.den)
        var span: (start: Int64, end: Int64)?
        func take() {
            while decoder.receive() >= 0 {
                let frame = decoder.frame.pointee
                let stated = frame.best_effort_timestamp
                guard frame.sample_rate > 0, let time = stated != MARTLET_NOPTS ? stated : span?.end else { continue }
                let length = MediaTime(ticks: Int64(frame.nb_samples), timeBase: Rational(1, frame.sample_rate))
                let end = time + length.rescaled(to: base)
                span = (min(span?.start ?? time, time), max(span?.end ?? end, end))
            }
        }
        file.keepOnly([number])
        let packet = Packet()
        while try file.readOn(into: packet) {
            try stop.check()
            guard Int(packet.pointer.pointee.stream_index) == number else { continue }
            _ = decoder.send(packet.pointer)
            take()
        }
        _ = decoder.send(nil)
        take()
        guard let span else { return nil }
        (start, end) = span
    }
}
