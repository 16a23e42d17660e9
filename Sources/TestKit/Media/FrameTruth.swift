// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The frames of a film as the ffmpeg program decodes them: an opinion that
/// owes nothing to Martlet's own reading.
package struct FrameTruth: Sendable, Equatable {
    /// One decoded frame.
    package struct Frame: Sendable, Equatable {
        /// When it is shown, in ticks of the truth's clock.
        package var ticks: Int64
        /// A 128-bit hash of its samples.
        package var digest: String
    }

    /// The clock of the frames' times.
    package var timeBase: TimeBase
    /// The frames, in the order they are shown.
    package var frames: [Frame]

    /// ffmpeg could not decode the film.
    package struct CannotDecode: Error, CustomStringConvertible {
        /// Which file, and ffmpeg's own words.
        package let description: String
    }

    /// Decodes the whole first picture track of a file.
    ///
    /// - Parameters:
    ///   - format: a pixel format to convert to; `nil` keeps the decoder's.
    ///   - isUpright: whether the picture is turned as the file asks players to; else it is left as it is stored.
    ///   - filters: filters to apply before, such as a deinterlacer; `nil` for none.
    ///   - track: which track, as ffmpeg names it in a file (`V:0`, `1`).
    ///   - reading: ffmpeg's options before the file.
    ///   - count: only the first so many frames; `nil` for all.
    ///   - isWhole: whether it must come to the film's end; else what was decoded up to a fault counts.
    /// - Throws: ``CannotDecode``.
    package static func of(
        _ path: String, format: String? = nil, isUpright: Bool = false, filters: String? = nil,
        track: String = "V:0", reading: [String] = [], first count: Int? = nil, isWhole: Bool = true,
        deadline: Duration = .seconds(600)
    ) async throws -> FrameTruth {
        // Without `unaligned` some codecs (Theora) come with columns that nobody is meant to see.
        var arguments = ["-nostdin", "-v", "error", "-copyts", "-flags", "unaligned"]
        arguments += (isUpright ? [] : ["-noautorotate"]) + reading
        arguments += ["-i", "file:" + path, "-map", "0:" + track, "-fps_mode", "passthrough", "-enc_time_base", "-1"]
        if let filters { arguments += ["-vf", filters] }
        if let format { arguments += ["-pix_fmt", format] }
        if let count { arguments += ["-frames:v", "\(count)"] }
        let outcome = try await KeptAnswers.run(
            "ffmpeg", arguments + ["-f", "framehash", "-hash", "murmur3", "-"], about: path, deadline: deadline,
            inLine: .processors)
        guard outcome.isSuccess || !isWhole, let truth = FrameTruth(listing: outcome.output) else {
            throw CannotDecode(
                description: "\(path): ffmpeg ended with \(outcome.ending): \(outcome.errors.suffix(500))")
        }
        return truth
    }

    /// Reads ffmpeg's `framehash` listing; `nil` when it has no clock.
    init?(listing: String) {
        var timeBase: TimeBase?
        var frames: [Frame] = []
        for line in listing.split(separator: "\n") {
            if line.hasPrefix("#tb 0: ") {
                let parts = line.dropFirst(7).split(separator: "/").compactMap { Int32($0) }
                if parts.count == 2 { timeBase = TimeBase(parts[0], parts[1]) }
            }
            guard !line.hasPrefix("#") else { continue }
            let fields = line.split(separator: ",").map { $0.filter { $0 != " " } }
            guard fields.count >= 6, let ticks = Int64(fields[2]) else { continue }
            frames.append(Frame(ticks: ticks, digest: fields[5]))
        }
        guard let timeBase else { return nil }
        self.timeBase = timeBase
        self.frames = frames
    }

    /// The time of frame `index` after the first one, in nanoseconds.
    func nanoseconds(_ index: Int) -> Int64 {
        MediaTime(ticks: frames[index].ticks - frames[0].ticks, timeBase: timeBase)
            .rescaled(to: TimeBase(1, 1_000_000_000))
    }

    /// What is different in `other`, in words; `nil` when it shows the same
    /// pictures at the same times, up to one constant shift.
    ///
    /// - Parameters:
    ///   - tolerance: how far a time may be off, for containers with a coarse clock.
    ///   - pictures: whether the samples are compared too; `false` after a lossy encode.
    package func difference(
        from other: FrameTruth, tolerance: Duration = .microseconds(1_001), pictures: Bool = true
    ) -> String? {
        guard frames.count == other.frames.count else {
            return "\(frames.count) frames against \(other.frames.count)"
        }
        let allowed = tolerance.nanoseconds
        for index in frames.indices {
            if pictures, frames[index].digest != other.frames[index].digest {
                let later = other.frames.firstIndex { $0.digest == frames[index].digest }
                return "frame \(index) shows another picture\(later.map { " (it is frame \($0) there)" } ?? "")"
            }
            let drift = nanoseconds(index) - other.nanoseconds(index)
            if abs(drift) > allowed { return "frame \(index) is \(Double(drift) / 1e6) ms off" }
        }
        return nil
    }
}

extension FrameTruth {
    /// The time of the first frame, in seconds on the file's clock.
    package var startSeconds: Double { frames.first.map { Double($0.ticks) * timeBase.value } ?? 0 }
}
