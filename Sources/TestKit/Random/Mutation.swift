// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension SplitMix64 {
    /// One of several.
    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// So many bytes of any value.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// The bytes with one to eight small changes: bits turned, bytes lost, doubled, moved or new, words put in, an end
    /// cut off. Sometimes nothing of the bytes is left.
    ///
    /// - Parameter words: what is put in now and then, such as numbers at the edge of what is allowed.
    package mutating func mutated(_ bytes: [UInt8], words: [[UInt8]] = []) -> [UInt8] {
        if chance(0.02) { return self.bytes(below(300)) }
        var bytes = bytes
        for _ in 0...below(8) {
            guard !bytes.isEmpty else { return self.bytes(below(20)) }
            let place = below(bytes.count)
            let end = min(bytes.count, place + 1 + below(chance(0.2) ? 64 : 4))
            switch below(8) {
            case 0, 1: bytes[place] ^= 1 << below(8)
            case 2: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 3: bytes.removeSubrange(place..<end)
            case 4: bytes.insert(contentsOf: bytes[place..<end], at: below(bytes.count + 1))
            case 5: bytes.insert(contentsOf: self.bytes(1 + below(6)), at: place)
            case 6 where !words.isEmpty: bytes.replaceSubrange(place..<end, with: pick(words))
            case 6: bytes.swapAt(place, below(bytes.count))
            default: if chance(0.2) { bytes.removeSubrange(place...) }
            }
        }
        return bytes
    }
}
