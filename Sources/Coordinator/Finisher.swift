// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// Turns the results of all tasks into the output: joins, proves, and only then puts it in place.
struct Finisher: Sendable {
    let assembler: any Assembler
    let verifier: any Verifier
    let meter: any QualityMeter
    let files: any FileStore

    /// How far it is.
    struct Progress: Sendable {
        /// Whether the file is being written or checked.
        var stage: JobStage
        /// The share of both that is done, 0 to 1.
        var share: Double
    }

    /// Joins and publishes.
    ///
    /// The file grows under a hidden name beside the output, so that the last
    /// step is a rename on one file system; whatever fails before leaves nothing
    /// behind but the tasks' results.
    ///
    /// - Parameters:
    ///   - job: the job.
    ///   - prepared: its plan and the source's frames.
    ///   - tasks: the job's tasks, all completed.
    ///   - directory: where their results lie.
    ///   - progress: called often, from any thread.
    ///   - announce: keeps what is about to be put in place; when it throws, nothing is.
    /// - Throws: `CoordinatorError` or what the ports throw; `CancellationError` when cancelled.
    func finish(
        _ job: JobRecord, prepared: PreparedJob, tasks: [TaskRecord], directory: String,
        progress: @escaping @Sendable (Progress) -> Void,
        announce: @escaping @Sendable (Publication) async throws -> Void
    ) async throws -> FinishedJob {
        let (plan, index) = (prepared.plan, prepared.index)
        let temporary = job.temporaryOutput
        try files.remove(temporary)
        do {
            let artifacts = tasks.compactMap(\.artifact)
            let segments = try encodedSegments(prepared, artifacts, in: directory)
            try checkSpace(for: artifacts, of: prepared, at: temporary)
            let paths = Dictionary(uniqueKeysWithValues: artifacts.map { ($0.task, "\(directory)/\($0.fileName)") })
            let report = try await assembler.assemble(
                AssemblyRequest(
                    plan: plan, index: index, segments: segments, artifacts: paths, output: temporary),
                progress: { progress(Progress(stage: .joining, share: $0 / 2)) })
            try Task.checkCancellation()
            // What is not checked is not told as being checked.
            let stage = job.verification == .none ? JobStage.joining : .checking
            progress(Progress(stage: stage, share: 0.5))
            var expected = plan
            expected.layout.streams.removeAll { stream in
                report.omissions.contains { $0.sourceIndex == stream.sourceIndex }
            }
            let verification = try await verify(job, plan: expected, index: index, output: temporary)
            let quality = try await measure(job, plan: expected, index: index, output: temporary) {
                progress(Progress(stage: stage, share: 0.5 + $0 / 2))
            }
            progress(Progress(stage: stage, share: 1))
            try Task.checkCancellation()
            try checkOutput(job)
            let finished = FinishedJob(
                frames: report.frames, size: report.size, verification: verification, quality: quality,
                omissions: plan.layout.omissions + report.omissions, remarks: report.remarks)
            let fingerprint = try await files.fingerprint(of: temporary)
            try await announce(
                Publication(fingerprint: fingerprint, level: job.verification, finished: finished))
            try await files.publish(temporary, as: job.output)
            return finished
        } catch {
            try? files.remove(temporary)
            throw error
        }
    }

    /// Whether the output is what the job itself put in place, proved as far as is wanted.
    ///
    /// - Parameters:
    ///   - known: the job as it was kept.
    ///   - request: the job as it is wanted now.
    func isInPlace(_ known: JobRecord, as request: JobRecord) async -> Bool {
        guard let publication = known.publication, publication.level.covers(request.verification) else { return false }
        return (try? await files.fingerprint(of: request.output)) == publication.fingerprint
    }

    /// Refuses an output that exists, unless it may be replaced.
    func checkOutput(_ job: JobRecord) throws {
        guard job.overwrite || !files.exists(job.output) else {
            throw CoordinatorError(
                .outputExists, "\(job.output) exists already",
                advice: "Choose another name, or say --overwrite to replace it.")
        }
    }

