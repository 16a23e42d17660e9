// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Finds the presentation times of pictures that a container does not give.
///
/// Only pictures that others are decoded from are left without: they are shown
/// when the next such picture is decoded. About 30 bytes for each.
struct MissingTimes {
    private struct Waiting {
        var number: Int
        var clock: Int
        /// Where the picture's decoding and that of those after it has come to.
        var end: Int64
    }

    private var waiting: [Int: Waiting] = [:]
    private var found: [Int: [Int: Int64]] = [:]

    /// The time that was found for a stream's packet; `nil` when none was looked for.
    func time(stream: Int, number: Int) -> Int64? { found[stream]?[number] }

    /// Notes a picture's packet, in the stream's ticks; answers the time and the
    /// clock of an earlier packet, where it tells them.
    mutating func note(
        stream: Int, number: Int, clock: Int, presentation: Int64?, decode: Int64, duration: Int64
    ) -> (time: Int64, clock: Int)? {
        var told: (time: Int64, clock: Int)?
        if let earlier = waiting[stream] {
            if earlier.clock != clock {
                told = settle(stream, at: earlier.end)
            } else if presentation != decode {
                told = settle(stream, at: decode)
            } else {
                waiting[stream]?.end = decode + duration
            }
        }
        if presentation == nil { waiting[stream] = Waiting(number: number, clock: clock, end: decode + duration) }
        return told
    }

    /// Settles what waits when the file ends.
    mutating func end() {
        for (stream, last) in waiting { _ = settle(stream, at: last.end) }
    }

    private mutating func settle(_ stream: Int, at time: Int64) -> (time: Int64, clock: Int)? {
        guard let earlier = waiting.removeValue(forKey: stream) else { return nil }
        found[stream, default: [:]][earlier.number] = time
        return (time, earlier.clock)
    }
}
