// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// How the text of an option's value is read.
struct ValueForm<Value: Sendable>: Sendable {
    /// The name of the value in help, such as `SECONDS`.
    var valueName: String
    /// What is wanted, after "it wants", such as `a number from 0 to 63`.
    var expected: String
    /// The values, where they can be listed.
    var choices: [String] = []
    /// What a shell offers for it.
    var completion: Option.Completion = .nothing
    /// Reads a value; `nil` when the text is none.
    var read: @Sendable (String) -> Value?
}

extension ValueForm where Value == Int {
    /// A whole number within a range.
    static func integer(_ range: ClosedRange<Int>, _ valueName: String = "N") -> ValueForm {
        ValueForm(valueName: valueName, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            text in Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value == Double {
    /// A number within a range.
    static func number(_ range: ClosedRange<Double>, _ valueName: String = "N") -> ValueForm {
        let (low, high) = (Figures.short(range.lowerBound), Figures.short(range.upperBound))
        return ValueForm(valueName: valueName, expected: "a number from \(low) to \(high)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value == Int64 {
    /// A time in seconds, kept in milliseconds.
    static func milliseconds(_ range: ClosedRange<Double>) -> ValueForm {
        let seconds = ValueForm<Double>.number(range)
        return ValueForm(valueName: "SECONDS", expected: seconds.expected + ", in seconds") { text in
            seconds.read(text).map { Int64(($0 * 1000).rounded()) }
        }
    }
}

extension ValueForm where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the names of a type.
    static var choice: ValueForm { choice(Value.allCases.map(\.rawValue)) { Value(rawValue: $0) } }
}

extension ValueForm {
    /// One of some names.
    static func choice(_ names: [String], read: @escaping @Sendable (String) -> Value?) -> ValueForm {
        let list = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return ValueForm(
            valueName: names.joined(separator: "|"), expected: list, choices: names, completion: .choices, read: read)
    }
}

extension ValueForm where Value == Priority {
    /// A priority by its name.
    static var priority: ValueForm {
        choice(Priority.allCases.map(\.name)) { text in Priority.allCases.first { $0.name == text } }
    }
}

extension ValueForm where Value == String {
    /// Any text that is not empty.
    static func text(_ valueName: String) -> ValueForm {
        ValueForm(valueName: valueName, expected: "a text") { $0.isEmpty ? nil : $0 }
    }

    /// The path of a directory.
    static var directory: ValueForm {
        ValueForm(valueName: "DIRECTORY", expected: "the path of a directory", completion: .directory) {
            $0.isEmpty ? nil : $0
        }
    }

    /// The path of a file.
    static var file: ValueForm {
        ValueForm(valueName: "FILE", expected: "the path of a file", completion: .file) { $0.isEmpty ? nil : $0 }
    }

    /// The address of a server.
    static var url: ValueForm {
        ValueForm(valueName: "URL", expected: "an address such as http://192.168.1.10:8090") { text in
            let lower = text.lowercased()
            guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else { return nil }
            let rest = text.dropFirst(scheme.count)
            guard let first = rest.first, first != "/", first != ":", first != "?", first != "#",
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { return nil }
            return text
        }
    }

    /// A name of FFmpeg's: lower-case letters, digits, `_`, `-` and `.`.
    static func word(_ valueName: String, _ expected: String) -> ValueForm {
        ValueForm(valueName: valueName, expected: expected) { isWord($0) ? $0 : nil }
    }

    /// Whether a text can be a name of FFmpeg's.
    static func isWord(_ text: String) -> Bool {
        !text.isEmpty && text.first != "-"
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }
}
