// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
internal import MartletModel
package import MartletPorts

/// Does everything with media files in child processes, one for each call.
///
/// What a broken or hostile file does to FFmpeg's libraries happens there: a
/// crash, too much memory or time, and silence end the child and are errors
/// here. A call costs some 50 ms more than in this process; frame lists come
/// over a pipe at a byte or two a frame. The child dies with this process, and
/// when the calling task is cancelled.
///
/// Errors are those that the work itself would throw in this process, as
/// `AttemptFailure`: the same code, message, advice, exit status and verdict on
/// retrying. `MediaChildError` says what went wrong with the child.
package struct ChildMedia: Sendable {
    /// The program, which must know the argument `MediaChild.argument`.
    private let executable: String
    private let launcher: any ProcessLauncher
    private let time: any TimeSource
    private let files: any FileStore
    private let cacheDirectory: String?
    private let limits: ChildLimits
    private let gate: ReadingGate

    /// Composes it; nothing is started.
    ///
    /// - Parameters:
    ///   - executable: the program `martlet`; by default the one that runs, even when its file was replaced meanwhile.
    ///   - cacheDirectory: where scans of sources are kept; `nil` for nowhere.
    ///   - readers: how many sources are read at once at most; joins and checks are not counted.
    package init(
        executable: String = "/proc/self/exe", launcher: any ProcessLauncher, time: any TimeSource,
        files: any FileStore, cacheDirectory: String?, limits: ChildLimits = ChildLimits(), readers: Int = 4
    ) {
        self.executable = executable
        self.launcher = launcher
        self.time = time
        self.files = files
        self.cacheDirectory = cacheDirectory
        self.limits = limits
        gate = ReadingGate(places: readers)
    }

    /// Lets a child read a source, as soon as there is a place.
    func read(_ request: MediaRequest) async throws -> (MediaAnswer, [UInt8]) {
        try await gate.pass { try await ask(request, index: nil) { _ in } }
    }

    /// Lets a child do the work, and once more another one when the system kills it, as it does when memory runs short.
    ///
    /// - Throws: `AttemptFailure`, `MediaChildError`, what the launcher throws, `CancellationError`.
    func ask(
        _ request: MediaRequest, index: FrameIndex?, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (MediaAnswer, [UInt8]) {
        do {
            return try await askOnce(request, index: index, progress: progress)
        } catch let error as MediaChildError where error.code == .killed {
            return try await askOnce(request, index: index, progress: progress)
        }
    }

    private func askOnce(
        _ request: MediaRequest, index: FrameIndex?, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (MediaAnswer, [UInt8]) {
        let bounds = limits.process(reading: (try? files.size(of: request.subject)) ?? ByteCount(0))
        let command = ProcessCommand(
            executable: executable, arguments: [MediaChild.argument],
            input: try MediaOrder(request: request, cacheDirectory: cacheDirectory, index: index).bytes(),
            limits: bounds, grace: .seconds(1))
        let reader = AnswerReader(time: time, progress: progress)
        let result = try await withThrowingTaskGroup(of: ProcessResult?.self) { group in
            group.addTask { [launcher] in
                try await launcher.run(command, output: reader.takeOutput, errors: reader.takeErrors)
            }
            group.addTask { [limits] in
                try await reader.waitForSilence(of: limits.silence)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let result else {
            throw MediaChildError(
                .stalled, "Nothing could be read of \(request.subject) for \(limits.silence).", log: reader.errors)
        }
        guard result.ending == .exited(0), let (answer, rest) = reader.answer else {
            throw crash(of: result, within: bounds, reading: request.subject, log: reader.errors)
        }
        if case .failed(let failure) = answer { throw failure }
        return (answer, rest)
    }

    /// The error for an answer of another kind than the question.
    func mismatch(_ subject: String) -> MediaChildError {
        MediaChildError(.crashed, "The process that worked on \(subject) gave no answer that can be read.")
    }

    private func crash(
        of result: ProcessResult, within bounds: ProcessLimits, reading subject: String, log: String
    ) -> MediaChildError {
        let reason =
            switch result.ending {
            case .exited(0): "gave no answer that can be read"
            case .exited(let code): "ended with code \(code)"
            case .signalled(let signal): "was ended by \(Self.name(of: signal))"
            }
        var message = "The process that worked on \(subject) \(reason)."
        if let seconds = bounds.cpuSeconds, result.ending == .signalled(SIGXCPU) {
            message = "The process that worked on \(subject) used more than \(seconds) s of processor time."
        }
        return MediaChildError(result.ending == .signalled(SIGKILL) ? .killed : .crashed, message, log: log)
    }

    private static func name(of signal: Int32) -> String {
        strsignal(signal).map { "signal \(signal) (\(String(cString: $0)))" } ?? "signal \(signal)"
    }
}
