// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The packets of a sound rendition: cells of equal length on one grid, of
/// which each segment has a run.
///
/// The cells are the same wherever an encode begins, so what independent runs
/// make fits together to the sample.
package struct AudioGrid: Sendable, Equatable {
    /// Samples a second of the rendition.
    package let sampleRate: Int
    /// Samples in a cell: 1024 for AAC, 960 for Opus at 48 kHz.
    package let cellSamples: Int
    /// When cell 0 begins, in samples after the stream's zero: 0 for what is encoded, and where the source has it for
    /// what is copied.
    package let origin: Int64
    /// The first cell of each segment, and the number of cells at the end.
    package let edges: [Int]

    /// Lays cells under a timeline.
    package init(timeline: StreamTimeline, sampleRate: Int, cellSamples: Int, origin: Int64 = 0) {
        self.sampleRate = sampleRate
        self.cellSamples = cellSamples
        self.origin = origin
        edges = (0...timeline.count).map { number in
            let ticks = Int128(timeline.start(of: number)) * Int128(sampleRate)
            let cell = Int128(timeline.clock.den) * Int128(cellSamples)
            let place = ticks - Int128(origin) * Int128(timeline.clock.den)
            // The last cell is whole, so that no picture is without sound.
            let rounded = number == timeline.count ? place + cell - 1 : place + cell / 2
            return Int(rounded >= 0 ? rounded / cell : (rounded - cell + 1) / cell)
        }
    }

    private init(sampleRate: Int, cellSamples: Int, origin: Int64, edges: [Int]) {
        self.sampleRate = sampleRate
        self.cellSamples = cellSamples
        self.origin = origin
        self.edges = edges
    }

    /// The grid with those cells alone that are there; `nil` when a segment has none.
    func clamped(to cells: Range<Int>) -> AudioGrid? {
        let clamped = edges.map { min(max($0, cells.lowerBound), cells.upperBound) }
        guard zip(clamped, clamped.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        return AudioGrid(sampleRate: sampleRate, cellSamples: cellSamples, origin: origin, edges: clamped)
    }

    /// The cells of a segment; none in a segment that is shorter than half a cell.
    package func cells(of segment: Int) -> Range<Int> { edges[segment]..<edges[segment + 1] }

    /// How long a segment's sound is, in microseconds: differences of rounded starts.
    package func microseconds(of segment: Int) -> Int64 {
        startMicroseconds(ofCell: edges[segment + 1]) - startMicroseconds(ofCell: edges[segment])
    }

    /// When a cell begins, in samples after the stream's zero.
    package func sample(ofCell cell: Int) -> Int64 { origin + Int64(cell) * Int64(cellSamples) }

    /// The times of some cells as a packager takes them, with the end of the last.
    package func packagedTimes(of cells: Range<Int>) -> [Int64] {
        let offset = Int64(StreamTimeline.offsetSeconds) * Int64(sampleRate)
        return (cells.lowerBound...cells.upperBound).map { offset + sample(ofCell: $0) }
    }

    private func startMicroseconds(ofCell cell: Int) -> Int64 {
        MediaTime(ticks: sample(ofCell: cell), timeBase: TimeBase(1, Int32(sampleRate))).microseconds
    }
}
