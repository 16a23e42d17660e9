// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What a media file holds, as text for people.
enum ProbeText {
    /// The text.
    static func text(of source: SourceDescription, _ index: FrameIndex?) -> String {
        var lines = [source.path, "  format    \(source.formatName)"]
        lines.append("  size      \(Figures.bytes(source.fingerprint.size))")
        if let duration = source.durationMicroseconds {
            lines.append("  duration  \(Figures.timestamp(Double(duration) / 1e6))")
        }
        if let rate = source.bitRate { lines.append("  bit rate  \(Figures.bitRate(rate))") }
        for tag in source.tags { lines.append("  \(tag.key): \(tag.value)") }
        lines += ["", "Streams"]
        for stream in source.streams { lines.append("  \(stream.index): " + line(of: stream)) }
        if !source.chapters.isEmpty {
            lines += ["", "Chapters"]
            for chapter in source.chapters {
                let start = Figures.timestamp(MediaTime(ticks: chapter.start, timeBase: chapter.timeBase).seconds)
                let title = chapter.tags.first { $0.key.lowercased() == "title" }?.value ?? ""
                lines.append("  \(start)  \(title)")
            }
        }
        if let index { lines += ["", "Frames of stream \(index.streamIndex)"] + rows(of: index) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func rows(of index: FrameIndex) -> [String] {
        let seconds = { (ticks: Int64) in MediaTime(ticks: ticks, timeBase: index.timeBase).seconds }
        var lines = [
            "  \(Figures.count(index.frameCount, "frame")), \(Figures.timestamp(seconds(index.duration))) long"
        ]
        let points = index.keyframes.count(where: \.isRandomAccessPoint)
        lines.append("  \(Figures.count(index.keyframes.count, "key frame")), \(points) of them exact entry points")
        let how = index.method == .packets ? "packets" : "decoding"
        lines.append("  found by \(how)\(index.isSeekable ? "" : "; reading cannot start in the middle")")
        return lines + index.oddities.map { "  \($0)" }
    }

    private static func line(of stream: StreamDescription) -> String {
        let codec = stream.codec == "none" ? "" : " " + stream.codec
        var parts = [stream.kind.rawValue + codec + (stream.profile.map { " (\($0))" } ?? "")]
        if let video = stream.video { parts += facts(of: video) }
        if let audio = stream.audio {
            parts.append("\(audio.sampleRate) Hz")
            parts.append(audio.layout ?? Figures.count(audio.channels, "channel"))
        }
        if let rate = stream.bitRate { parts.append(Figures.bitRate(rate)) }
        if let language = stream.tag("language"), language != "und" { parts.append(language) }
        if let title = stream.tag("title") { parts.append("\"\(title)\"") }
        if stream.disposition.contains(.default) { parts.append("default") }
        if stream.disposition.contains(.forced) { parts.append("forced") }
        if stream.disposition.contains(.attachedPicture) { parts.append("cover picture") }
        if let name = stream.tag("filename") { parts.append(name) }
        if !stream.isDecodable, stream.kind != .attachment, stream.kind != .data {
            parts.append("cannot be decoded here")
        }
        return parts.joined(separator: ", ")
    }

    private static func facts(of video: VideoProperties) -> [String] {
        var parts = ["\(video.width)x\(video.height)"]
        let shape = video.sampleAspectRatio
        if shape.isPositive, shape.num != shape.den { parts.append("pixels \(shape.num):\(shape.den)") }
        if let format = video.pixelFormat { parts.append(format) }
        if video.averageFrameRate.isPositive { parts.append(Figures.short(video.averageFrameRate.value) + " fps") }
        let colour = [video.color.primaries, video.color.transfer, video.color.matrix, video.color.range].compactMap {
            $0
        }
        if !colour.isEmpty { parts.append(colour.joined(separator: "/")) }
        if video.fieldOrder.isInterlaced {
            parts.append("interlaced, \(video.fieldOrder.isTopFirst ? "top" : "bottom") first")
        }
        if let matrix = video.displayMatrix, matrix.clockwiseDegrees != 0 {
            parts.append("turned \(matrix.clockwiseDegrees) degrees")
        }
        if video.masteringDisplay != nil || video.contentLight != nil { parts.append("HDR10") }
        if video.hasHDR10Plus { parts.append("HDR10+") }
        if let vision = video.dolbyVision { parts.append("Dolby Vision profile \(vision.profile)") }
        return parts
    }
}
