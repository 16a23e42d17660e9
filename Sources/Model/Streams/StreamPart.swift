// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The smallest thing of a stream that is made in one go: a segment of the picture, or some of the sound.
package struct StreamPart: Hashable, Sendable {
    /// Which film, and in which state of it.
    package var film: String
    /// Which of its renditions.
    package var rendition: String
    /// Its number in the rendition, from 0.
    package var number: Int

    /// Makes a part's name.
    package init(film: String, rendition: String, number: Int) {
        self.film = film
        self.rendition = rendition
        self.number = number
    }
}

extension StreamPart: Comparable, CustomStringConvertible {
    package static func < (left: StreamPart, right: StreamPart) -> Bool {
        (left.film, left.rendition, left.number) < (right.film, right.rendition, right.number)
    }

    /// The name as one text, which claims go by.
    package var description: String { "\(film)/\(rendition)/\(number)" }

    /// Reads such a text; `nil` when it names no part.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(parts[2]), number >= 0 else { return nil }
        self.init(film: String(parts[0]), rendition: String(parts[1]), number: number)
    }
}
