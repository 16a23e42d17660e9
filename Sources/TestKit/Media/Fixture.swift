// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One test file: its name, how it is made, and what a transcode of it must come to.
package struct Fixture: Sendable, CustomStringConvertible {
    /// How a file is made.
    package enum Recipe: Sendable {
        /// A drawn film with a tone, encoded with ffmpeg's `arguments`.
        case film(DrawnFilm, arguments: String)
        /// One run of ffmpeg; the output's path is appended to `arguments`.
        case remux(arguments: String)
        /// Bytes of other fixtures, changed without ffmpeg.
        case bytes(of: [String], ByteChange)
        /// This text.
        case text(String)
    }

    /// What a transcode of the file must come to.
    package enum Outcome: Sendable, Equatable {
        /// Every frame arrives, with its picture and its time.
        case exact
        /// It is read as far as it goes: it ends, in success or in a clear error.
        case damaged
        /// There is sound and no picture.
        case sound
        /// Refused: exit code 3.
        case refused
        /// Not a film: an ingredient of other fixtures.
        case ingredient
    }

    /// The file's name, unique among all fixtures.
    package let name: String
    /// How it is made.
    package let recipe: Recipe
    /// What a transcode of it must come to.
    package let outcome: Outcome

    /// Makes a fixture.
    package init(_ name: String, _ recipe: Recipe, outcome: Outcome = .exact) {
        self.name = name
        self.recipe = recipe
        self.outcome = outcome
    }

    package var description: String { name }

    /// The names of the fixtures that must exist before this one can be made.
    package var ingredients: [String] {
        switch recipe {
        case .film(_, let arguments), .remux(let arguments): Self.names(in: arguments)
        case .bytes(let names, _): names
        case .text: []
        }
    }

    /// The words of `arguments`, each `{name}` in them replaced by `path(name)`.
    static func words(_ arguments: String, path: (String) -> String) -> [String] {
        arguments.split(whereSeparator: \.isWhitespace).map { word in
            var word = String(word)
            for name in names(in: word) { word = word.replacing("{\(name)}", with: path(name)) }
            return word
        }
    }

    private static func names(in arguments: String) -> [String] {
        arguments.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }
    }
}

/// How bytes of finished fixtures become a broken, or a spliced, one.
package enum ByteChange: Sendable {
    /// Only the first `fraction` of the bytes.
    case head(fraction: Double)
    /// What follows the first `fraction`, beginning at a whole multiple of 188 bytes.
    case tail(fraction: Double)
    /// All of them one after the other.
    case joined
    /// Without every `period`-th transport packet (188 bytes), the first 40 excepted.
    case withoutPackets(period: Int)
    /// One text everywhere replaced by another of the same length.
    case replaced(String, with: String)
    /// Nothing at all.
    case empty

    /// Applies the change.
    func apply(to parts: [[UInt8]]) -> [UInt8] {
        let bytes = Array(parts.joined())
        switch self {
        case .head(let fraction): return Array(bytes.prefix(Int(Double(bytes.count) * fraction)))
        case .tail(let fraction): return Array(bytes.dropFirst(Int(Double(bytes.count / 188) * fraction) * 188))
        case .joined: return bytes
        case .empty: return []
        case .withoutPackets(let period):
            return stride(from: 0, to: bytes.count, by: 188).flatMap { start in
                let number = start / 188
                return number > 40 && number % period == 0 ? [] : Array(bytes[start..<min(start + 188, bytes.count)])
            }
        case .replaced(let old, let new):
            var changed = bytes
            let (old, new) = (Array(old.utf8), Array(new.utf8))
            precondition(old.count == new.count, "a replacement must not move the bytes after it")
            var start = 0
            while let match = changed[start...].firstRange(of: old) {
                changed.replaceSubrange(match, with: new)
                start = match.upperBound
            }
            return changed
        }
    }
}
