// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Puts the packets of a sound stream back on the grid of its samples.
///
/// Containers with a coarse clock (Matroska: 1 ms) round every time; taken as
/// they are, an MP4 would play each packet a few samples long or short. Packets
/// that follow each other within the rounding are therefore counted in
/// samples; a real gap starts anew.
struct SampleClock {
    /// Samples a second.
    let rate: Int32
    /// The clock of the times that come in.
    let input: TimeBase
    private var expected: Int64?

    /// Makes a clock.
    ///
    /// - Parameter start: where the first packet starts, in samples, when that
    ///   is known better than its own time tells.
    init(rate: Int32, input: TimeBase, start: Int64?) {
        self.rate = rate
        self.input = input
        expected = start
    }

    /// Whether the clock that times come in counts samples, so that nothing needs repair.
    var isExact: Bool { input.num == 1 && input.den % rate == 0 }

    /// The place of the next packet, in samples.
    ///
    /// - Parameters:
    ///   - time: its time, in ticks of `input`.
    ///   - samples: how many samples it has.
    mutating func place(time: Int64, samples: Int64) -> Int64 {
        let sampleBase = Rational(1, rate)
        let raw = MediaTime(ticks: time, timeBase: input).rescaled(to: sampleBase)
        if isExact { return raw }
        let rounding = MediaTime(ticks: 1, timeBase: input).rescaled(to: sampleBase) + 1
        let place = expected.flatMap { abs($0 - raw) <= rounding ? $0 : nil } ?? raw
        expected = place + samples
        return place
    }
}
