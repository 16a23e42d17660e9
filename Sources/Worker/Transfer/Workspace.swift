// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
package import MartletPorts

/// A worker's own place for what its tasks read and write, and the way from the coordinator's paths to its own.
package struct Workspace: Sendable {
    /// Where everything lies; made where missing, and emptied when the worker begins.
    package let directory: String
    /// The media roots that this machine has, too: names and paths.
    package let mediaRoots: [String: String]
    let files: any FileStore & FileParts
    let coordinator: CoordinatorAddress
    let caller: any HTTPCaller
    let proxy: SourceProxy
    let time: any TimeSource

    /// Makes a workspace.
    ///
    /// - Parameters:
    ///   - directory: this worker's alone.
    ///   - proxy: serves sources that lie in no media root of this machine.
    package init(
        directory: String, mediaRoots: [String: String], files: any FileStore & FileParts,
        coordinator: CoordinatorAddress, caller: any HTTPCaller, proxy: SourceProxy, time: any TimeSource
    ) {
        self.directory = directory
        self.mediaRoots = mediaRoots
        self.files = files
        self.coordinator = coordinator
        self.caller = caller
        self.proxy = proxy
        self.time = time
    }

    /// Makes the directory, and removes what an earlier worker left in it.
    func begin() throws {
        try files.remove("\(directory)/jobs")
        try files.makeDirectory("\(directory)/jobs")
    }

    /// The order as this machine can run it: its own directory and source, and what the task reads in place.
    ///
    /// - Throws: a `CodedError`; `CancellationError`.
    func localised(_ assignment: TaskAssignment) async throws -> TaskAssignment {
        let names = [assignment.lease.job.text, assignment.task.id.text, assignment.task.fileExtension]
        guard (names + assignment.inputs.values).allSatisfy(Self.isPlainName) else {
            throw WorkerError(.badOrder, "the order of task \(assignment.task.id) names files outside of its job")
        }
        var local = assignment
        local.directory = directory(of: assignment.lease.job)
        try files.makeDirectory(local.directory)
        if let (path, fingerprint) = await source(of: assignment) {
            (local.sourcePath, local.fingerprint) = (path, fingerprint)
        } else {
            let name = assignment.sourceAddress?.path ?? assignment.sourcePath
            local.proxyURL = try await proxy.open(assignment.lease, assignment.fingerprint, name: name)
        }
        for name in Set(assignment.inputs.values) {
            let path = "\(local.directory)/\(name)"
            guard !files.exists(path) else { continue }
            let download = InputDownload(
                job: assignment.lease.job, fileName: name, path: path, coordinator: coordinator, caller: caller,
                files: files, time: time)
            let part = "\(local.directory)/.\(name).\(assignment.task.id).\(assignment.lease.epoch.number)"
            do { try await download.run(by: part) } catch {
                try? files.remove(part)
                throw error
            }
        }
        return local
    }

    /// The source's path and state here; `nil` when no media root of this machine has it. The time of change may differ.
    private func source(of assignment: TaskAssignment) async -> (String, Fingerprint)? {
        guard let address = assignment.sourceAddress, let path = path(of: address),
            let found = try? await files.fingerprint(of: path),
            found.size == assignment.fingerprint.size, found.digest == assignment.fingerprint.digest
        else { return nil }
        return (path, found)
    }

    /// Fetches what a task that comes soon will read of its source.
    func prefetch(_ assignment: TaskAssignment) async {
        if await source(of: assignment) == nil { await proxy.prefetch(assignment) }
    }

    /// Where a file of the cluster's lies here; `nil` where its root is not known.
    private func path(of address: MediaAddress) -> String? {
        guard let root = mediaRoots[address.root] else { return nil }
        let parts = address.path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else { return nil }
        return "\(root)/\(address.path)"
    }

    /// Where a result lies.
    func path(of artifact: Artifact, _ job: JobID) -> String { "\(directory(of: job))/\(artifact.fileName)" }

    /// Removes what a lease left behind, and all of its job when no other lease of it is held.
    ///
    /// - Parameter wanted: names of files that other leases of the job read; these stay until the last one ends.
    func clear(_ lease: LeaseToken, isLastOfJob: Bool, sparing wanted: Set<String> = []) {
        guard Self.isPlainName(lease.job.text) else { return }
        let directory = directory(of: lease.job)
        if isLastOfJob {
            try? files.remove(directory)
        } else {
            let stem = "\(lease.task).\(lease.epoch.number)."
            for name in (try? files.list(directory)) ?? [] where name.hasPrefix(stem) && !wanted.contains(name) {
                try? files.remove("\(directory)/\(name)")
            }
        }
    }

    /// What the coordinator is told of a result, once the task is done with its source.
    func judged(_ result: AttemptResult, of lease: LeaseToken) async -> AttemptResult {
        let use = await proxy.close(lease)
        if let failure = use.failure, result != .interrupted { return .failed(AttemptFailure(failure)) }
        guard case .failed(let failure) = result else { return result }
        var judged = self.failure(of: failure)
        // ffmpeg takes a connection that breaks for the end of its source.
        if use.isHere, failure.code == WorkerError.Code.framesMismatch.rawValue { judged.isRetryable = true }
        return .failed(judged)
    }

    /// What the coordinator is told of an error. A full disk is this machine's trouble alone: elsewhere there is space.
    func failure(of error: any Error) -> AttemptFailure {
        let failure = error as? AttemptFailure ?? AttemptFailure(error)
        switch failure.code {
        case "ffmpeg.no_space", "host.no_space", "http.unwritable":
            return AttemptFailure(
                WorkerError(
                    .noSpace, "this worker's disk is full: \(failure.message)",
                    advice: "Free space there, or choose another place with --temp-directory.", log: failure.log))
        case WorkerError.Code.workDirectoryGone.rawValue:
            var failure = failure
            failure.isRetryable = true
            return failure
        default: return failure
        }
    }

    private func directory(of job: JobID) -> String { "\(directory)/jobs/\(job)" }

    /// Whether a name from elsewhere can be a part of a path, and stays in its directory.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 200
            && !name.utf8.contains { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "/") }
    }
}
