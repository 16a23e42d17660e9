// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// The run of ffmpeg that makes a stream: H.264 and AAC in segments of six seconds, behind a playlist that grows.
struct StreamCommand: Sendable, Equatable {
    /// The playlist's file name.
    static let playlist = "index.m3u8"

    /// The seconds into the source that it begins at.
    let start: Double
    /// The picture's size; `nil` keeps the source's.
    let resolution: Resolution?
    /// The picture's bit rate; `nil` for constant quality.
    let bitRate: BitRate?

    /// Reads an assignment; `nil` when a value of it makes no sense.
    init?(_ assignment: PlainAssignment) {
        guard assignment.startTime.isFinite, (0..<1e7).contains(assignment.startTime) else { return nil }
        start = assignment.startTime
        switch assignment.resolution {
        case nil, "": resolution = nil
        case let text?:
            guard let size = Self.resolution(text) else { return nil }
            resolution = size
        }
        switch assignment.bitrate {
        case nil, "": bitRate = nil
        case let text?:
            guard let rate = BitRate(text) else { return nil }
            bitRate = rate
        }
    }

    /// The arguments.
    ///
    /// - Parameters:
    ///   - source: the source's path, or the URL of this machine's proxy.
    ///   - directory: where playlist and segments are written.
    func arguments(source: String, directory: String) -> [String] {
        let milliseconds = Int64((start * 1000).rounded())
        var text = ["-ss", "\(milliseconds)ms", "-i"]
        text += FFmpegCommand([.source]).resolved(source: source, output: "") { _ in "" }
        text += ["-map", "0:V:0?", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]
        text += ["-vf", filters, "-c:v", "libx264", "-preset", "veryfast"]
        if let bitRate {
            let rate = bitRate.bitsPerSecond
            text += ["-b:v", "\(rate)", "-maxrate", "\(rate)", "-bufsize", "\(rate * 2)"]
        } else {
            text += ["-crf", "22"]
        }
        // Every segment begins with a key frame.
        text += ["-force_key_frames", "expr:gte(t,n_forced*6)", "-c:a", "aac", "-b:a", "160k", "-ac", "2"]
        text += ["-f", "hls", "-hls_time", "6", "-hls_list_size", "0", "-hls_playlist_type", "event"]
        text += ["-hls_flags", "independent_segments+temp_file"]
        text += ["-hls_segment_filename", "file:\(directory.replacing("%", with: "%%"))/segment-%05d.ts"]
        return text + ["file:\(directory)/\(Self.playlist)"]
    }

    /// Never larger than the source, in even sizes, as every player takes it.
    private var filters: String {
        switch resolution {
        case nil: "scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p"
        case .height(let height): "scale=-2:'trunc(min(\(height),ih)/2)*2',format=yuv420p"
        case .box(let width, let height):
            "scale='min(\(width),iw)':'min(\(height),ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,"
                + "format=yuv420p"
        }
    }

    /// Such as `1080p` or `1280x720`.
    private static func resolution(_ text: String) -> Resolution? {
        let sides = 16...16_384
        if text.hasSuffix("p"), let height = Int(text.dropLast()), sides.contains(height) { return .height(height) }
        let parts = text.lowercased().split(separator: "x")
        guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]), sides.contains(width),
            sides.contains(height)
        else { return nil }
        return .box(width: width, height: height)
    }
}
