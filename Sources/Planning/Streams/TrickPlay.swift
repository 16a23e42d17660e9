// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A film in single pictures, as a rendition of its own: players show it while they run through the film.
///
/// Each segment is one of the film's key frames, encoded so that it needs no other. All of it is known before anything
/// is encoded; key frames alone are decoded for it.
///
/// Source: RFC 8216, sections 4.3.3.6 and 4.3.4.3
package struct TrickPlay: Sendable {
    /// The name of the rendition.
    package static let name = "trick"
    /// Pictures that are made together.
    private static let run = 16
    /// The least distance of pictures, in microseconds.
    private static let distance: Int64 = 2_000_000

    /// Where each picture is in the film.
    private let frames: [Int]
    private let plan: StreamPlan
    private let picture: VideoRendition

    /// Chooses the pictures, in the smallest quality; `nil` for a film without key frames, and in AV1: its encoders here
    /// make key frames at intervals of two and more.
    package init?(plan: StreamPlan) {
        guard plan.options.codec != .av1, let picture = plan.video.last else { return nil }
        frames = ThumbnailPlan.keyframes(of: plan.film.index, distance: Self.distance)
        guard !frames.isEmpty else { return nil }
        self.plan = plan
        self.picture = picture
    }

    /// The number of pictures, at least 1.
    package var count: Int { frames.count }

    /// When each is shown, in ticks of the stream's clock after its zero, with the film's end behind them. The first one
    /// stands for what comes before it, too.
    private var times: [Int64] {
        var times = frames.map { plan.timeline.times[$0] } + [plan.timeline.start(of: plan.timeline.count)]
        times[0] = 0
        return times
    }

    /// How it is announced in the master playlist.
    ///
    /// - Parameter uri: where its playlist is.
    func variant(uri: String) -> MasterPlaylist.Variant {
        MasterPlaylist.Variant(
            bandwidth: picture.peak.bitsPerSecond, averageBandwidth: picture.average.bitsPerSecond,
            codecs: [picture.codecName], size: picture.size, frameRate: 0, videoRange: picture.command.videoRange,
            audioGroup: nil, uri: uri)
    }

    /// Its playlist.
    ///
    /// - Parameters:
    ///   - address: the address of a picture.
    ///   - map: the address of what stands before all of them.
    package func playlist(address: (Int) -> String, map: String) -> String {
        let starts = times.map { MediaTime(ticks: $0, timeBase: plan.timeline.clock).microseconds }
        let entries = frames.indices.map { number in
            MediaPlaylist.Entry(microseconds: starts[number + 1] - starts[number], uri: address(number))
        }
        var playlist = MediaPlaylist(
            entries: entries, map: plan.options.container == .mp4 ? map : nil,
            targetDuration: MediaPlaylist.targetDuration(entries.map(\.microseconds)), isIndependent: true)
        playlist.isPictures = true
        return playlist.text
    }

    /// The part that a picture is made with; `nil` for pictures that are not there.
    package func part(of picture: Int) -> StreamPart? {
        guard frames.indices.contains(picture) else { return nil }
        return StreamPart(film: plan.id, rendition: Self.name, number: picture / Self.run)
    }

    /// How a part is made; `nil` for parts that are not there.
    package func recipe(for part: StreamPart) -> (command: FFmpegCommand, part: EncodedPart)? {
        let pictures = (part.number * Self.run..<(part.number + 1) * Self.run).clamped(to: frames.indices)
        guard part.film == plan.id, !pictures.isEmpty,
            let command = try? picture.command.command(keyframes: Array(frames[pictures]), of: plan.film)
        else { return nil }
        let offset = Int64(StreamTimeline.offsetSeconds) * Int64(plan.timeline.clock.den)
        let encoded = EncodedPart(
            path: "", start: .afterPackets(0), pieces: pictures.map { EncodedPart.Piece(segment: $0, packets: 1) },
            timeBase: plan.timeline.clock, times: times[pictures.lowerBound...pictures.upperBound].map { $0 + offset },
            depth: 0, container: plan.options.container)
        return (command, encoded)
    }
}
