// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletTestKit

/// What ffprobe says of a file: an opinion that owes nothing to Martlet's own reading.
enum Probe {
    /// ffprobe's answer could not be read.
    struct Unreadable: Error { let text: String }

    static func json(_ path: String, _ show: [String]) async throws -> [String: Any] {
        let outcome = try await ChildProcess.run("ffprobe", ["-v", "error", "-of", "json"] + show + ["file:" + path])
        let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        guard outcome.isSuccess, let object = parsed as? [String: Any] else {
            throw Unreadable(text: outcome.errors)
        }
        return object
    }

    static func streams(_ path: String) async throws -> [[String: Any]] {
        try await json(path, ["-show_streams"])["streams"] as? [[String: Any]] ?? []
    }

    static func chapters(_ path: String) async throws -> [[String: Any]] {
        try await json(path, ["-show_chapters"])["chapters"] as? [[String: Any]] ?? []
    }

    /// The packets of one stream, in file order.
    static func packets(_ path: String, _ specifier: String) async throws -> [[String: Any]] {
        try await json(path, ["-select_streams", specifier, "-show_packets"])["packets"] as? [[String: Any]] ?? []
    }

    static func describe(_ path: String) async throws -> SourceDescription {
        let streams = try await streams(path).map(stream)
        let format = try await json(path, ["-show_format"])["format"] as? [String: Any] ?? [:]
        let chapters = try await chapters(path).map { chapter in
            Chapter(
                id: integer(chapter["id"]) ?? 0, start: integer(chapter["start"]) ?? 0,
                end: integer(chapter["end"]) ?? 0, timeBase: rational(chapter["time_base"]),
                tags: tags(chapter["tags"]))
        }
        return SourceDescription(
            path: path, fingerprint: Fingerprint(size: ByteCount(0), modifiedNanoseconds: 0, digest: ""),
            formatName: format["format_name"] as? String ?? "", tags: tags(format["tags"]), streams: streams,
            chapters: chapters)
    }

    private static func stream(_ facts: [String: Any]) -> StreamDescription {
        let roles = facts["disposition"] as? [String: Int] ?? [:]
        var disposition: Disposition = []
        if roles["default"] == 1 { disposition.insert(.default) }
        if roles["forced"] == 1 { disposition.insert(.forced) }
        if roles["hearing_impaired"] == 1 { disposition.insert(.hearingImpaired) }
        if roles["attached_pic"] == 1 { disposition.insert(.attachedPicture) }
        let kind = StreamKind(rawValue: facts["codec_type"] as? String ?? "") ?? .data
        return StreamDescription(
            index: facts["index"] as? Int ?? 0, kind: kind, codec: facts["codec_name"] as? String ?? "none",
            timeBase: rational(facts["time_base"]), startTime: integer(facts["start_pts"]),
            disposition: disposition, tags: tags(facts["tags"]),
            video: kind == .video
                ? VideoProperties(
                    width: facts["width"] as? Int ?? 0, height: facts["height"] as? Int ?? 0,
                    averageFrameRate: rational(facts["avg_frame_rate"]),
                    realFrameRate: rational(facts["r_frame_rate"])) : nil,
            audio: kind == .audio
                ? AudioProperties(
                    sampleRate: Int(facts["sample_rate"] as? String ?? "") ?? 0,
                    channels: facts["channels"] as? Int ?? 0) : nil)
    }

    private static func tags(_ value: Any?) -> [Tag] {
        (value as? [String: String] ?? [:]).sorted { $0.key < $1.key }.map { Tag($0.key, $0.value) }
    }

    private static func integer(_ value: Any?) -> Int64? { (value as? NSNumber)?.int64Value }

    private static func rational(_ value: Any?) -> Rational {
        let parts = (value as? String ?? "").split(whereSeparator: { $0 == "/" || $0 == ":" }).compactMap { Int32($0) }
        return parts.count == 2 ? Rational(parts[0], parts[1]) : Rational(0, 1)
    }
}
