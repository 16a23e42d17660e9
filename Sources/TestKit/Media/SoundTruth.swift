// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// The samples of one sound track as the ffmpeg program decodes them.
package struct SoundTruth: Sendable {
    /// When the first sample sounds, in seconds on the file's clock.
    package var startSeconds: Double
    /// How many samples there are, of each channel.
    package var sampleCount: Int
    /// Samples a second.
    package var sampleRate: Int
    /// A hash of each decoded frame, in order.
    package var digests: [String]

    /// Decodes one sound track.
    ///
    /// - Throws: ``FrameTruth/CannotDecode``.
    package static func of(_ path: String, track: Int = 0) async throws -> SoundTruth {
        let outcome = try await KeptAnswers.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-copyts", "-i", "file:" + path, "-map", "0:a:\(track)", "-f", "framehash",
                "-hash", "murmur3", "-",
            ], about: path)
        guard outcome.isSuccess else {
            throw FrameTruth.CannotDecode(
                description: "\(path): ffmpeg ended with \(outcome.ending): \(outcome.errors)")
        }
        var rate = 0
        var first: Int64?
        var count = 0
        var digests: [String] = []
        for line in outcome.output.split(separator: "\n") {
            if line.hasPrefix("#tb 0: 1/") { rate = Int(line.dropFirst(9)) ?? 0 }
            guard !line.hasPrefix("#") else { continue }
            let fields = line.split(separator: ",").map { $0.filter { $0 != " " } }
            guard fields.count >= 6, let ticks = Int64(fields[2]), let duration = Int(fields[3]) else { continue }
            first = first ?? ticks
            count += duration
            digests.append(fields[5])
        }
        return SoundTruth(
            startSeconds: rate > 0 ? Double(first ?? 0) / Double(rate) : 0, sampleCount: count, sampleRate: rate,
            digests: digests)
    }

    /// How much later the same sound is heard in `other` than in `path`, in
    /// milliseconds, each counted from its own first sample; found by the best
    /// match within +-80 ms over the first `seconds`.
    ///
    /// - Throws: ``FrameTruth/CannotDecode``.
    package static func delay(
        of other: String, against path: String, track: Int = 0, seconds: Double = 3
    ) async throws
        -> Double
    {
        let reference = try await coarse(path, track: track, seconds: seconds)
        let candidate = try await coarse(other, track: track, seconds: seconds)
        let reach = 640
        let length = min(reference.count, candidate.count) - 2 * reach
        guard length > 0 else { return 0 }
        var best = (shift: 0, score: -Double.infinity)
        for shift in -reach...reach {
            var score = 0.0
            for index in reach..<(reach + length) {
                score += Double(reference[index]) * Double(candidate[index + shift])
            }
            if score > best.score { best = (shift, score) }
        }
        return Double(best.shift) / 8
    }

    /// The track as one channel of 8,000 samples a second.
    private static func coarse(_ path: String, track: Int, seconds: Double) async throws -> [Float] {
        try await samples(of: path, track: track, rate: 8000, options: ["-t", "\(seconds)"])
    }

    /// The track as one channel, each sample from -32768 to 32767.
    ///
    /// - Parameters:
    ///   - rate: samples a second.
    ///   - reading: ffmpeg's options before the file.
    ///   - options: its options behind it.
    /// - Throws: ``FrameTruth/CannotDecode``.
    package static func samples(
        of path: String, track: Int, rate: Int, reading: [String] = [], options: [String]
    ) async throws -> [Float] {
        let outcome = try await KeptAnswers.run(
            "ffmpeg",
            ["-nostdin", "-v", "error"] + reading + ["-i", "file:" + path, "-map", "0:a:\(track)"] + options
                + ["-ac", "1", "-ar", "\(rate)", "-f", "s16le", "-"], about: path)
        guard outcome.isSuccess else {
            throw FrameTruth.CannotDecode(
                description: "\(path): ffmpeg ended with \(outcome.ending): \(outcome.errors)")
        }
        let bytes = outcome.outputBytes
        return stride(from: 0, to: bytes.count - 1, by: 2).map { index in
            Float(Int16(truncatingIfNeeded: Int(bytes[index]) | Int(bytes[index + 1]) << 8))
        }
    }
}
