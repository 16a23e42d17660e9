// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Quoted and unquoted values of a tag, in the order in which they are written.
///
/// Source: RFC 8216, section 4.2
struct AttributeList {
    private var parts: [String] = []

    /// Adds a number or an enumerated word; nothing for `nil`.
    mutating func add(_ name: String, _ value: String?) {
        if let value { parts.append("\(name)=\(value)") }
    }

    /// Adds text in quotes; characters that it must not hold are left out. Nothing for `nil`.
    mutating func addQuoted(_ name: String, _ value: String?) {
        guard let value else { return }
        parts.append("\(name)=\"\(value.filter { $0 != "\"" && !$0.isNewline })\"")
    }

    /// The list as it stands behind a tag's colon.
    var text: String { parts.joined(separator: ",") }
}
