// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The text of a master playlist: the qualities, languages and subtitles to choose from.
///
/// Source: RFC 8216, section 4.3.4; draft-pantos-hls-rfc8216bis for `VIDEO-RANGE`
package struct MasterPlaylist: Sendable, Equatable {
    /// A picture quality.
    package struct Variant: Sendable, Equatable {
        /// The most bits a second, with the dearest sound of its group.
        package var bandwidth: Int64
        /// The usual bits a second, with the sound.
        package var averageBandwidth: Int64
        /// The codecs of picture and sound, RFC 6381.
        package var codecs: [String]
        /// Pixels across and down; 0 for streams without a picture.
        package var size: (width: Int, height: Int)
        /// Pictures a second, for display; 0 when unknown.
        package var frameRate: Double
        /// `SDR`, `PQ` or `HLG`.
        package var videoRange: String
        /// The group of sound renditions; `nil` without sound.
        package var audioGroup: String?
        /// Where its playlist is, relative to the master.
        package var uri: String

        /// Makes a variant.
        package init(
            bandwidth: Int64, averageBandwidth: Int64, codecs: [String], size: (width: Int, height: Int),
            frameRate: Double, videoRange: String, audioGroup: String?, uri: String
        ) {
            self.bandwidth = bandwidth
            self.averageBandwidth = averageBandwidth
            self.codecs = codecs
            self.size = size
            self.frameRate = frameRate
            self.videoRange = videoRange
            self.audioGroup = audioGroup
            self.uri = uri
        }

        package static func == (left: Variant, right: Variant) -> Bool {
            left.size == right.size && left.bandwidth == right.bandwidth && left.codecs == right.codecs
                && left.averageBandwidth == right.averageBandwidth && left.frameRate == right.frameRate
                && left.videoRange == right.videoRange && left.audioGroup == right.audioGroup && left.uri == right.uri
        }
    }

    /// A sound track or a subtitle track.
    package struct Rendition: Sendable, Equatable {
        /// The group that it is chosen from.
        package var group: String
        /// Its name for people; no two of a group have the same.
        package var name: String
        /// Its language, RFC 5646; `nil` when unknown.
        package var language: String?
        /// Whether it is played when the viewer chooses nothing.
        package var isDefault: Bool
        /// Whether it is for those who do not understand the language of the film only.
        package var isForced = false
        /// The number of channels; `nil` for subtitles.
        package var channels: Int?
        /// Roles such as `public.accessibility.describes-video`.
        package var characteristics: [String] = []
        /// Where its playlist is, relative to the master.
        package var uri: String

        /// Makes a rendition.
        package init(
            group: String, name: String, language: String?, isDefault: Bool, channels: Int? = nil, uri: String
        ) {
            self.group = group
            self.name = name
            self.language = language
            self.isDefault = isDefault
            self.channels = channels
            self.uri = uri
        }
    }

    /// The qualities; players begin with the first.
    package var variants: [Variant]
    /// The sound tracks.
    package var sounds: [Rendition]
    /// The subtitle tracks.
    package var subtitles: [Rendition]
    /// The film in single pictures, for players that show it while they run through it; `nil` without.
    package var pictures: Variant?
    /// What is not carried and why, a sentence each: for people who read the playlist.
    package var remarks: [String]

    /// Makes a playlist.
    package init(variants: [Variant], sounds: [Rendition], subtitles: [Rendition], remarks: [String] = []) {
        self.variants = variants
        self.sounds = sounds
        self.subtitles = subtitles
        self.remarks = remarks
    }

    /// The playlist.
    package var text: String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines += remarks.map { "# " + $0.filter { !$0.isNewline } }
        lines += sounds.map { Self.media("AUDIO", $0) } + subtitles.map { Self.media("SUBTITLES", $0) }
        for variant in variants {
            var list = AttributeList()
            list.add("BANDWIDTH", "\(variant.bandwidth)")
            list.add("AVERAGE-BANDWIDTH", "\(variant.averageBandwidth)")
            list.addQuoted("CODECS", variant.codecs.joined(separator: ","))
            if variant.size.width > 0 {
                list.add("RESOLUTION", "\(variant.size.width)x\(variant.size.height)")
                if variant.frameRate > 0 { list.add("FRAME-RATE", Self.thousandths(variant.frameRate)) }
                list.add("VIDEO-RANGE", variant.videoRange)
            }
            list.addQuoted("AUDIO", variant.audioGroup)
            list.addQuoted("SUBTITLES", subtitles.first?.group)
            // Said outright: without it, players look for captions within the picture.
            if variant.size.width > 0 { list.add("CLOSED-CAPTIONS", "NONE") }
            lines += ["#EXT-X-STREAM-INF:" + list.text, variant.uri]
        }
        if let pictures {
            var list = AttributeList()
            list.add("BANDWIDTH", "\(pictures.bandwidth)")
            list.add("AVERAGE-BANDWIDTH", "\(pictures.averageBandwidth)")
            list.addQuoted("CODECS", pictures.codecs.joined(separator: ","))
            list.add("RESOLUTION", "\(pictures.size.width)x\(pictures.size.height)")
            list.add("VIDEO-RANGE", pictures.videoRange)
            list.addQuoted("URI", pictures.uri)
            lines.append("#EXT-X-I-FRAME-STREAM-INF:" + list.text)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func media(_ type: String, _ rendition: Rendition) -> String {
        var list = AttributeList()
        list.add("TYPE", type)
        list.addQuoted("GROUP-ID", rendition.group)
        list.addQuoted("NAME", rendition.name)
        list.addQuoted("LANGUAGE", rendition.language)
        list.add("DEFAULT", rendition.isDefault ? "YES" : "NO")
        list.add("AUTOSELECT", "YES")
        if type == "SUBTITLES" { list.add("FORCED", rendition.isForced ? "YES" : "NO") }
        if let channels = rendition.channels { list.addQuoted("CHANNELS", "\(channels)") }
        if !rendition.characteristics.isEmpty {
            list.addQuoted("CHARACTERISTICS", rendition.characteristics.joined(separator: ","))
        }
        list.addQuoted("URI", rendition.uri)
        return "#EXT-X-MEDIA:" + list.text
    }

    private static func thousandths(_ number: Double) -> String {
        let all = Int64((number * 1000).rounded())
        let fraction = String(all % 1000)
        return "\(all / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
