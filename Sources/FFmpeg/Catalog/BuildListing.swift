// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts

/// What `ffmpeg -version`, `-encoders` and `-filters` print, read.
struct BuildListing: Codable, Sendable, Equatable {
    /// The build, as tasks know it.
    let build: EncoderBuild
    /// The encoders of sound.
    let audioEncoders: Set<String>
    /// The encoders of subtitles.
    let subtitleEncoders: Set<String>
    /// The minor version of libavcodec.
    let codecMinorVersion: Int

    /// Reads the three listings; `nil` when they are not ffmpeg's.
    init?(version: String, encoders: String, filters: String) {
        let lines = version.split(separator: "\n").map(String.init)
        guard let first = lines.first(where: { $0.hasPrefix("ffmpeg version ") }),
            let codec = lines.first(where: { $0.hasPrefix("libavcodec ") })
        else { return nil }
        // "libavcodec     59. 37.100 / 59. 37.100"
        let numbers = codec.dropFirst("libavcodec".count).split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        guard numbers.count >= 3 else { return nil }

        let rows = Self.rows(of: encoders)
        var digest = StableHash()
        for line in lines
        where line.hasPrefix("ffmpeg version") || line.hasPrefix("configuration:") || line.hasPrefix("lib") {
            digest.combine(line.split(separator: " ").joined(separator: " "))
        }
        let hexadecimal = String(digest.value, radix: 16)
        build = EncoderBuild(
            version: first.split(separator: " ").dropFirst(2).first.map(String.init) ?? "unknown",
            codecMajorVersion: numbers[0],
            digest: String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal,
            encoders: Set(rows.map(\.name)),
            filters: Set(Self.filterNames(in: filters)))
        audioEncoders = Set(rows.filter { $0.flags.hasPrefix("A") }.map(\.name))
        subtitleEncoders = Set(rows.filter { $0.flags.hasPrefix("S") }.map(\.name))
        codecMinorVersion = numbers[1]
    }

    /// Whether it is FFmpeg 5.1 or newer, by the version of libavcodec that came
    /// with it: builds from git carry no version number of their own.
    var isNewEnough: Bool { (build.codecMajorVersion, codecMinorVersion) >= (59, 37) }

    /// The rows below the line of dashes: flags, name, description.
    private static func rows(of listing: String) -> [(flags: String, name: String)] {
        listing.split(separator: "\n").drop { !$0.contains("------") }.dropFirst().compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            return words.count >= 2 ? (String(words[0]), String(words[1])) : nil
        }
    }

    /// The names in rows such as `TS. ssim   VV->V   Calculate ...`.
    private static func filterNames(in listing: String) -> [String] {
        listing.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
            return words.count >= 3 && words[2].contains("->") ? String(words[1]) : nil
        }
    }
}
