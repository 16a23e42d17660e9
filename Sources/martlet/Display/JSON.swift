// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A JSON value that keeps its keys in the order in which they were written.
indirect enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with at most so many decimals; `null` when it is not finite.
    case number(Double, places: Int)
    case text(String)
    case list([JSON])
    case object([(key: String, value: JSON)])

    static func == (left: JSON, right: JSON) -> Bool { left.line == right.line }

    /// A whole number.
    static func integer(_ value: Int) -> JSON { .integer(Int64(value)) }
    /// A text, or `null`.
    static func text(orNull text: String?) -> JSON { text.map { .text($0) } ?? .null }
    /// A whole number, or `null`.
    static func integer(orNull value: Int64?) -> JSON { value.map { .integer($0) } ?? .null }
    /// A number, or `null`.
    static func number(orNull value: Double?, places: Int) -> JSON {
        value.map { .number($0, places: places) } ?? .null
    }

    /// The value in one line.
    var line: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value, let places):
            let digits = Figures.decimal(value, places)
            text += digits == "-" ? "null" : digits
        case .text(let value): Self.quote(value, to: &text)
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                Self.quote(member.key, to: &text)
                text += ": "
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