    /// Refuses to join what will not fit: the segments that count, and what the layout takes of other tasks.
    private func checkSpace(for artifacts: [Artifact], of prepared: PreparedJob, at path: String) throws {
        let plan = prepared.plan
        let completed = Dictionary(uniqueKeysWithValues: artifacts.map { ($0.task, $0) })
        let chosen = Set(try prepared.segmentTasks(completed: completed))
        let copied = plan.layout.copies([.video]) ? plan.source.fingerprint.size : ByteCount(0)
        let needed = artifacts.reduce(copied) { sum, artifact in
            let isTaken =
                chosen.contains(artifact.task)
                || plan.layout.streams.contains { $0.origin == .task(artifact.task) }
            return isTaken ? sum + artifact.payload : sum
        }
        let free = try files.freeSpace(at: path)
        guard free >= needed else {
            throw CoordinatorError(
                .noSpace, "\(path) needs \(needed.bytes) bytes, and \(free.bytes) are free",
                advice: "Free some space and run the same command again; finished segments are kept.")
        }
    }

    private func encodedSegments(
        _ prepared: PreparedJob, _ artifacts: [Artifact], in directory: String
    ) throws -> [EncodedSegment] {
        let completed = Dictionary(uniqueKeysWithValues: artifacts.map { ($0.task, $0) })
        return try prepared.segmentTasks(completed: completed).map { task in
            guard let artifact = completed[task] else {
                throw CoordinatorError(.taskFailed, "task \(task) has no result")
            }
            return EncodedSegment(path: "\(directory)/\(artifact.fileName)", frameCount: artifact.count)
        }
    }

    private func verify(
        _ job: JobRecord, plan: JobPlan, index: FrameIndex?, output: String
    ) async throws
        -> VerificationReport?
    {
        guard job.verification != .none else { return nil }
        let report = try await verifier.verify(output: output, against: plan.source, index: index, plan: plan)
        guard report.passed else {
            let failures = report.checks.filter { !$0.passed }.map { "\($0.name): \($0.detail)" }
            throw CoordinatorError(
                .verificationFailed,
                "the result of \(job.source) does not match it: " + failures.joined(separator: "; "),
                advice: "Nothing was put in place; the source is untouched.")
        }
        return report
    }

    private func measure(
        _ job: JobRecord, plan: JobPlan, index: FrameIndex?, output: String,
        progress: @escaping @Sendable (Double) -> Void
    ) async throws -> QualityReport? {
        guard job.verification == .full else { return nil }
        let frames = Double(max(plan.resultFrames, 1))
        let picture = plan.layout.streams.firstIndex { $0.sourceIndex == index?.streamIndex }
        let report = try await meter.measure(output: output, picture: picture, against: plan.source, index: index) {
            progress(min(Double($0.frames ?? 0) / frames, 1))
        }
        // What is only copied may not decode in whole in the source itself.
        guard plan.layout.copies([.video, .audio]) || report.decodeErrors == 0 else {
            throw CoordinatorError(
                .verificationFailed, "\(report.decodeErrors) packets of the result of \(job.source) do not decode",
                advice: "Nothing was put in place; the source is untouched.")
        }
        guard plan.encoder == nil || report.decodedFrames == plan.resultFrames else {
            throw CoordinatorError(
                .verificationFailed, "\(report.decodedFrames) of \(plan.resultFrames) frames of the result decode",
                advice: "Nothing was put in place; the source is untouched.")
        }
        return report
    }
}

extension OutputLayout {
    /// Whether any stream of these kinds is taken over from the source as it is.
    fileprivate func copies(_ kinds: Set<StreamKind>) -> Bool {
        streams.contains { $0.origin == .source && kinds.contains($0.kind) }
    }
}
