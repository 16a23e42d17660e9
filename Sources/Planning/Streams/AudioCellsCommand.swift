// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that encodes some cells of a sound rendition.
///
/// Decoded frames are first put onto the exact grid of their run in the
/// source, then the samples of the cells are cut out, with a lead that the
/// encoder settles in. What the lead made is dropped when the result is
/// packaged, so neighbouring runs fit together to the sample.
package struct AudioCellsCommand: Sendable {
    /// What one codec needs.
    private struct Habits {
        var encoder: String
        /// Cells encoded before the wanted ones and thrown away.
        var lead: Int
        /// By how many samples the input of packet n begins before cell n.
        var lookahead: Int64
        /// Packets that the encoder makes before the first one asked for.
        var priming: Int
    }

    /// The source's sound stream.
    package var stream: StreamDescription
    /// Where its sound lies.
    package var runs: AudioRuns
    /// The cells of the rendition.
    package var grid: AudioGrid
    /// `aac` or `opus`.
    package var codec: AudioCodec
    /// The channels of the rendition, 1 or 2.
    package var channels: Int
    /// The zero of the stream, in microseconds on the source's clock.
    package var originMicroseconds: Int64
    /// The smallest start time of the source's streams, in microseconds: what `-ss` is relative to.
    package var sourceStartMicroseconds: Int64

    /// Makes commands for one rendition.
    package init(
        stream: StreamDescription, runs: AudioRuns, grid: AudioGrid, codec: AudioCodec, channels: Int,
        originMicroseconds: Int64, sourceStartMicroseconds: Int64
    ) {
        self.stream = stream
        self.runs = runs
        self.grid = grid
        self.codec = codec
        self.channels = channels
        self.originMicroseconds = originMicroseconds
        self.sourceStartMicroseconds = sourceStartMicroseconds
    }

    /// The sample rate of a rendition: the source's where the codec has it.
    package static func sampleRate(of codec: AudioCodec, source: Int) -> Int {
        codec == .aac && [48_000, 44_100, 32_000].contains(source) ? source : 48_000
    }

    /// Samples in a cell.
    package static func cellSamples(of codec: AudioCodec) -> Int { codec == .opus ? 960 : 1024 }

    /// A run of ffmpeg, and which of its packets are the cells that were asked for.
    package struct Run: Sendable {
        /// What is run; the result is Matroska.
        package var command: FFmpegCommand
        /// How many packets of the result come before the first wanted one.
        package var droppedPackets: Int
        /// How many are wanted.
        package var packets: Int
    }

    /// The run for some cells, at least one.
    package func run(cells: Range<Int>) -> Run {
        let habits = habits
        let lead = min(habits.lead, cells.lowerBound)
        let isStart = lead == cells.lowerBound
        // An encoder that looks ahead gets silence before the first sample, so that its packets begin with the cells.
        let padding = isStart && habits.lookahead > 0 ? Int64(grid.cellSamples) - habits.lookahead : 0
        let shift = isStart ? 0 : habits.lookahead
        let first = grid.sample(ofCell: cells.lowerBound - lead) + shift
        let end = grid.sample(ofCell: cells.upperBound + 1) + habits.lookahead
        let dropped = lead + (isStart && habits.lookahead > 0 ? 1 : habits.priming)
        return Run(
            command: command(samples: first..<end, padding: padding), droppedPackets: dropped, packets: cells.count)
    }

    private var habits: Habits {
        codec == .opus
            ? Habits(encoder: "libopus", lead: 16, lookahead: 312, priming: 0)
            : Habits(encoder: "aac", lead: 8, lookahead: 0, priming: 1)
    }

    private func command(samples: Range<Int64>, padding: Int64) -> FFmpegCommand {
        let sourceRate = stream.audio?.sampleRate ?? grid.sampleRate
        // The resampler begins anew in every run: a run begins where the sample positions of both rates meet.
        let divisor = Self.greatestDivisor(sourceRate, grid.sampleRate)
        let period = Int64(sourceRate / divisor)
        let from = samples.lowerBound * Int64(sourceRate) / Int64(grid.sampleRate) / period * period
        let surplus = samples.lowerBound - from * Int64(grid.sampleRate) / Int64(sourceRate)
        let through = (samples.upperBound * Int64(sourceRate)) / Int64(grid.sampleRate) + 64
        let count = samples.upperBound - samples.lowerBound

        var filters = ["asettb=1/\(sourceRate)", "asetpts=PTS-\(origin)"]
        if let snap = snap(from..<through) { filters.append("asetpts='\(snap)'") }
        let tolerance = isExact ? "0.00001" : "0.02"
        filters += [
            "aresample=\(sourceRate):async=1:min_comp=\(tolerance):min_hard_comp=\(tolerance):first_pts=\(from)",
            "atrim=start_pts=\(from):end_pts=\(through)", "apad",
        ]
        if sourceRate != grid.sampleRate { filters.append("aresample=\(grid.sampleRate)") }
        filters += ["asetpts=N", "atrim=start_sample=\(surplus):end_sample=\(surplus + count)", "asetpts=N"]
        if padding > 0 { filters.append("adelay=\(padding)S:all=1") }
        filters.append("aformat=channel_layouts=\(channels == 1 ? "mono" : "stereo")")

        var text = ["-map", "0:\(stream.index)", "-vn", "-sn", "-dn", "-filter_threads", "1"]
        text += ["-af", filters.joined(separator: ","), "-ar", "\(grid.sampleRate)", "-c:a", habits.encoder]
        // Quality and not a rate: then an encode that begins in the middle soon equals one that began at the start.
        text += codec == .opus ? ["-b:a", channels == 1 ? "64k" : "128k"] : ["-q:a", "1.2"]
        text += ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        text += ["-avoid_negative_ts", "disabled", "-f", "matroska"]
        return FFmpegCommand(
            (reading(from: from, rate: sourceRate) + ["-threads", "1", "-i"]).map { .text($0) } + [.source]
                + text.map { .text($0) } + [.output])
    }

    /// Opens the source two seconds early: `-ss` lands at key frames of the picture.
    private func reading(from sample: Int64, rate: Int) -> [String] {
        let begin = originMicroseconds + sample * 1_000_000 / Int64(rate) - sourceStartMicroseconds - 2_000_000
        return begin > 0 ? ["-copyts", "-noaccurate_seek", "-ss", VideoCommand.seconds(begin)] : ["-copyts"]
    }

    /// The sample of the source's grid that is the stream's zero.
    private var origin: Int64 {
        MediaTime(ticks: originMicroseconds, timeBase: TimeBase(1, 1_000_000))
            .rescaled(to: TimeBase(1, Int32(stream.audio?.sampleRate ?? grid.sampleRate)))
    }

    /// The expression that gives a decoded frame its exact place; `nil` without a grid.
    ///
    /// A frame that decoders shortened at its begin is placed by its end.
    ///
    /// - Parameter samples: what is read, in samples of the source after the stream's zero.
    private func snap(_ samples: Range<Int64>) -> String? {
        guard let grid = runs.gridSamples, grid > 1 else { return nil }
        let rate = Int64(stream.audio?.sampleRate ?? self.grid.sampleRate)
        // Reading begins some seconds early, and at key frames of the picture.
        let near = runs.runs.filter { run in
            run.firstSample - origin < samples.upperBound + 2 * rate
                && run.endSample - origin > samples.lowerBound - 60 * rate
        }
        var text: String?
        var next: Int64 = 0
        for run in near.reversed() {
            let place = run.firstSample - origin
            var one = "round((PTS-(\(place)))/\(grid))*\(grid)+(\(place))"
            if let size = runs.packetSamples {
                one =
                    "if(lt(NB_SAMPLES,\(size))*lt(PTS,\(place + Int64(size))),"
                    + "round((PTS+NB_SAMPLES-(\(place)))/\(size))*\(size)+(\(place))-NB_SAMPLES,\(one))"
            }
            text = text.map { "if(lt(PTS,\(next)),\(one),\($0))" } ?? one
            next = place - Int64(grid) / 2
        }
        return text
    }

    /// Whether the places of decoded frames are exact, by their grid or by the container's own clock.
    private var isExact: Bool { runs.gridSamples != nil }

    private static func greatestDivisor(_ left: Int, _ right: Int) -> Int {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return max(left, 1)
    }
}
