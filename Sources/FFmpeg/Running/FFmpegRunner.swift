// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Runs ffmpeg for tasks.
///
/// Adds to the arguments what every run gets: no questions, errors only,
/// overwrite, reports of progress twice a second, and inputs restricted to
/// files of `ReadableFormats`.
package struct FFmpegRunner: EncoderRunner {
    private let process: FFmpegProcess

    /// Makes a runner.
    package init(program: FFmpegProgram, launcher: any ProcessLauncher, time: any TimeSource) {
        process = FFmpegProcess(program: program, launcher: launcher, time: time)
    }

    /// Runs ffmpeg to its end.
    ///
    /// - Throws: an `FFmpegError` with the whole command and the last 32 KiB of
    ///   messages in its log; the launcher's error when ffmpeg cannot be started;
    ///   `CancellationError` when cancelled, after ffmpeg is gone.
    package func run(
        _ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> RunReport {
        try await process.run(
            run.arguments,
            options: .init(
                stallTimeout: run.stallTimeout, startAllowance: run.startAllowance, niceness: run.niceness),
            progress: progress)
    }
}
