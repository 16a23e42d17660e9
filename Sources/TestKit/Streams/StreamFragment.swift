// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The samples of one segment of fragmented MP4.
///
/// Source: ISO/IEC 14496-12, section 8.8
package struct StreamFragment: Sendable {
    /// One sample.
    package struct Sample: Sendable, Equatable {
        /// When it is decoded, in ticks.
        package var decode: Int64
        /// When it is shown, in ticks.
        package var presentation: Int64
        /// How long until the next is decoded, in ticks.
        package var duration: Int64
        /// Whether decoding can begin with it.
        package var isSync: Bool
        /// Its bytes.
        package var bytes: Range<Int>
    }

    /// The samples in the order in which they are decoded.
    package var samples: [Sample] = []
    /// When the first one is decoded, in ticks.
    package var decodeTime: Int64 = 0
    /// When the next segment's first must be decoded.
    package var endTime: Int64 = 0
    /// What is wrong with it, a phrase each.
    package var faults: [String] = []

    /// Reads a segment.
    package init(_ bytes: [UInt8], head: StreamHead) {
        let file = BoxReading(bytes[...])
        let boxes = file.boxes()
        let types = boxes.map(\.type)
        guard let moof = boxes.first(where: { $0.type == "moof" })?.content,
            let mdat = boxes.first(where: { $0.type == "mdat" })?.content, types.count(where: { $0 == "moof" }) == 1
        else {
            faults.append("boxes \(types) instead of one moof and one mdat")
            return
        }
        if let last = boxes.last, last.content.bytes.endIndex != bytes.count { faults.append("bytes behind the boxes") }
        guard let traf = moof.box("traf"), let tfhd = traf.box("tfhd"), let tfdt = traf.box("tfdt") else {
            faults.append("no times")
            return
        }
        decodeTime = tfdt.number(at: 0, bytes: 1) == 1 ? tfdt.number(at: 4, bytes: 8) : tfdt.number(at: 4, bytes: 4)
        endTime = decodeTime
        let moofStart = moof.bytes.startIndex - 8
        let defaults = Defaults(tfhd, head: head)
        for box in traf.boxes() where box.type == "trun" {
            read(box.content, defaults, moofStart: moofStart)
        }
        let total = samples.reduce(0) { $0 + $1.bytes.count }
        if total != mdat.bytes.count { faults.append("\(mdat.bytes.count) bytes of media for \(total) of samples") }
        if let first = samples.first, first.bytes.lowerBound != mdat.bytes.startIndex {
            faults.append("samples begin at \(first.bytes.lowerBound) and not at \(mdat.bytes.startIndex)")
        }
        if samples.contains(where: { $0.duration <= 0 }) { faults.append("a sample without a duration") }
        if samples.contains(where: { $0.presentation < $0.decode }) {
            faults.append("a sample shown before its decoding")
        }
    }

    private struct Defaults {
        var duration: Int64
        var size: Int64 = 0
        var flags: Int64 = 0

        init(_ tfhd: BoxReading, head: StreamHead) {
            duration = head.defaultDuration
            let present = tfhd.number(at: 1, bytes: 3)
            var offset = 8
            if present & 1 != 0 { offset += 8 }
            if present & 2 != 0 { offset += 4 }
            func take() -> Int64 {
                defer { offset += 4 }
                return tfhd.number(at: offset, bytes: 4)
            }
            if present & 8 != 0 { duration = take() }
            if present & 16 != 0 { size = take() }
            if present & 32 != 0 { flags = take() }
        }
    }

    private mutating func read(_ trun: BoxReading, _ defaults: Defaults, moofStart: Int) {
        let present = trun.number(at: 1, bytes: 3)
        let isSigned = trun.number(at: 0, bytes: 1) == 1
        let count = Int(trun.number(at: 4, bytes: 4))
        var offset = 8
        func take() -> Int64 {
            defer { offset += 4 }
            return trun.number(at: offset, bytes: 4)
        }
        var place = samples.last?.bytes.upperBound ?? 0
        if present & 1 != 0 { place = moofStart + Int(take()) }
        let firstFlags = present & 4 != 0 ? take() : nil
        for number in 0..<count {
            let duration = present & 0x100 != 0 ? take() : defaults.duration
            let size = present & 0x200 != 0 ? take() : defaults.size
            let own = present & 0x400 != 0 ? take() : defaults.flags
            let flags = number == 0 ? firstFlags ?? own : own
            var shift = present & 0x800 != 0 ? take() : 0
            if isSigned, shift >= 1 << 31 { shift -= 1 << 32 }
            samples.append(
                Sample(
                    decode: endTime, presentation: endTime + shift, duration: duration, isSync: flags & 0x1_0000 == 0,
                    bytes: place..<place + Int(size)))
            endTime += duration
            place += Int(size)
        }
    }
}
