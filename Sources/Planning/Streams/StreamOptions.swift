// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Everything besides the film that decides the bytes of its stream.
package struct StreamOptions: Codable, Sendable, Hashable {
    /// What the picture is encoded in: H.264, HEVC or AV1.
    package var codec: VideoCodec = .h264
    /// What the sound is encoded in: AAC or Opus.
    package var sound: AudioCodec = .aac
    /// How segments are wrapped.
    package var container: SegmentContainer = .mp4
    /// The wanted length of a segment, in milliseconds, 500 to 30,000.
    package var segmentMilliseconds: Int64 = 4_000
    /// FFmpeg's name of the picture's encoder.
    package var encoder: String
    /// The digest of the ffmpeg that encodes: another build makes other bytes.
    package var build: String
    /// The major version of its libavcodec.
    package var codecMajorVersion: Int

    /// Makes the usual options for an encoder.
    package init(encoder: String, build: String, codecMajorVersion: Int) {
        self.encoder = encoder
        self.build = build
        self.codecMajorVersion = codecMajorVersion
        if let profile = EncoderProfile.named(encoder) { codec = profile.codec }
    }

    /// Refuses options that no film could be streamed with.
    ///
    /// - Throws: `PlanningError` with `contradiction`, `badValue` or `unknownEncoder`.
    package func check() throws(PlanningError) {
        guard let profile = EncoderProfile.named(encoder) else {
            throw PlanningError(.unknownEncoder, "There is no encoder \"\(encoder)\" that Martlet can use.")
        }
        guard [.h264, .hevc, .av1].contains(codec) else {
            throw PlanningError(
                .contradiction, "\(codec.rawValue) is no codec of streams.", advice: "Use h264, hevc or av1.")
        }
        guard profile.codec == codec else {
            throw PlanningError(.contradiction, "\(encoder) does not make \(codec.rawValue).")
        }
        guard [.aac, .opus].contains(sound) else {
            throw PlanningError(
                .contradiction, "\(sound.rawValue) is no codec of sound in streams.", advice: "Use aac or opus.")
        }
        guard (500...30_000).contains(segmentMilliseconds) else {
            throw PlanningError(
                .badValue, "Segments of \(segmentMilliseconds) ms cannot be streamed.",
                advice: "Use 500 to 30000 ms.")
        }
        guard container == .mp4 || codec != .av1 && sound == .aac else {
            throw PlanningError(
                .contradiction, "MPEG-TS segments carry neither AV1 nor Opus.",
                advice: "Use fragmented MP4, or H.264 or HEVC with AAC.")
        }
    }
}
