// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// Runs one task and proves its result.
struct TaskRunner: Sendable {
    let encoder: any EncoderRunner
    let prober: any MediaProber
    let files: any FileStore
    let stallTimeout: Duration
    let niceness: Int

    /// Runs the task to its end; never throws, every way it can end is a result.
    ///
    /// The result's file carries the lease's epoch in its name, so a late
    /// result can never replace the one that counts.
    func run(_ assignment: TaskAssignment, progress: @escaping @Sendable (RunProgress) -> Void) async -> AttemptResult {
        let names = Names(assignment)
        defer { try? files.remove(names.temporary) }
        do {
            try await checkSource(assignment)
            let report = try await encoder.run(
                encoderRun(of: assignment.task, arguments: names.arguments), progress: progress)
            try await checkSource(assignment)
            return try await prove(assignment, names: names, log: report.log)
        } catch is CancellationError {
            return .interrupted
        } catch {
            if Task.isCancelled { return .interrupted }
            return .failed(AttemptFailure(await reason(of: error, assignment)))
        }
    }

    /// Frames come steadily once the first one is there; sound and subtitles may be silent anywhere.
    private func encoderRun(of task: TaskSpecification, arguments: [String]) -> EncoderRun {
        let silence = Duration.milliseconds(task.silence ?? 0)
        switch task.kind {
        case .analyse, .encode, .measure:
            return EncoderRun(
                arguments: arguments, stallTimeout: stallTimeout, startAllowance: silence, niceness: niceness)
        case .audio, .subtitle:
            return EncoderRun(arguments: arguments, stallTimeout: stallTimeout + silence, niceness: niceness)
        }
    }

    /// What the user should hear of: whoever takes away what a task works with is the reason for whatever follows.
    private func reason(of error: any Error, _ assignment: TaskAssignment) async -> any Error {
        guard files.exists(assignment.directory) else {
            return WorkerError(
                .workDirectoryGone, "the work directory \(assignment.directory) was removed while it was used",
                advice: "Run the same command again; what was in it is encoded anew.")
        }
        do { try await checkSource(assignment) } catch { return error }
        return error
    }

    private func checkSource(_ assignment: TaskAssignment) async throws {
        // The proxy looks at the content with every block.
        guard assignment.proxyURL == nil else { return }
        guard files.exists(assignment.sourcePath) else {
            throw WorkerError(
                .sourceChanged, "\(assignment.sourcePath) is not there any more",
                advice: "Put it back and start the job again; finished segments are kept.")
        }
        guard try await files.fingerprint(of: assignment.sourcePath) == assignment.fingerprint else {
            throw WorkerError(
                .sourceChanged, "\(assignment.sourcePath) changed after the job was planned",
                advice: "Start the job again to transcode the new content.")
        }
    }

    private func prove(_ assignment: TaskAssignment, names: Names, log: String) async throws -> AttemptResult {
        guard files.exists(names.temporary) else {
            throw WorkerError(
                .unexpectedResult, "the result \(names.temporary) is gone: something removed it", log: log)
        }
        let content = try await content(of: names.temporary, assignment, log: log)
        let size = try files.size(of: names.temporary)
        let digest = try await files.digest(of: names.temporary)
        try Task.checkCancellation()
        try await files.publish(names.temporary, as: names.final)
        return .completed(
            Artifact(
                task: assignment.task.id, fileName: names.fileName, size: size, digest: digest,
                count: content.count, payload: content.payload, score: content.score))
    }
}

extension TaskRunner {
    /// What was seen in a result.
    private struct Content {
        var count: Int
        var payload = ByteCount(0)
        var score: Double?
    }

    /// Looks into a result, and refuses it when it is not what was planned.
    private func content(of path: String, _ assignment: TaskAssignment, log: String) async throws -> Content {
        switch assignment.task.kind {
        case .measure:
            guard let scores = ScoreList(try await files.text(of: path)) else {
                throw WorkerError(.unexpectedResult, "the comparison with the source gave no scores", log: log)
            }
            if case .frameCount(let expected) = assignment.task.expectation, scores.count != expected {
                throw WorkerError(
                    .unexpectedResult, "\(scores.count) frames were compared where \(expected) were expected", log: log)
            }
            return Content(count: scores.count, score: scores.mean)
        case .analyse, .encode, .audio, .subtitle:
            let inspection = try await prober.inspect(path: path)
            let violation = ExpectationCheck.violation(
                in: inspection, expecting: assignment.task.expectation, times: assignment.expectedTimes,
                timeBase: assignment.timeBase)
            if let violation {
                throw WorkerError(
                    violation.isFrameMismatch ? .framesMismatch : .unexpectedResult,
                    "\(assignment.sourcePath), task \(assignment.task.id): \(violation.message)",
                    advice: "Check that the source plays to its end without faults.", log: log)
            }
            return Content(count: inspection.times.count, payload: inspection.payload)
        }
    }

    /// The paths of one attempt.
    struct Names {
        let fileName: String
        let final: String
        let temporary: String
        let arguments: [String]

        init(_ assignment: TaskAssignment) {
            let task = assignment.task
            let stem = "\(task.id).\(assignment.lease.epoch.number)"
            let fileName = "\(stem).\(task.fileExtension)"
            let temporary = "\(assignment.directory)/.\(stem).part.\(task.fileExtension)"
            self.fileName = fileName
            self.final = "\(assignment.directory)/\(fileName)"
            self.temporary = temporary
            self.arguments = task.command.resolved(
                source: assignment.proxyURL ?? assignment.sourcePath, output: temporary,
                artifact: { assignment.inputs[$0].map { "\(assignment.directory)/\($0)" } ?? "" })
        }
    }
}
