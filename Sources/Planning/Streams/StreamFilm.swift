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
}
