// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import Glibc
internal import MartletPorts

/// Tells from an ended run and its messages what went wrong.
struct FailureDiagnosis {
    /// How the run ended.
    let ending: ProcessResult.Ending
    /// The last messages.
    let log: String
    /// The whole command, for people.
    let command: String
    /// What follows each `-i`.
    let inputs: [String]
    /// Where it wrote to; `nil` when to no file.
    var output: String?

    /// The error; `nil` when the run did what it should.
    var error: FFmpegError? {
        switch ending {
        case .exited(0):
            // ffmpeg 5.1 ends well when only the closing of the file fails.
            fullDisk
        case .exited(let code): failure(exitCode: code)
        case .signalled(let signal): failure(signal: signal)
        }
    }

    private func failure(signal: Int32) -> FFmpegError {
        switch signal {
        case SIGKILL:
            make(
                .killed, "The system killed ffmpeg, most often because memory ran out.",
                advice: "Run fewer tasks at once on this machine.", isRetryable: true)
        case SIGXFSZ:
            make(.noSpace, "The output grew beyond the allowed size of a file.", advice: "Raise the limit (ulimit -f).")
        case SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE:
            make(.crashed, "ffmpeg crashed (signal \(signal)).\(lastWords)", isRetryable: true)
        default: make(.killed, "ffmpeg was ended from outside (signal \(signal)).", isRetryable: true)
        }
    }

    private func failure(exitCode: Int32) -> FFmpegError {
        if let fullDisk { return fullDisk }
        if says("Read-only file system") {
            return make(
                .notWritable, "The output's file system cannot be written to.",
                advice: "Choose another place for the output and the work directory.")
        }
        if says("Cannot allocate memory", "Out of memory") {
            return make(
                .outOfMemory, "ffmpeg ran out of memory.", advice: "Run fewer tasks at once on this machine.",
                isRetryable: true)
        }
        if let line = line(
            "Unknown encoder", "Unknown decoder", "No such filter", "Unrecognized option",
            "Option not found", "Error setting preset", "Error setting option", "Unable to parse option",
            "Undefined constant or missing", "Encoder not found", "Unknown pixel format",
            "not found in the linked libraries")
        {
            return make(
                .unsupported, "This ffmpeg cannot do what was asked: \(line)",
                advice: "`martlet doctor` shows what it can do.")
        }
        if let refused = line("not on whitelist") {
            let format = refused.hasPrefix("Format") ? "Its format" : "It"
            return make(
                .badInput, "ffmpeg may not open its input. \(format) refers to other files or addresses.",
                advice: "Give the media file itself, not a playlist or script.")
        }
        if let line = line(startingWith: inputs) ?? line("Error opening input") {
            let isDevice = line.contains("Input/output error") || line.contains("Stale file handle")
            return make(.badInput, "ffmpeg cannot read its input: \(line)", isRetryable: isDevice)
        }
        if let line = line(startingWith: ["file:"]) {
            return make(
                .notWritable, "ffmpeg cannot write its output: \(line)",
                advice: "Check that the directory is there and may be written to.")
        }
        // ffmpeg catches SIGTERM and SIGINT, and then ends with this code.
        if exitCode == 255 { return make(.killed, "ffmpeg was told to stop from outside.", isRetryable: true) }
        return make(.failed, "ffmpeg failed with exit code \(exitCode).\(lastWords)", isRetryable: true)
    }

    private var fullDisk: FFmpegError? {
        guard says("No space left on device", "Disk quota exceeded", "File too large") else { return nil }
        return make(
            .noSpace, "No space is left for \(output.map { "the file \($0)" } ?? "ffmpeg's output").",
            advice: "Free some space, or choose another place for the output and the work directory.")
    }

    private var lines: [String] { Self.lines(of: log) }

    private var lastWords: String { lines.last.map { " Its last words: \($0)" } ?? "" }

    private func says(_ phrases: String...) -> Bool {
        lines.contains { line in phrases.contains { line.contains($0) } }
    }

    private func line(_ phrases: String...) -> String? {
        lines.first { line in phrases.contains { line.contains($0) } }
    }

    /// The first line about one of these files. Damaged packets are reported in
    /// the same words, but without the file's name in front.
    private func line(startingWith names: [String]) -> String? {
        lines.first { line in names.contains { line.hasPrefix($0) } }
    }

    private func make(
        _ code: FFmpegError.Code, _ message: String, advice: String? = nil, isRetryable: Bool = false
    ) -> FFmpegError {
        FFmpegError(code, message, advice: advice, isRetryable: isRetryable, log: "\(command)\n\(log)")
    }

    /// The messages without the `[component @ address]` in front. Indented lines
    /// describe inputs, where a title could read like a message, and are left out.
    static func lines(of log: String) -> [String] {
        log.split(separator: "\n").filter { !$0.hasPrefix("  ") }.compactMap { line in
            var line = line
            while line.hasPrefix("["), let end = line.firstIndex(of: "]"), line[end...].hasPrefix("] ") {
                line = line[end...].dropFirst(2)
            }
            let text = line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
            return text.isEmpty ? nil : String(text)
        }
    }
}
