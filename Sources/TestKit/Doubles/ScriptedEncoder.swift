// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
package import MartletPorts

/// An encoder that writes no film but a description of one, as a test wants it.
///
/// `ScriptedProber` finds in the file what was written here.
package final class ScriptedEncoder: EncoderRunner {
    /// What a run does; it may throw, wait, and answer with what the result is to hold (`nil`: writes no file).
    package typealias Script =
        @Sendable (EncoderRun, @escaping @Sendable (RunProgress) -> Void) async throws -> StreamInspection?

    /// The runs that began.
    package let started = Journal<EncoderRun>()
    /// The runs that are over, and whether they were cancelled.
    package let ended = Journal<Bool>()
    private let script: Script

    /// Makes an encoder that does what `script` says.
    package init(_ script: @escaping Script) { self.script = script }

    package func run(
        _ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> RunReport {
        started.note(run)
        defer { ended.note(Task.isCancelled) }
        // As with ffmpeg, there is a file from the first moment on.
        try Data("begun".utf8).write(to: URL(filePath: run.output))
        if let inspection = try await script(run, progress) {
            try JSONEncoder().encode(inspection).write(to: URL(filePath: run.output))
        }
        return RunReport(
            cpuTime: .zero, wallTime: .zero, peakMemory: ByteCount(0), log: "said by the encoder")
    }
}

extension EncoderRun {
    /// The path of the file that it writes: the last argument.
    package var output: String { String((arguments.last ?? "").dropFirst("file:".count)) }
}

extension StreamInspection {
    /// A picture with these times, in milliseconds.
    package static func picture(times: [Int64]) -> StreamInspection {
        StreamInspection(
            kind: .video, codec: "h264", timeBase: TimeBase(1, 1000), times: times,
            durationMicroseconds: Int64(times.count) * 40_000, payload: ByteCount(Int64(times.count) * 100))
    }

    /// A picture with this many frames, 25 a second.
    package static func picture(frames: Int) -> StreamInspection {
        picture(times: (0..<frames).map { Int64($0) * 40 })
    }
}
