// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A stretch of a sound stream without a hole, on a grid of its own: the packets of a container
/// whose clock counts milliseconds say only roughly which sample they begin with.
package struct AudioRun: Codable, Sendable, Hashable {
    /// The sample that its first packet begins with, on the container's clock times the sample rate.
    package var firstSample: Int64
    /// The time of its first packet in ticks of the stream's clock.
    package var startTime: Int64

    /// Makes a run.
    package init(firstSample: Int64, startTime: Int64) {
        self.firstSample = firstSample
        self.startTime = startTime
    }
}

/// Where the sound of a stream lies, to the sample.
package struct AudioRuns: Codable, Sendable, Equatable {
    /// The stream's number in its file.
    package var streamIndex: Int
    /// Samples in a packet; `nil` when packets differ, so that there is no grid to bring them to.
    package var packetSamples: Int?
    /// The runs in order of time; empty when the stream has no packet.
    package var runs: [AudioRun]

    /// Makes a description from its parts.
    package init(streamIndex: Int, packetSamples: Int?, runs: [AudioRun]) {
        self.streamIndex = streamIndex
        self.packetSamples = packetSamples
        self.runs = runs
    }

    /// Finds the runs of a stream.
    ///
    /// A packet that begins more than half a packet away from where it should begins a run. The place of a
    /// run is the median of what its packets say, which takes the container's rounding out. O(n log n).
    ///
    /// - Parameters:
    ///   - times: when packets begin, ascending, in ticks of `timeBase`.
    ///   - packetSamples: samples in each; `nil` when they differ.
    package init(streamIndex: Int, times: [Int64], timeBase: TimeBase, sampleRate: Int, packetSamples: Int?) {
        self.streamIndex = streamIndex
        self.packetSamples = packetSamples
        runs = []
        guard let size = packetSamples, size > 0, sampleRate > 0 else {
            if let first = times.first {
                let sample = MediaTime(ticks: first, timeBase: timeBase).rescaled(to: TimeBase(1, Int32(sampleRate)))
                runs = [AudioRun(firstSample: sample, startTime: first)]
            }
            return
        }
        let clock = TimeBase(1, Int32(sampleRate))
        var places: [Int64] = []
        var start: Int64 = 0
        var expected: Int64 = 0
        func end() -> AudioRun? {
            guard !places.isEmpty else { return nil }
            return AudioRun(firstSample: places.sorted()[places.count / 2], startTime: start)
        }
        for time in times {
            let sample = MediaTime(ticks: time, timeBase: timeBase).rescaled(to: clock)
            if places.isEmpty || abs(sample - expected) * 2 > Int64(size) {
                if let run = end() { runs.append(run) }
                places = []
                start = time
                expected = sample
            }
            places.append(sample - Int64(places.count) * Int64(size))
            // A clock of few ticks is wrong by less than a packet, but not by ever more: so the place is kept.
            expected = (places.first ?? sample) + Int64(places.count) * Int64(size)
        }
        if let run = end() { runs.append(run) }
    }
}
