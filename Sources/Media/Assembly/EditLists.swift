// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
internal import MartletModel

/// Puts encoder delay into the edit lists of a finished MP4 or MOV file.
///
/// libavformat 59 writes the delay of a sound track only when the track starts
/// at zero; for a later start it writes an empty edit and then plays the delay
/// as sound. The packets of such a track are placed late by the delay, so that
/// the empty edit ends where the sound starts, and the second edit is then told
/// to begin after the delay.
///
/// Source: ISO/IEC 14496-12, 8.6.6 (edit list box).
struct EditLists {
    private var bytes: [UInt8]

    /// Changes the file in place.
    ///
    /// - Parameter delays: samples by stream number.
    static func mark(_ delays: [Int: Int64], in path: String) throws {
        let file = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { Glibc.close(file) }
        var offset: off_t = 0
        var head = [UInt8](repeating: 0, count: 16)
        while pread(file, &head, 16, offset) == 16 {
            var size = Int(number(head, 0, 4))
            if size == 1 { size = Int(number(head, 8, 8)) }
            guard size >= 8 else { break }
            if name(head, 4) == "moov" {
                var lists = EditLists(bytes: [UInt8](repeating: 0, count: size))
                guard pread(file, &lists.bytes, size, offset) == size else { throw failure(path) }
                lists.mark(delays)
                guard pwrite(file, lists.bytes, size, offset) == size else { throw failure(path) }
                return
            }
            offset += off_t(size)
        }
        throw MediaError(.failed, "\(path) has no index to mark the encoder delay in.")
    }

    private mutating func mark(_ delays: [Int: Int64]) {
        guard let movie = child("mvhd", of: 0..<bytes.count) else { return }
        let movieTicks = scale(of: movie)
        for (number, track) in children("trak", of: 0..<bytes.count).enumerated() {
            guard let delay = delays[number], let edits = child("edts", of: track),
                let list = child("elst", of: edits), let media = child("mdia", of: track),
                let head = child("mdhd", of: media), let start = child("tkhd", of: track)
            else { continue }
            let shift = MediaTime(ticks: delay, timeBase: Rational(1, Int32(clamping: scale(of: head))))
                .rescaled(to: Rational(1, Int32(clamping: movieTicks)))
            let width = bytes[list.lowerBound + 8] == 1 ? 8 : 4
            let entries = list.lowerBound + 16
            guard Self.number(bytes, list.lowerBound + 12, 4) == 2 else { continue }
            let second = entries + 2 * width + 4
            let length = Self.number(bytes, second, width)
            set(length - shift, at: second, width)
            set(delay, at: second + width, width)
            let wide = bytes[start.lowerBound + 8] == 1
            let duration = start.lowerBound + (wide ? 36 : 28)
            set(Self.number(bytes, entries, width) + length - shift, at: duration, wide ? 8 : 4)
        }
    }

    private func scale(of head: Range<Int>) -> Int64 {
        Self.number(bytes, head.lowerBound + (bytes[head.lowerBound + 8] == 1 ? 28 : 20), 4)
    }

    private func child(_ wanted: String, of parent: Range<Int>) -> Range<Int>? {
        children(wanted, of: parent).first
    }

    private func children(_ wanted: String, of parent: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var offset = parent.lowerBound + 8
        while offset + 8 <= parent.upperBound {
            let size = Int(Self.number(bytes, offset, 4))
            guard size >= 8, offset + size <= parent.upperBound else { break }
            if Self.name(bytes, offset + 4) == wanted { found.append(offset..<(offset + size)) }
            offset += size
        }
        return found
    }

    private mutating func set(_ value: Int64, at offset: Int, _ width: Int) {
        for place in 0..<width { bytes[offset + place] = UInt8(truncatingIfNeeded: value >> (8 * (width - 1 - place))) }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> Int64 {
        bytes[offset..<(offset + width)].reduce(0) { $0 << 8 | Int64($1) }
    }

    private static func name(_ bytes: [UInt8], _ offset: Int) -> String {
        String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self)
    }

    private static func failure(_ path: String) -> MediaError {
        MediaError(.writeFailed, "Writing \(path) failed (\(String(cString: strerror(errno)))).")
    }
}
