// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a player says that it can play.
package struct PlayerAbility: Sendable, Equatable {
    /// Containers, as media types without parameters or by their subtype alone: `video/mp4`, `webm`.
    package var containers: Set<String>
    /// Codecs, RFC 6381: whole names such as `avc1.640028`, or families such as `avc1`.
    package var codecs: [String]

    /// The order of H.264 profiles of which each has all of those before it.
    private static let profiles = ["42", "4D", "64", "6E"]

    /// Reads two lists, separated by commas, as players send them.
    package init(containers: String, codecs: String) {
        func words(_ text: String) -> [String] {
            text.split(separator: ",").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
        }
        self.containers = Set(words(containers).map { $0.lowercased() })
        self.codecs = words(codecs)
    }

    /// Whether it plays a media type with codecs, such as `video/mp4; codecs="avc1.640028,mp4a.40.2"`.
    package func plays(_ type: String) -> Bool {
        let parts = type.split(separator: ";", maxSplits: 1)
        guard let container = parts.first.map(String.init),
            let subtype = container.split(separator: "/").last.map(String.init),
            containers.contains(container) || containers.contains(subtype)
        else { return false }
        let named = parts.count > 1 ? parts[1].split(separator: "\"").dropFirst().first ?? "" : ""
        return named.split(separator: ",").allSatisfy { codec in codecs.contains { Self.covers($0, String(codec)) } }
    }

    private static func covers(_ able: String, _ wanted: String) -> Bool {
        if able.lowercased() == wanted.lowercased() { return true }
        let (left, right) = (able.split(separator: "."), wanted.split(separator: "."))
        guard left.first?.lowercased() == right.first?.lowercased() else { return false }
        // A family alone means what everyone has of it: no more than 8 bits.
        if left.count == 1 {
            return !wanted.uppercased().hasPrefix("AVC1.6E") && !wanted.hasPrefix("hvc1.2") && !wanted.hasSuffix(".10")
        }
        guard left.first == "avc1", right.count == 2, left[1].count == 6, right[1].count == 6 else { return false }
        let (mine, theirs) = (left[1].uppercased(), right[1].uppercased())
        guard let most = profiles.firstIndex(of: String(mine.prefix(2))),
            let profile = profiles.firstIndex(of: String(theirs.prefix(2)))
        else { return false }
        return profile <= most && theirs.suffix(2) <= mine.suffix(2)
    }
}
