// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that draws the picture by which people know a film: its cover, or what stands out of some key
/// frames not far from its begin.
///
/// It takes no scan, so that a list of films has its pictures soon.
package struct PosterCommand: Sendable {
    /// The largest size of a poster.
    private static let (width, height) = (640, 640)
    /// How far from the begin it is looked for: this share of the film, and this many microseconds at the most.
    private static let (share, most): (Int64, Int64) = (8, 300_000_000)
    /// How many key frames are compared.
    private static let choice = 4

    /// The run; the result is JPEG.
    package let command: FFmpegCommand

    /// Makes the run for a film; `nil` for a film without a picture.
    package init?(source: SourceDescription) {
        let covers = source.streams(of: .video).filter { $0.disposition.contains(.attachedPicture) && $0.isDecodable }
        if let cover = covers.first, let properties = cover.video {
            let size = ShownSize(properties).fitted(width: Self.width, height: Self.height)
            command = ThumbnailPlan.still(
                ["-i"], stream: cover.index, ThumbnailPlan.shrinking(properties, to: size))
            return
        }
        guard let stream = source.mainVideo, stream.isDecodable, let properties = stream.video else { return nil }
        let size = ShownSize(properties).fitted(width: Self.width, height: Self.height)
        var before: [String] = []
        let place = min((source.durationMicroseconds ?? 0) / Self.share, Self.most)
        if place > 1_000_000 { before += ["-copyts", "-noaccurate_seek", "-ss", VideoCommand.seconds(place)] }
        before += ["-skip_frame", "nokey", "-threads", "1", "-i"]
        command = ThumbnailPlan.still(
            before, stream: stream.index,
            ["thumbnail=n=\(Self.choice)"] + ThumbnailPlan.shrinking(properties, to: size))
    }
}
