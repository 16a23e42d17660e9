// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One spoken line, shown for a time.
package struct SubtitleCue: Sendable, Equatable, Codable {
    /// When it is shown first, in milliseconds after the stream's zero.
    package var start: Int64
    /// When it is gone, in milliseconds after the stream's zero.
    package var end: Int64
    /// Where and how it stands, as WebVTT writes it behind the times; empty for the usual place.
    package var settings: String
    /// Its lines.
    package var text: String

    /// Makes a cue.
    package init(start: Int64, end: Int64, settings: String = "", text: String) {
        self.start = start
        self.end = end
        self.settings = settings
        self.text = text
    }
}

/// Subtitles as WebVTT.
///
/// Source: <https://www.w3.org/TR/webvtt1/>; RFC 8216, section 3.5
package struct SubtitleText: Sendable, Equatable {
    /// The cues in order of their start.
    package var cues: [SubtitleCue]

    /// Makes subtitles.
    package init(cues: [SubtitleCue]) { self.cues = cues }

    /// Reads WebVTT as ffmpeg writes it, and counts its times from another zero.
    ///
    /// Cues that end before the zero are left out; one that begins before it is shown from it on.
    ///
    /// - Parameter origin: the zero, in milliseconds of the text's clock.
    package init(webVTT: String, origin: Int64) {
        cues = []
        for block in webVTT.split(separator: "\n\n", omittingEmptySubsequences: true) {
            var lines = block.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            while let first = lines.first, !first.contains("-->") { lines.removeFirst() }
            guard let head = lines.first else { continue }
            let words = head.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 3, words[1] == "-->", let start = Self.milliseconds(words[0]),
                let end = Self.milliseconds(words[2]), end > origin
            else { continue }
            let text = lines.dropFirst().joined(separator: "\n")
            cues.append(
                SubtitleCue(
                    start: max(0, start - origin), end: end - origin,
                    settings: words.dropFirst(3).joined(separator: " "), text: text))
        }
    }

    /// The whole as one file, whose first line of times tells players of streams where its zero lies.
    package var webVTT: String {
        var lines = ["WEBVTT"]
        lines.append("X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:\(StreamTimeline.offsetSeconds * 90_000)")
        lines.append("")
        for cue in cues {
            let settings = cue.settings.isEmpty ? "" : " " + cue.settings
            lines += ["\(Self.text(cue.start)) --> \(Self.text(cue.end))\(settings)", cue.text, ""]
        }
        return lines.joined(separator: "\n") + (cues.isEmpty ? "\n" : "")
    }

    /// `01:02:03.456` or `02:03.456`, in milliseconds; `nil` for anything else.
    private static func milliseconds(_ text: Substring) -> Int64? {
        let parts = text.split(separator: ":")
        guard (2...3).contains(parts.count), let last = parts.last else { return nil }
        let seconds = last.split(separator: ".")
        guard seconds.count == 2, seconds[1].count == 3, let whole = Int64(seconds[0]), let fraction = Int64(seconds[1])
        else { return nil }
        let larger = parts.dropLast().map { Int64($0) }
        var total: Int64 = 0
        for part in larger {
            guard let part else { return nil }
            total = total * 60 + part
        }
        return (total * 60 + whole) * 1000 + fraction
    }

    private static func text(_ milliseconds: Int64) -> String {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let seconds = milliseconds / 1000
        return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2) + "."
            + padded(milliseconds % 1000, 3)
    }
}
