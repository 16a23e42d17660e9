// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// Texts of any content as one text, and back: `3:abc0:5:again`, with lengths in bytes.
enum ClaimText {
    /// Puts fields together.
    static func join(_ fields: [String]) -> String {
        fields.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// Takes them apart; `nil` when the text has another form.
    static func split(_ text: String) -> [String]? {
        var fields: [String] = []
        var rest = text.utf8[...]
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), let digits = String(rest[..<colon]),
                let length = Int(digits), (0...rest.count).contains(length),
                let end = rest.index(colon, offsetBy: 1 + length, limitedBy: rest.endIndex),
                let field = String(rest[rest.index(after: colon)..<end])
            else { return nil }
            fields.append(field)
            rest = rest[end...]
        }
        return fields
    }

    /// A completion as it is kept.
    static func text(of completion: Completion) -> String {
        join([completion.key, completion.owner, "\(completion.fence)", completion.note])
    }

    /// A completion that was kept; `nil` when the text is none.
    static func completion(_ text: String) -> Completion? {
        guard let fields = split(text), fields.count == 4, let fence = Int64(fields[2]) else { return nil }
        return Completion(key: fields[0], owner: fields[1], fence: fence, note: fields[3])
    }

    /// A message to all who listen.
    static func text(of news: ClaimNews) -> String {
        switch news {
        case .completed(let completion): text(of: completion)
        case .released(let key): join([key])
        }
    }

    /// A message that came; `nil` when it has another form.
    static func news(_ text: String) -> ClaimNews? {
        if let completion = completion(text) { return .completed(completion) }
        guard let fields = split(text), fields.count == 1 else { return nil }
        return .released(key: fields[0])
    }
}
