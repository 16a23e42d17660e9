// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The packets of a sound rendition: cells of equal length from the stream's
/// zero on, of which each segment has a run.
///
/// The cells are the same wherever an encode begins, so what independent runs
/// make fits together to the sample.
package struct AudioGrid: Sendable, Equatable {
    /// Samples a second of the rendition.
    package let sampleRate: Int
    /// Samples in a cell: 1024 for AAC, 960 for Opus at 48 kHz.
    package let cellSamples: Int
    /// The first cell of each segment, and the number of cells at the end.
    package let edges: [Int]

    /// Lays cells under a timeline.
    package init(timeline: StreamTimeline, sampleRate: Int, cellSamples: Int) {
        self.sampleRate = sampleRate
        self.cellSamples = cellSamples
        edges = (0...timeline.count).map { number in
            let ticks = Int128(timeline.start(of: number)) * Int128(timeline.index.timeBase.num) * Int128(sampleRate)
            let cell = Int128(timeline.index.timeBase.den) * Int128(cellSamples)
            // The last cell is whole, so that no picture is without sound.
            return Int(number == timeline.count ? (ticks + cell - 1) / cell : (ticks + cell / 2) / cell)
        }
    }

    /// The cells of a segment; none in a segment that is shorter than half a cell.
    package func cells(of segment: Int) -> Range<Int> { edges[segment]..<edges[segment + 1] }

    /// How long a segment's sound is, in microseconds: differences of rounded starts.
    package func microseconds(of segment: Int) -> Int64 {
        startMicroseconds(ofCell: edges[segment + 1]) - startMicroseconds(ofCell: edges[segment])
    }

    /// When a cell begins, in samples after the stream's zero.
    package func sample(ofCell cell: Int) -> Int64 { Int64(cell) * Int64(cellSamples) }

    private func startMicroseconds(ofCell cell: Int) -> Int64 {
        MediaTime(ticks: sample(ofCell: cell), timeBase: TimeBase(1, Int32(sampleRate))).microseconds
    }
}
