// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Fetches parts of sources from the coordinator.
struct BlockFetcher: Sendable {
    let coordinator: CoordinatorAddress
    let caller: any HTTPCaller
    let files: any FileStore & FileParts
    let time: any TimeSource

    /// Writes these bytes of a source into a file, at the same place; goes on trying while the coordinator cannot be
    /// reached.
    ///
    /// - Parameter job: a job that has this source; `nil` when nobody wants it any more.
    /// - Throws: `WorkerError` `sourceChanged` or `transferFailed` when trying again is of no use; the file's own
    ///   errors; `CancellationError`.
    func fetch(
        _ bytes: Range<Int64>, of fingerprint: Fingerprint, to path: String, job: @Sendable () async -> JobID?
    ) async throws {
        var backoff = Backoff.calls
        var damages = 0
        while true {
            try Task.checkCancellation()
            guard let job = await job() else { throw CancellationError() }
            switch try await attempt(bytes, of: fingerprint, of: job, to: path) {
            case .whole: return
            case .damaged where damages >= 5:
                throw WorkerError(.transferFailed, "the source of job \(job) arrives damaged")
            case .damaged: damages += 1
            case .unreachable:
                var generator = SystemRandomNumberGenerator()
                try await time.sleep(until: time.now() + backoff.next(using: &generator))
            }
        }
    }

    private enum Answer { case whole, damaged, unreachable }

    private func attempt(
        _ bytes: Range<Int64>, of fingerprint: Fingerprint, of job: JobID, to path: String
    ) async throws -> Answer {
        let span = "\(bytes.lowerBound)-\(bytes.upperBound - 1)"
        var headers = coordinator.headers
        headers["Range"] = "bytes=\(span)"
        headers["If-Match"] = DataPlane.entityTag(of: fingerprint)
        headers[DataPlane.wantedDigest.field] = DataPlane.wantedDigest.value
        let call = HTTPCall("GET", coordinator.url(DataPlane.sourcePath(of: job)), headers: headers)
        let answer: HTTPAnswer
        do { answer = try await caller.download(call, to: path, at: bytes.lowerBound) } catch {
            try Task.checkCancellation()
            guard WorkerError.isPassing(error) else { throw error }
            return .unreachable
        }
        switch answer.status {
        case 206:
            guard answer.headers["Content-Range"] == "bytes \(span)/\(fingerprint.size.bytes)" else {
                throw WorkerError(.transferFailed, "the coordinator gave another part of the source than was asked for")
            }
            guard let digest = answer.headers[DataPlane.contentDigest].flatMap({ DataPlane.digest(inField: $0) }) else {
                return .whole
            }
            return try await files.digest(of: path, bytes: bytes) == digest ? .whole : .damaged
        case 412, 416: throw Self.changed(job)
        case _ where ProblemText.isProblem(answer, "source_changed"): throw Self.changed(job)
        case 401, 403: throw WorkerError.letOut(answer)
        case 429, 500...: return .unreachable
        default:
            throw WorkerError(
                .transferFailed,
                "the coordinator did not give the source of job \(job): "
                    + ProblemText.line(of: answer))
        }
    }

    private static func changed(_ job: JobID) -> WorkerError {
        WorkerError(
            .sourceChanged, "the source of job \(job) changed after the job was planned",
            advice: "Start the job again to transcode the new content.")
    }
}
