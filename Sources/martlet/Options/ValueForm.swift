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

extension ValueForm where Value == Bool {
    /// `true` or `false`, as a value.
    static var yesOrNo: ValueForm { choice(["true", "false"]) { Bool($0) } }
}

extension ValueForm where Value == Int {
    /// An amount of data in bytes, also in the units `K`, `M` and `G` (of 1,000) or `Ki`, `Mi` and `Gi` (of 1,024).
    static func bytes(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            valueName: "BYTES",
            expected: "a number of bytes from \(range.lowerBound) to \(range.upperBound), such as 1048576, 512Ki or 4M"
        ) { text in
            var digits = Substring(text)
            if digits.last == "B" { digits.removeLast() }
            let isBinary = digits.last == "i"
            if isBinary { digits.removeLast() }
            var factor = 1
            if let letter = digits.last, !letter.isNumber {
                guard let power = ["K": 1, "M": 2, "G": 3][letter.uppercased()] else { return nil }
                for _ in 0..<power { factor *= isBinary ? 1024 : 1000 }
                digits.removeLast()
            } else if isBinary {
                return nil
            }
            guard let number = Int(digits), number <= range.upperBound else { return nil }
            let bytes = number.multipliedReportingOverflow(by: factor)
            return !bytes.overflow && range.contains(bytes.partialValue) ? bytes.partialValue : nil
        }
    }
}

extension ValueForm where Value == NamedDirectory {
    /// A directory and its name.
    static var namedDirectory: ValueForm {
        ValueForm(
            valueName: "NAME=PATH", expected: "a name of letters, digits, `-` and `_`, and a path: movies=/srv/movies",
            completion: .directory
        ) { text in
            guard let equals = text.firstIndex(of: "=") else { return nil }
            let (name, path) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
            let isName = name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    || (byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            return isName && !name.isEmpty && !path.isEmpty ? NamedDirectory(name: name, path: path) : nil
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

    /// The name of a machine or its address, without a scheme or a port.
    static var host: ValueForm {
        ValueForm(valueName: "HOST", expected: "the name of a machine or its address, such as 192.168.1.10") { text in
            let isPlain =
                !text.isEmpty && text.first != "-"
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !text.contains(where: { "/[]@?#".contains($0) })
            // An address of IPv6 has several colons; one colon parts a port.
            return isPlain && text.count(where: { $0 == ":" }) != 1 ? text : nil
        }
    }

    /// The name of a file, without a directory.
    static var fileName: ValueForm {
        ValueForm(valueName: "NAME", expected: "the name of a file, without a directory") { text in
            text.isEmpty || text.contains("/") || text == "." || text == ".." ? nil : text
        }
    }

    /// What a worker is called.
    static var workerName: ValueForm {
        ValueForm(valueName: "NAME", expected: "a name of letters, digits, `.`, `-` and `_`") { text in
            let isName =
                text.utf8.count <= 64 && text.first != "." && text.first != "-"
                && text.utf8.allSatisfy { byte in
                    let scalar = Character(Unicode.Scalar(byte))
                    return byte < 0x80 && (scalar.isLetter || scalar.isNumber || ".-_".contains(scalar))
                }
            return isName && !text.isEmpty ? text : nil
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
