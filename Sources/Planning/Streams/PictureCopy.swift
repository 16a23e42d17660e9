// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A film's picture as it is, in segments: its packets, cut where it can be entered, and not encoded anew.
package struct PictureCopy: Sendable {
    /// The name of the rendition.
    package static let name = "copy"
    /// The wanted length of a segment, in milliseconds.
    private static let milliseconds: Int64 = 3_000
    /// As far as H.264 lets decode order run ahead of display order.
    private static let deepest = 16
    /// Where the source's zero is in a run's result, in seconds: what comes before it must have positive times.
    private static let shift: Int64 = 3600

    /// Where segments begin and end.
    package let timeline: StreamTimeline
    private let stream: StreamDescription

    /// Looks whether the picture of a film can be taken as it is.
    ///
    /// - Returns: `nil` when it is in another codec than H.264 and AV1, cannot be entered often enough, is turned or in
    ///   fields, or is not all to be shown.
    package init?(film: StreamFilm) {
        guard let stream = film.picture, let video = stream.video, ["h264", "av1"].contains(stream.codec),
            film.index.clockJumps == 0, film.index.hidden == FrameIndex.HiddenPictures(),
            video.displayMatrix.map({ $0.clockwiseDegrees == 0 }) ?? true, !video.fieldOrder.isInterlaced,
            let timeline = StreamTimeline(
                enteredIn: film.index, source: film.source, durationMilliseconds: Self.milliseconds,
                heldUntil: film.heldUntil)
        else { return nil }
        self.stream = stream
        self.timeline = timeline
    }

    /// The playlist of its segments.
    ///
    /// - Parameters:
    ///   - address: the address of a segment.
    ///   - map: the address of what stands before all segments.
    package func playlist(address: (Int) -> String, map: String) -> String {
        let entries = (0..<timeline.count).map { number in
            MediaPlaylist.Entry(microseconds: timeline.microseconds(of: number), uri: address(number))
        }
        return MediaPlaylist(
            entries: entries, map: map,
            targetDuration: MediaPlaylist.targetDuration(entries.map(\.microseconds)), isIndependent: true
        ).text
    }

    /// How a segment is taken out of the film; `nil` for segments that are not there.
    package func recipe(segment number: Int) -> (command: FFmpegCommand, part: EncodedPart)? {
        guard (0..<timeline.count).contains(number) else { return nil }
        let segment = timeline.segment(number)
        let shift = Self.shift * 1_000_000
        let offset = shift - timeline.originMicroseconds
        var before = ["-copyts", "-noaccurate_seek"]
        if let seek = segment.seek { before += ["-ss", VideoCommand.seconds(seek.seekMicroseconds)] }
        before.append("-i")
        var after = ["-map", "0:\(stream.index)", "-an", "-sn", "-dn", "-c:v", "copy"]
        // The end is told by decode times, which run behind.
        let end = timeline.originMicroseconds + timeline.startMicroseconds(of: number + 1) + 2_000_000
        if end > 0 { after += ["-to", VideoCommand.seconds(end)] }
        after += ["-output_ts_offset", (offset < 0 ? "-" : "") + VideoCommand.seconds(abs(offset))]
        after += ["-avoid_negative_ts", "disabled", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "matroska"]
        let depth = stream.codec == "h264" ? Self.deepest : 0
        let part = EncodedPart(
            path: "",
            start: .at(microseconds: shift + timeline.startMicroseconds(of: number), tolerance: tolerance(of: number)),
            pieces: [EncodedPart.Piece(segment: number, packets: segment.frameCount)], timeBase: timeline.clock,
            times: timeline.packagedTimes(of: number, depth: depth), depth: depth, container: .mp4)
        return (
            FFmpegCommand(before.map { .text($0) } + [.source] + after.map { .text($0) } + [.output]), part
        )
    }

    /// Less than from one frame to the next, and more than Matroska's clock rounds away; in microseconds.
    private func tolerance(of segment: Int) -> Int64 {
        let frames = timeline.times[timeline.edges[segment]...timeline.edges[segment + 1]]
        let least = zip(frames.dropFirst(), frames).map { $0 - $1 }.min() ?? 0
        return max(600, MediaTime(ticks: least, timeBase: timeline.clock).microseconds / 2)
    }
}
