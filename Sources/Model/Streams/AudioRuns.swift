// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A stretch of a sound stream without a hole, on a grid of its own: the packets of a container
/// whose clock counts milliseconds say only roughly which sample they begin with.
package struct AudioRun: Codable, Sendable, Hashable {
    /// The sample that its first packet begins with, on the container's clock times the sample rate.
    package var firstSample: Int64
    /// How many samples it has, the last packet's included.
    package var sampleCount: Int64

    /// Makes a run.
    package init(firstSample: Int64, sampleCount: Int64) {
        self.firstSample = firstSample
        self.sampleCount = sampleCount
    }

    /// The sample after its last one.
    package var endSample: Int64 { firstSample + sampleCount }
}

/// Where the sound of a stream lies, to the sample.
package struct AudioRuns: Codable, Sendable, Equatable {
    /// The stream's number in its file.
    package var streamIndex: Int
    /// Samples in a packet; `nil` when packets differ.
    package var packetSamples: Int?
    /// What the distances of packets in a run are multiples of, in samples; `nil` when the container's clock is too
    /// coarse to find it out.
    package var gridSamples: Int?
    /// The runs in order of time; empty when the stream has no packet.
    package var runs: [AudioRun]

    /// Makes a description from its parts.
    package init(streamIndex: Int, packetSamples: Int?, gridSamples: Int?, runs: [AudioRun]) {
        self.streamIndex = streamIndex
        self.packetSamples = packetSamples
        self.gridSamples = gridSamples
        self.runs = runs
    }

    /// Finds the runs of a stream.
    ///
    /// Packets of one size lie on a grid of that size, those of Vorbis on one of 64 samples. The place of a run on
    /// its grid is what most of its packets say, which takes the container's rounding out. O(n log n).
    ///
    /// - Parameters:
    ///   - codec: FFmpeg's name of the codec.
    ///   - packets: when packets begin, and how long they are, in ticks of `timeBase`; in order of time.
    ///   - frameSize: samples in a frame, as the codec's header says; `nil` when it does not.
    package init(
        streamIndex: Int, codec: String, packets: [(time: Int64, duration: Int64)], timeBase: TimeBase,
        sampleRate: Int, frameSize: Int?
    ) {
        self.init(streamIndex: streamIndex, packetSamples: nil, gridSamples: nil, runs: [])
        guard !packets.isEmpty, sampleRate > 0, timeBase.isPositive else { return }
        let clock = TimeBase(1, Int32(clamping: sampleRate))
        func samples(_ ticks: Int64) -> Int64 { MediaTime(ticks: ticks, timeBase: timeBase).rescaled(to: clock) }
        let places = packets.map { samples($0.time) }
        // By how many samples a place may be wrong.
        let blur =
            timeBase.den % Int32(clamping: sampleRate) == 0 && timeBase.num == 1
            ? 0 : timeBase.value * Double(sampleRate) / 2 + 0.5
        let last = max(1, samples(packets[packets.count - 1].duration))
        if let size = PacketSize(places: places, blur: blur, frameSize: frameSize).samples,
            Double(size) > 2 * blur + 4
        {
            let runs = Self.equal(places, size: Int64(size))
            // Packets that differ look like one hole after the other.
            if runs.count <= max(4, places.count / 50) {
                (packetSamples, gridSamples, self.runs) = (size, size, runs)
                return
            }
        }
        let grid = blur == 0 ? 1 : codec == "vorbis" && blur < 30 ? 64 : nil
        gridSamples = grid
        let ends = packets.map { samples($0.time + max($0.duration, 0)) }
        runs = Self.loose(places, ends: ends, slack: Int64(2 * blur) + Int64(sampleRate / 50), last: last, grid: grid)
    }

    /// Runs of packets of one size.
    private static func equal(_ places: [Int64], size: Int64) -> [AudioRun] {
        var runs: [AudioRun] = []
        var firsts: [Int64] = []
        func end() {
            guard !firsts.isEmpty else { return }
            let median = firsts.sorted()[firsts.count / 2]
            runs.append(AudioRun(firstSample: median, sampleCount: Int64(firsts.count) * size))
        }
        for place in places {
            if let first = firsts.first, abs(place - first - Int64(firsts.count) * size) * 2 > size {
                end()
                firsts = []
            }
            firsts.append(place - Int64(firsts.count) * size)
        }
        end()
        return runs
    }

    /// Runs of packets that differ: a distance that is not the packet's length begins one.
    private static func loose(
        _ places: [Int64], ends: [Int64], slack: Int64, last: Int64, grid: Int?
    ) -> [AudioRun] {
        var runs: [AudioRun] = []
        var start = 0
        for position in 1...places.count {
            let isEnd = position == places.count
            let expected = ends[position - 1]
            let isHole =
                !isEnd && expected > places[position - 1] && abs(places[position] - expected) > slack
            guard isEnd || isHole else { continue }
            let first = phase(places[start..<position], grid: Int64(grid ?? 1))
            let end = isEnd ? places[position - 1] + last : max(expected, first + 1)
            runs.append(AudioRun(firstSample: first, sampleCount: max(1, end - first)))
            start = position
        }
        return runs
    }

    /// The place of the first packet on the grid that fits all places best.
    private static func phase(_ places: ArraySlice<Int64>, grid: Int64) -> Int64 {
        guard let first = places.first, grid > 1 else { return places.first ?? 0 }
        var counts = [Int](repeating: 0, count: Int(grid))
        for place in places { counts[Int(((place - first) % grid + grid) % grid)] += 1 }
        func misfit(_ phase: Int64) -> Int64 {
            counts.indices.reduce(Int64(0)) { sum, residue in
                let distance = abs(Int64(residue) - phase)
                return sum + Int64(counts[residue]) * min(distance, grid - distance)
            }
        }
        let best = (0..<grid).min { misfit($0) < misfit($1) } ?? 0
        return first + (best * 2 > grid ? best - grid : best)
    }
}
