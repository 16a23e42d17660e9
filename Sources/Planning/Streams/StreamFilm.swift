// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// All that a stream needs to know of a film: what a scan of it gives.
package struct StreamFilm: Codable, Sendable, Equatable {
    /// Names the film's content: equal digests, equal films, wherever the file lies.
    package let digest: String
    /// What the file contains.
    package let source: SourceDescription
    /// The frames of its main picture.
    package let index: FrameIndex
    /// Where the sound of each sound stream lies.
    package let sounds: [AudioRuns]

    /// Takes the results of a scan.
    package init(source: SourceDescription, index: FrameIndex, sounds: [AudioRuns]) {
        self.source = source
        self.index = index
        self.sounds = sounds
        // The fingerprint covers head and tail; what lies between shows in the places of frames and packets.
        var hash = StableHash()
        hash.combine(source.fingerprint.digest)
        hash.combine(source.fingerprint.size.bytes)
        for time in index.presentationTimes { hash.combine(time) }
        for keyframe in index.keyframes {
            hash.combine(keyframe.time)
            hash.combine(keyframe.offset ?? -1)
        }
        for sound in sounds {
            hash.combine(Int64(sound.streamIndex))
            for run in sound.runs {
                hash.combine(run.firstSample)
                hash.combine(run.sampleCount)
            }
        }
        digest =
            String(source.fingerprint.digest.prefix(16))
            + Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: hash.value >> (56 - 8 * $0)) })
    }

    /// The picture; `nil` when the index is of no stream of the file.
    package var picture: StreamDescription? { source.streams.first { $0.index == index.streamIndex } }

    /// Until when the last picture stands, in microseconds on the source's clock; `nil` when its own length says it.
    ///
    /// It stands until the sound is over that goes on without a hole. A tenth of a second more of sound than of picture
    /// is what encoders of sound add, and does not count.
    package var heldUntil: Int64? {
        let last = (index.presentationTimes.last ?? 0) + index.lastFrameDuration
        let end = MediaTime(ticks: last, timeBase: index.timeBase).microseconds
        let ends = source.streams(of: .audio).filter(\.isDecodable).compactMap { stream -> Int64? in
            guard let rate = stream.audio?.sampleRate, rate > 0,
                let sound = sounds.first(where: { $0.streamIndex == stream.index })
            else { return nil }
            let clock = TimeBase(1, Int32(clamping: rate))
            func microseconds(_ sample: Int64) -> Int64 { MediaTime(ticks: sample, timeBase: clock).microseconds }
            return sound.runs.last { microseconds($0.firstSample) <= end }.map { microseconds($0.endSample) }
        }
        return ends.max().flatMap { $0 - end > 100_000 ? $0 : nil }
    }
}
