// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Gives an order to a cluster: by the paths that were typed where the coordinator knows them, else by files that are
/// sent to it and fetched from it.
struct RemoteSubmission: Sendable {
    /// What is to be done.
    var order: RemoteOrder
    /// Whom it is given to.
    var client: ClusterClient
    /// Keeps files.
    var files: any FileStore
    /// Tells when to try again.
    var time: any TimeSource
    /// Tells the user a sentence.
    var say: @Sendable (String) -> Void
    /// Sends a file of this machine; returns its address.
    var upload: @Sendable (SourceUpload) async throws -> String

    /// A job and where its output is to be found.
    struct Given: Sendable {
        var job: JobView
        /// Whether the output has to be fetched from the coordinator, whatever is at its path here.
        var isFetched: Bool
    }

    /// The media root of files that users send.
    private static let uploads = "uploads:"

    /// Gives it, or finds the job that an earlier run of the same command has given.
    ///
    /// - Throws: what the coordinator reports; `CommandLineError`; `CancellationError`.
    func give() async throws -> Given {
        if let job = try await accepted(order.submission()) { return Given(job: job, isFetched: false) }
        var content: Fingerprint?
        if case .here(let path) = order.input { content = try await files.fingerprint(of: path) }
        var output = order.output.text
        if case .here = order.output { output = Self.uploads + (try order.outputName(content)) }
        if let job = try await earlier(output) { return Given(job: job, isFetched: order.isFetched) }
        if order.isFetched, let job = try await accepted(submission(source: nil, output)) {
            return Given(job: job, isFetched: true)
        }
        guard case .here(let path) = order.input, let content else {
            return Given(job: try await client.submit(submission(source: nil, output)), isFetched: order.isFetched)
        }
        say("The coordinator does not have \(path): it is sent.")
        let source = try await upload(
            SourceUpload(
                client: client, files: files, time: time, path: path, name: order.uploadName(content), arrived: { _ in }
            ))
        return Given(job: try await client.submit(submission(source: source, output)), isFetched: order.isFetched)
    }

    /// What is in place under a name that stands for this very job may be replaced.
    private func submission(source: String?, _ output: String) throws -> JobSubmission {
        var submission = try order.submission(source: source, output: output)
        if order.isFetched { submission.overwrite = true }
        return submission
    }

    /// Submits; `nil` when the coordinator does not know one of the paths.
    private func accepted(_ submission: JobSubmission) async throws -> JobView? {
        do { return try await client.submit(submission) } catch let error as AttemptFailure
            where error.code == "coordinator.bad_path"
        {
            return nil
        }
    }

    /// The newest job that makes this output, taken up again where it failed.
    private func earlier(_ output: String) async throws -> JobView? {
        guard order.isFetched,
            let job = try await client.jobs(limit: 1000).first(where: { $0.output == output })
        else { return nil }
        guard job.state == .failed || job.state == .cancelled else {
            say("The cluster has this job already: \(job.id).")
            return job
        }
        say("The job \(job.id) is taken up again.")
        return try await client.retry(job.id)
    }
}

extension RemoteOrder {
    /// Whether the output is to end up on this machine.
    var isFetched: Bool { if case .here = output { true } else { false } }
}
