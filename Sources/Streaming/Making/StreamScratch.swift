// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import Synchronization

/// Runs ffmpeg on films, each run with a file for its result that is gone soon.
struct StreamScratch: Sendable {
    /// What ffmpeg may take.
    struct Limits: Sendable {
        /// How long it may go without a sign of life once it has begun.
        var stallTimeout: Duration = .seconds(30)
        /// Added to its niceness, 0 to 19.
        var niceness = 0
    }

    /// Runs ffmpeg.
    let encoder: any EncoderRunner
    /// Removes what it wrote.
    let files: any FileStore
    /// Where it writes; made when first needed.
    let directory: String

    /// How long ffmpeg may take to begin: decoding up to the first frame says nothing.
    private static let startAllowance: Duration = .seconds(30)
    private static let count = Atomic(0)
    private static let begin = UInt64.random(in: 0...UInt64.max)

    /// Runs a command on a film, hands its result on and removes that.
    ///
    /// - Parameters:
    ///   - suffix: of the result's name, without the dot.
    ///   - take: gets the result's path.
    /// - Throws: what ffmpeg and `take` give reason for, `CancellationError`.
    func run<Made: Sendable>(
        _ command: FFmpegCommand, at path: String, suffix: String, limits: Limits = Limits(),
        take: (String) async throws -> Made
    ) async throws -> (made: Made, log: String) {
        try files.makeDirectory(directory)
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let output = "\(directory)/part-\(String(Self.begin, radix: 36))-\(number).\(suffix)"
        defer { try? files.remove(output) }
        let report = try await encoder.run(
            EncoderRun(
                arguments: command.resolved(source: path, output: output) { "\($0)" },
                stallTimeout: limits.stallTimeout, startAllowance: Self.startAllowance, niceness: limits.niceness)
        ) { _ in }
        return (try await take(output), report.log)
    }
}
