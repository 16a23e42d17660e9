// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A frame index as bytes: about one to two bytes a frame, since times are
/// written as the difference of differences, which is zero at a constant rate.
package enum IndexCoding {
    /// The index as bytes.
    package static func bytes(of index: FrameIndex) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Int64(index.streamIndex))
        writer.write(Int64(index.timeBase.num))
        writer.write(Int64(index.timeBase.den))
        writer.write(index.method.rawValue)
        writer.write(Int64(index.isSeekable ? 1 : 0))
        writer.write(UInt64(index.clockJumps))
        writer.write(UInt64(index.hidden.before))
        writer.write(UInt64(index.hidden.later))
        writer.write(index.lastFrameDuration)
        writer.write(UInt64(index.oddities.count))
        for oddity in index.oddities { writer.write(oddity) }
        write(index.presentationTimes, to: &writer)
        writer.write(UInt64(index.keyframes.count))
        var (frame, offset) = (0, Int64(0))
        for keyframe in index.keyframes {
            writer.write(keyframe.time)
            writer.write(Int64(keyframe.frame - frame) << 1 | (keyframe.isRandomAccessPoint ? 1 : 0))
            writer.write((keyframe.offset ?? -1) - offset)
            frame = keyframe.frame
            offset = keyframe.offset ?? -1
        }
        return writer.bytes
    }

    /// Adds times in the same form.
    package static func write(_ times: [Int64], to writer: inout ByteWriter) {
        writer.write(UInt64(times.count))
        var (last, step): (Int64, Int64) = (0, 0)
        for time in times {
            writer.write((time &- last) &- step)
            (last, step) = (time, time &- last)
        }
    }

    /// The index that the bytes hold; `nil` when they hold none.
    package static func index(from bytes: UnsafeBufferPointer<UInt8>) -> FrameIndex? {
        var reader = ByteReader(bytes)
        guard let stream = reader.signed(), let num = reader.signed(), let den = reader.signed(),
            let method = reader.text().flatMap({ FrameIndex.Method(rawValue: $0) }), let seekable = reader.signed(),
            let jumps = reader.unsigned().flatMap({ Int(exactly: $0) }),
            let before = reader.unsigned().flatMap({ Int(exactly: $0) }),
            let later = reader.unsigned().flatMap({ Int(exactly: $0) }), let lastDuration = reader.signed(),
            let oddityCount = reader.count()
        else { return nil }
        var oddities: [String] = []
        for _ in 0..<oddityCount {
            guard let oddity = reader.text() else { return nil }
            oddities.append(oddity)
        }
        guard let times = times(&reader), let keyframes = keyframes(&reader, frames: times.count) else { return nil }
        guard let exactNum = Int32(exactly: num), let exactDen = Int32(exactly: den) else { return nil }
        return FrameIndex(
            streamIndex: Int(stream), timeBase: TimeBase(exactNum, exactDen), presentationTimes: times,
            lastFrameDuration: lastDuration, keyframes: keyframes, method: method, isSeekable: seekable == 1,
            oddities: oddities, clockJumps: jumps, hidden: FrameIndex.HiddenPictures(before: before, later: later))
    }

    /// The next times; `nil` when the bytes do not hold them.
    package static func times(_ reader: inout ByteReader) -> [Int64]? {
        guard let count = reader.count() else { return nil }
        var isComplete = true
        let times = [Int64](unsafeUninitializedCapacity: count) { buffer, filled in
            var (last, step): (Int64, Int64) = (0, 0)
            while filled < count {
                guard let change = reader.signed() else {
                    isComplete = false
                    return
                }
                step = step &+ change
                last = last &+ step
                buffer.initializeElement(at: filled, to: last)
                filled += 1
            }
        }
        return isComplete ? times : nil
    }

    private static func keyframes(_ reader: inout ByteReader, frames: Int) -> [Keyframe]? {
        guard let count = reader.count() else { return nil }
        var keyframes: [Keyframe] = []
        keyframes.reserveCapacity(count)
        var (frame, offset) = (0, Int64(0))
        for _ in 0..<count {
            guard let time = reader.signed(), let step = reader.signed(), let way = reader.signed() else { return nil }
            offset = offset &+ way
            frame += Int(step >> 1)
            guard frame >= 0, frame < frames else { return nil }
            keyframes.append(
                Keyframe(
                    time: time, frame: frame, isRandomAccessPoint: step & 1 == 1, offset: offset < 0 ? nil : offset))
        }
        return keyframes
    }
}
