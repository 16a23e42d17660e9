// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that takes some packets of a sound stream out of the source as they are.
package struct SoundCopyCommand: Sendable {
    /// Where the source's zero is in the result, in seconds: packets before the film's begin must have positive times.
    private static let shift: Int64 = 3600

    /// The source's sound stream.
    let stream: StreamDescription
    /// The packets: its cells are those of the source.
    package let grid: AudioGrid
    /// The zero of the stream, in microseconds on the source's clock.
    let originMicroseconds: Int64
    /// The smallest start time of the source's streams, in microseconds: what `-ss` is relative to.
    let sourceStartMicroseconds: Int64

    /// Looks whether a sound stream can be taken over: one run of equal packets, some in every segment.
    ///
    /// - Returns: `nil` when it cannot.
    init?(stream: StreamDescription, runs: AudioRuns, timeline: StreamTimeline, sourceStartMicroseconds: Int64) {
        guard let size = runs.packetSamples, runs.runs.count == 1, let run = runs.runs.first,
            let rate = stream.audio?.sampleRate, rate > 0, size * 1000 > rate
        else { return nil }
        self.stream = stream
        self.sourceStartMicroseconds = sourceStartMicroseconds
        originMicroseconds = timeline.originMicroseconds
        let zero = MediaTime(ticks: timeline.originMicroseconds, timeBase: TimeBase(1, 1_000_000))
            .rescaled(to: TimeBase(1, Int32(rate)))
        let whole = AudioGrid(
            timeline: timeline, sampleRate: rate, cellSamples: size, origin: run.firstSample - zero)
        guard let grid = whole.clamped(to: 0..<Int(run.sampleCount / Int64(size))) else { return nil }
        self.grid = grid
    }

    /// The command for some packets, and the time of the first in its result, in microseconds.
    package func run(cells: Range<Int>) -> (command: FFmpegCommand, time: Int64) {
        func microseconds(_ cell: Int) -> Int64 {
            MediaTime(ticks: grid.sample(ofCell: cell), timeBase: TimeBase(1, Int32(grid.sampleRate))).microseconds
        }
        let offset = Self.shift * 1_000_000 - originMicroseconds
        // `-ss` lands at key frames of the picture.
        let begin = originMicroseconds + microseconds(cells.lowerBound) - sourceStartMicroseconds - 2_000_000
        var text = ["-copyts"]
        if begin > 0 { text += ["-noaccurate_seek", "-ss", VideoCommand.seconds(begin)] }
        text += ["-i"]
        let end = originMicroseconds + microseconds(cells.upperBound + 2)
        var after = ["-map", "0:\(stream.index)", "-vn", "-sn", "-dn", "-c:a", "copy"]
        if end > 0 { after += ["-to", VideoCommand.seconds(end)] }
        let sign = offset < 0 ? "-" : ""
        after += ["-output_ts_offset", sign + VideoCommand.seconds(abs(offset))]
        after += ["-avoid_negative_ts", "disabled", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "matroska"]
        return (
            FFmpegCommand(text.map { .text($0) } + [.source] + after.map { .text($0) } + [.output]),
            Self.shift * 1_000_000 + microseconds(cells.lowerBound)
        )
    }
}
