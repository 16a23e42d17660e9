// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// In which ways a film can be played without encoding it anew, and what a player must be able to do for each.
package struct DirectPlay: Sendable, Equatable {
    /// What is best for a player.
    package enum Way: String, Sendable, Equatable {
        /// The file as it is.
        case file
        /// Its packets in segments.
        case packets
        /// A stream that is encoded.
        case stream
    }

    /// The media type of the file with its codecs, RFC 6381; `nil` for files that players should not get.
    package let file: String?
    /// The media types of the tracks when the packets of the picture are taken as they are, the picture's first; `nil`
    /// when they cannot be.
    package let packets: [String]?

    /// The codec of the picture, RFC 6381; `nil` when players should get neither file nor packets.
    package let pictureCodec: String?

    /// Looks at a film.
    ///
    /// - Parameters:
    ///   - copy: its picture in segments; `nil` when it cannot be had.
    ///   - sounds: the codecs of the sound that goes with those, RFC 6381; as many as there are different ones.
    package init(film: StreamFilm, copy: PictureCopy?, sounds: [String]) {
        let picture = film.picture.flatMap { Self.codec(ofPicture: $0, in: film) }
        pictureCodec = picture
        file = picture.flatMap { Self.file(film, $0) }
        packets =
            copy == nil
            ? nil
            : picture.map { ["video/mp4; codecs=\"\($0)\""] + sounds.map { "audio/mp4; codecs=\"\($0)\"" } }
    }

    /// The best way for a player.
    package func way(for ability: PlayerAbility) -> Way {
        if let file, ability.plays(file) { return .file }
        if let packets, packets.allSatisfy(ability.plays) { return .packets }
        return .stream
    }

    /// Several languages cannot be chosen from in a file, so such a film is no file for players.
    private static func file(_ film: StreamFilm, _ picture: String) -> String? {
        let sounds = film.source.streams(of: .audio)
        let fields = film.picture?.video?.fieldOrder.isInterlaced == true
        guard sounds.count <= 1, !fields, film.index.clockJumps == 0 else { return nil }
        let names = film.source.formatName.split(separator: ",")
        if names.contains("mp4") {
            let sound = sounds.map { CodecName.audio($0.codec, profile: $0.profile, sampleRate: rate($0)) }
            guard let codecs = all([picture] + sound), !picture.hasPrefix("vp8") else { return nil }
            return "video/mp4; codecs=\"\(codecs)\""
        }
        guard names.contains("webm") else { return nil }
        let isFree = ["vp8", "vp09", "av01"].contains { picture.hasPrefix($0) }
        let free = sounds.map { ["opus", "vorbis"].contains($0.codec) ? $0.codec : nil }
        if isFree, let codecs = all([picture] + free) { return "video/webm; codecs=\"\(codecs)\"" }
        let sound = sounds.map { CodecName.audio($0.codec, profile: $0.profile, sampleRate: rate($0)) }
        return all([picture] + sound).map { "video/x-matroska; codecs=\"\($0)\"" }
    }

    private static func rate(_ stream: StreamDescription) -> Int { stream.audio?.sampleRate ?? 48_000 }

    private static func all(_ codecs: [String?]) -> String? {
        let known = codecs.compactMap(\.self)
        return known.count == codecs.count ? known.joined(separator: ",") : nil
    }

    /// The name of the picture's codec, its level guessed from size and pace: containers do not tell it apart.
    private static func codec(ofPicture stream: StreamDescription, in film: StreamFilm) -> String? {
        guard let video = stream.video, video.dolbyVision?.hasOwnColors != true,
            ["yuv420p", "yuvj420p", "yuv420p10le"].contains(video.pixelFormat ?? "")
        else { return nil }
        let rate = video.averageFrameRate.isPositive ? video.averageFrameRate.value : 30
        let bits = film.source.bitRate ?? BitRate(0)
        let load = CodecName.Load(width: video.width, height: video.height, frameRate: rate, peak: bits)
        switch stream.codec {
        case "h264":
            let level = CodecName.level(of: .h264, for: load)
            let name = CodecName.video(.h264, level: level, bitDepth: video.bitDepth)
            guard let code = stream.profile.flatMap({ profiles[$0] }) else { return nil }
            return "avc1." + code + name.suffix(2)
        case "hevc":
            return CodecName.video(.hevc, level: CodecName.level(of: .hevc, for: load), bitDepth: video.bitDepth)
        case "av1": return CodecName.video(.av1, level: CodecName.level(of: .av1, for: load), bitDepth: video.bitDepth)
        case "vp9": return video.bitDepth > 8 ? "vp09.02.51.10" : "vp09.00.51.08"
        case "vp8": return "vp8"
        default: return nil
        }
    }

    /// Profile and constraints of H.264 by FFmpeg's words for them.
    private static let profiles = [
        "Constrained Baseline": "42E0", "Baseline": "4200", "Main": "4D00", "High": "6400", "High 10": "6E00",
    ]
}
