// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts

/// Runs ffmpeg with the options that every run gets, reads what it says, and
/// watches that it gets on.
struct FFmpegProcess: Sendable {
    /// The program.
    let program: FFmpegProgram
    /// Starts processes.
    let launcher: any ProcessLauncher
    /// The clock of the watchdog.
    let time: any TimeSource

    /// How one run is handled.
    struct Options: Sendable {
        /// How much it says, in ffmpeg's words.
        var logLevel = "error"
        /// How much of what it says is kept, in bytes.
        var logCapacity = 32_768
        /// How long it may go without getting on.
        var stallTimeout: Duration
        /// What is added to that until it has begun to get on.
        var startAllowance: Duration = .zero
        /// Added to the niceness.
        var niceness = 0
    }

    /// Runs ffmpeg to its end.
    ///
    /// - Throws: an `FFmpegError`; the launcher's error when it cannot be
    ///   started; `CancellationError` when cancelled.
    func run(
        _ arguments: [String], options: Options, progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> RunReport {
        let command = ProcessCommand(
            executable: program.path, arguments: Self.complete(arguments, logLevel: options.logLevel),
            niceness: options.niceness, grace: .seconds(1))
        let watchdog = Watchdog(limit: options.stallTimeout, allowance: options.startAllowance, time: time)
        let listener = RunListener(logCapacity: options.logCapacity) { report in
            watchdog.note(report)
            progress(report)
        }
        let result = try await withThrowingTaskGroup(of: ProcessResult?.self) { group in
            group.addTask { [launcher] in
                try await launcher.run(command, output: listener.takeOutput, errors: listener.takeErrors)
            }
            group.addTask {
                try await watchdog.waitForStall()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        let (log, output) = listener.finish()
        let text = Self.text(of: command)
        guard let result else {
            let frames = watchdog.latest.frames.map { " after frame \($0)" } ?? ""
            throw FFmpegError(
                .stalled, "ffmpeg made no progress for \(options.stallTimeout)\(frames), and was ended.",
                isRetryable: true, log: "\(text)\n\(log)")
        }
        let inputs = zip(arguments, arguments.dropFirst()).filter { $0.0 == "-i" }.map(\.1)
        let target = arguments.last.flatMap { $0.hasPrefix("file:") ? String($0.dropFirst(5)) : nil }
        let diagnosis = FailureDiagnosis(
            ending: result.ending, log: log, command: text, inputs: inputs, output: target)
        if let error = diagnosis.error { throw error }
        return RunReport(
            cpuTime: result.cpuTime, wallTime: result.wallTime, peakMemory: result.peakMemory, log: log,
            output: output)
    }

    /// The arguments with what every run gets: no questions, reports of progress,
    /// and inputs that can only be files of the readable formats.
    static func complete(_ arguments: [String], logLevel: String) -> [String] {
        let common = [
            "-nostdin", "-hide_banner", "-nostats", "-v", logLevel, "-y", "-progress", "pipe:1", "-stats_period", "0.5",
            // How much of a damaged source must decode is for the checks of the result to say.
            "-max_error_rate", "1",
        ]
        var guarded: [String] = []
        for (argument, next) in zip(arguments, arguments.dropFirst() + [""]) {
            // Options of one input stand before it. What Martlet draws itself is no file.
            if argument == "-i" {
                let isDrawn = guarded.suffix(2) == ["-f", "lavfi"]
                guarded += FFmpegCommand.isProxied(next) ? proxied : ["-protocol_whitelist", "file,pipe"]
                guarded += ["-format_whitelist", isDrawn ? "lavfi" : ReadableFormats.whitelist]
            }
            guarded.append(argument)
        }
        return common + guarded
    }

    /// What goes before an input that this machine's proxy serves: nothing but that connection, which is made anew
    /// when the proxy has closed it on a slow reader, and reads little ahead, since most readers jump.
    ///
    /// It is made anew once, at once: the proxy is near, and waits by itself for what is far. By default ffmpeg would go
    /// on for two minutes with a source that is gone.
    private static let proxied = [
        "-protocol_whitelist", "http,tcp", "-http_proxy", "", "-seekable", "1", "-reconnect", "1",
        "-reconnect_delay_max", "0", "-recv_buffer_size", "131072",
    ]

    /// The command as one would type it.
    private static func text(of command: ProcessCommand) -> String {
        ([command.executable] + command.arguments).map { argument in
            let isPlain = argument.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+%@".contains($0) }
            return isPlain && !argument.isEmpty ? argument : "'\(argument.replacing("'", with: "'\\''"))'"
        }.joined(separator: " ")
    }
}
