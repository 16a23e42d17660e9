// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The small pictures that players show above their bar: some of a film's key frames, in sheets of many.
///
/// Key frames alone are decoded, and each sheet needs no more of the film than the part that it shows.
package struct ThumbnailPlan: Sendable {
    /// Pictures in a row of a sheet, and rows in a sheet.
    package static let (columns, rows) = (5, 5)
    /// The largest size of a picture.
    private static let (width, height) = (176, 100)
    /// The distance of pictures is a share of the film, but within these, in microseconds.
    private static let distances: ClosedRange<Int64> = 2_000_000...10_000_000
    private static let share: Int64 = 200

    /// The times of the pictures, ascending, in ticks of the film's clock; not empty unless the film has no frame.
    package let times: [Int64]
    /// The size of each picture, in pixels.
    package let size: (width: Int, height: Int)
    private let frames: [Int]
    private let film: StreamFilm
    private let picture: VideoProperties

    /// Chooses the pictures of a film; `nil` for a film without a picture.
    package init?(film: StreamFilm) {
        guard let picture = film.picture?.video else { return nil }
        self.film = film
        self.picture = picture
        size = ShownSize(picture).fitted(width: Self.width, height: Self.height)
        let index = film.index
        let duration = MediaTime(ticks: index.duration, timeBase: index.timeBase).microseconds
        frames = Self.keyframes(
            of: index, distance: min(max(duration / Self.share, Self.distances.lowerBound), Self.distances.upperBound))
        times = frames.map { index.presentationTimes[$0] }
    }

    /// The key frames of a film that are at least so far from one another, by their ordinals.
    ///
    /// - Parameter distance: in microseconds.
    static func keyframes(of index: FrameIndex, distance: Int64) -> [Int] {
        let exact = index.keyframes.filter(\.isRandomAccessPoint)
        let distance = MediaTime(ticks: distance, timeBase: TimeBase(1, 1_000_000)).rescaled(to: index.timeBase)
        var frames: [Int] = []
        var last: Int64?
        for keyframe in exact.isEmpty ? index.keyframes : exact
        where index.presentationTimes.indices.contains(keyframe.frame) {
            let time = index.presentationTimes[keyframe.frame]
            if let last, time - last < distance { continue }
            last = time
            frames.append(keyframe.frame)
        }
        return frames
    }

    /// The number of sheets.
    package var sheetCount: Int { (times.count + Self.columns * Self.rows - 1) / (Self.columns * Self.rows) }

    /// The pictures of a sheet.
    private func pictures(of sheet: Int) -> Range<Int> {
        let first = sheet * Self.columns * Self.rows
        return first..<min(first + Self.columns * Self.rows, times.count)
    }

    /// The run of ffmpeg that draws a sheet, as JPEG; `nil` for sheets that are not there.
    package func command(sheet: Int) -> FFmpegCommand? {
        guard (0..<sheetCount).contains(sheet) else { return nil }
        let pictures = pictures(of: sheet)
        let times = self.times[pictures]
        var before = ["-copyts", "-noaccurate_seek"]
        if let seek = SeekPlanner(index: film.index, source: film.source).seek(to: frames[pictures.lowerBound]) {
            before += ["-ss", VideoCommand.seconds(seek.seekMicroseconds)]
        }
        before += Self.skipping(film.index) + ["-threads", "1", "-i"]
        var filters = Self.choosing(times) + Self.shrinking(picture, to: size)
        let rows = (pictures.count + Self.columns - 1) / Self.columns
        filters.append("tile=layout=\(min(Self.columns, pictures.count))x\(rows):nb_frames=\(pictures.count)")
        return Self.still(before, stream: film.index.streamIndex, filters)
    }

    /// Where each picture is, as players read it: which times it stands for, and its place in its sheet.
    ///
    /// - Parameter address: the address of a sheet.
    ///
    /// Source: <https://www.w3.org/TR/media-frags/#naming-space>
    package func webVTT(address: (Int) -> String) -> String {
        let (index, origin) = (film.index, film.index.presentationTimes.first ?? 0)
        func milliseconds(_ time: Int64) -> Int64 {
            MediaTime(ticks: time - origin, timeBase: index.timeBase).rescaled(to: TimeBase(1, 1000))
        }
        let places = times.indices.map { number in
            let sheet = number / (Self.columns * Self.rows)
            let place = number % (Self.columns * Self.rows)
            // The first one stands for what comes before it, too.
            return SubtitleCue(
                start: number == 0 ? 0 : milliseconds(times[number]),
                end: number + 1 < times.count ? milliseconds(times[number + 1]) : milliseconds(origin + index.duration),
                text:
                    "\(address(sheet))#xywh=\(place % Self.columns * size.width),\(place / Self.columns * size.height),"
                    + "\(size.width),\(size.height)")
        }
        return SubtitleText(cues: places).webVTT
    }

    /// The options that have key frames alone decoded, where their times can be told without the others.
    static func skipping(_ index: FrameIndex) -> [String] {
        index.method == .packets ? ["-skip_frame", "nokey"] : []
    }

    /// The filters that let the frames of some times through, which ascend, and read no further.
    static func choosing(_ times: some BidirectionalCollection<Int64>) -> [String] {
        let wanted = times.map { "eq(pts,\($0))" }.joined(separator: "+")
        return ["trim=end_pts=\((times.last ?? 0) + 1)", "select='\(wanted)'"]
    }

    /// The filters that make a picture small, and its colours those of every screen.
    static func shrinking(_ picture: VideoProperties, to size: (width: Int, height: Int)) -> [String] {
        let scale = "scale=w=\(size.width):h=\(size.height):flags=bicubic+accurate_rnd+bitexact+full_chroma_int"
        guard let tone = ToneMapping(source: picture) else {
            return [scale + ":out_range=full", "format=pix_fmts=yuvj420p", "setsar=sar=1"]
        }
        let colors = picture.pixelFormat?.hasPrefix("gbr") == true ? "" : ":in_color_matrix=bt2020"
        return [scale + colors, "format=pix_fmts=\(ToneMapping.pixelFormat)"] + tone.filters
            + [
                "scale=flags=bitexact:out_color_matrix=bt601:out_range=full", "format=pix_fmts=yuvj420p",
                "setsar=sar=1",
            ]
    }

    /// A run of ffmpeg that draws one picture, as JPEG.
    static func still(_ before: [String], stream: Int, _ filters: [String]) -> FFmpegCommand {
        var after = [
            "-map", "0:\(stream)", "-an", "-sn", "-dn", "-filter_threads", "1", "-fps_mode", "passthrough", "-frames:v",
            "1",
        ]
        after += ["-vf", filters.joined(separator: ","), "-c:v", "mjpeg", "-q:v", "4", "-threads", "1"]
        after += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mjpeg"]
        return FFmpegCommand(before.map { .text($0) } + [.source] + after.map { .text($0) } + [.output])
    }
}
