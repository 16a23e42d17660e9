// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// What ffprobe says about a file.
package struct MediaFacts: Sendable {
    /// One stream.
    package struct Stream: Sendable {
        /// `video`, `audio`, `subtitle`, `data` or `attachment`.
        package var kind: String
        /// ffprobe's scalar fields, as text (`codec_name`, `pix_fmt`, `start_time`).
        package var fields: [String: String]
        /// The tags, keys in lower case.
        package var tags: [String: String]
        /// The roles that are set (`default`, `forced`, `attached_pic`).
        package var roles: Set<String>
        /// All side data, as fields.
        package var sideData: [[String: String]]

        /// The codec's name.
        package var codec: String { fields["codec_name"] ?? "" }
        /// How far players turn the picture, in degrees as ffprobe counts them; 0 for not at all.
        package var rotation: Int { sideData.compactMap { $0["rotation"].flatMap { Int($0) } }.first ?? 0 }
        /// A field that is a number; `nil` when it is none.
        package func number(_ key: String) -> Double? { fields[key].flatMap { Double($0) } }
    }

    /// One chapter.
    package struct Chapter: Sendable, Equatable {
        /// Where it begins, in milliseconds.
        package var startMilliseconds: Int
        /// Where it ends, in milliseconds.
        package var endMilliseconds: Int
        /// Its title.
        package var title: String
    }

    /// The streams, in the file's order.
    package var streams: [Stream]
    /// The chapters.
    package var chapters: [Chapter]
    /// The container's scalar fields.
    package var format: [String: String]
    /// The container's tags, keys in lower case.
    package var tags: [String: String]

    /// ffprobe could not read the file.
    package struct CannotRead: Error, CustomStringConvertible {
        /// Which file, and ffprobe's own words.
        package let description: String
    }

    /// Asks ffprobe about a file.
    ///
    /// - Throws: ``CannotRead``.
    package static func of(_ path: String) async throws -> MediaFacts {
        let outcome = try await KeptAnswers.run(
            "ffprobe",
            ["-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_chapters", "-i", "file:" + path],
            about: path)
        guard outcome.isSuccess,
            let object = try? JSONSerialization.jsonObject(with: Data(outcome.outputBytes)) as? [String: Any]
        else { throw CannotRead(description: "\(path): \(outcome.errors)") }
        return MediaFacts(object)
    }

    private init(_ object: [String: Any]) {
        streams = Self.objects(object["streams"]).map { stream in
            Stream(
                kind: stream["codec_type"] as? String ?? "", fields: Self.texts(stream), tags: Self.tags(stream),
                roles: Set(Self.texts(stream["disposition"] as? [String: Any] ?? [:]).filter { $0.value != "0" }.keys),
                sideData: Self.objects(stream["side_data_list"]).map(Self.texts))
        }
        chapters = Self.objects(object["chapters"]).map { chapter in
            let fields = Self.texts(chapter)
            return Chapter(
                startMilliseconds: Self.milliseconds(fields["start_time"]),
                endMilliseconds: Self.milliseconds(fields["end_time"]), title: Self.tags(chapter)["title"] ?? "")
        }
        let container = object["format"] as? [String: Any] ?? [:]
        format = Self.texts(container)
        tags = Self.tags(container)
    }

    /// The streams of one kind, in order.
    package func all(_ kind: String) -> [Stream] { streams.filter { $0.kind == kind } }

    /// The first picture track that is no cover.
    package var picture: Stream? { all("video").first { !$0.roles.contains("attached_pic") } }

    /// The container's length in seconds.
    package var seconds: Double { format["duration"].flatMap { Double($0) } ?? 0 }

    private static func objects(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

    private static func texts(_ object: [String: Any]) -> [String: String] {
        object.compactMapValues { value in
            if let text = value as? String { return text }
            return (value as? NSNumber).map { "\($0)" }
        }
    }

    private static func tags(_ object: [String: Any]) -> [String: String] {
        let tags = texts(object["tags"] as? [String: Any] ?? [:])
        return Dictionary(tags.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }

    private static func milliseconds(_ text: String?) -> Int {
        Int(((text.flatMap { Double($0) } ?? 0) * 1000).rounded())
    }
}
