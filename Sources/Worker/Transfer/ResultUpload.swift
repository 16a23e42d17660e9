// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Brings one result to the coordinator, part by part.
///
/// Each part carries its SHA-256, and goes on where the coordinator says that
/// the last one ended: so a broken connection costs one part at most.
struct ResultUpload: Sendable {
    let lease: LeaseToken
    let artifact: Artifact
    let path: String
    let chunkSize: Int
    let coordinator: CoordinatorAddress
    let caller: any HTTPCaller
    let files: any FileStore & FileParts
    let time: any TimeSource

    /// How often in a row a part may arrive damaged, or be refused for a reason that may pass.
    private static let patience = 5

    /// Uploads everything; answers `false` when the coordinator wants the result no longer.
    ///
    /// While the coordinator cannot be reached, or its disk is full, this waits until the calling task is cancelled.
    ///
    /// - Throws: `worker.transfer_failed`; `worker.refused`; the file's own errors; `CancellationError`.
    func run() async throws -> Bool {
        var offset: Int64 = 0
        var backoff = Backoff.calls
        var refusals = 0
        repeat {
            switch try await send(from: offset) {
            case .arrived(let next) where next > offset:
                offset = next
                refusals = 0
                backoff.succeeded()
            case .arrived(let next) where artifact.size.bytes == 0 && next == 0: return true
            case .arrived(let next):
                // An earlier part was lost, or this one came twice.
                offset = next
                refusals = try counted(refusals, "it goes back to byte \(next)")
            case .damaged: refusals = try counted(refusals, "parts arrive damaged")
            case .unwanted: return false
            case .refused(let reason):
                refusals = try counted(refusals, reason)
                try await pause(&backoff)
            case .full: try await pause(&backoff)
            case .unreachable:
                try await pause(&backoff)
                switch try await position() {
                case .arrived(let next): offset = next
                case .unwanted: return false
                case .damaged, .refused, .full, .unreachable: break
                }
            }
        } while offset < artifact.size.bytes
        return true
    }

    /// What became of one call.
    private enum Answer {
        /// So many bytes have arrived in all.
        case arrived(Int64)
        /// The part's digest was another.
        case damaged
        /// The lease is not the worker's any more.
        case unwanted
        /// The coordinator's disk is full.
        case full
        /// Nobody answered, or somebody in between.
        case unreachable
        /// Any other answer.
        case refused(String)
    }

    private func send(from offset: Int64) async throws -> Answer {
        let end = min(offset + Int64(chunkSize), artifact.size.bytes)
        let digest = try await files.digest(of: path, bytes: offset..<end)
        var headers = coordinator.headers
        headers[DataPlane.contentDigest] = DataPlane.digestField(digest)
        headers["Content-Type"] = MediaType.bytes
        let body: HTTPCall.Body = offset < end ? .file(path: path, bytes: offset..<end) : .none
        return try await answer(HTTPCall("PUT", url(offset), headers: headers, body: body), otherwise: end)
    }

    private func position() async throws -> Answer {
        try await answer(HTTPCall("HEAD", url(0), headers: coordinator.headers), otherwise: 0)
    }

    private func url(_ offset: Int64) -> String {
        coordinator.url(
            DataPlane.resultPath(of: lease.job, fileName: artifact.fileName),
            query: DataPlane.uploadQuery(lease, offset: offset, size: artifact.size.bytes))
    }

    private func answer(_ call: HTTPCall, otherwise: Int64) async throws -> Answer {
        let answer: HTTPAnswer
        do { answer = try await caller.call(call, limit: 1 << 16) } catch {
            try Task.checkCancellation()
            guard WorkerError.isPassing(error) else { throw error }
            return .unreachable
        }
        let offset = answer.headers[DataPlane.uploadOffset].flatMap { Int64($0) }
            .flatMap { (0...artifact.size.bytes).contains($0) ? $0 : nil }
        switch answer.status {
        case 200..<300: return .arrived(offset ?? otherwise)
        case 409 where offset != nil: return .arrived(offset ?? 0)
        case 404 where call.method == "HEAD": return .arrived(0)
        case 401, 403: throw WorkerError.letOut(answer)
        case 404, 410: return .unwanted
        case 507: return .full
        case _ where ProblemText.isProblem(answer, "digest_mismatch"): return .damaged
        case _ where ProblemText.isProblem(answer, "stale_lease"): return .unwanted
        case 502...504: return .unreachable
        default: return .refused(ProblemText.line(of: answer))
        }
    }

    private func counted(_ refusals: Int, _ reason: String) throws -> Int {
        guard refusals < Self.patience else {
            throw WorkerError(
                .transferFailed, "the coordinator did not take the result \(artifact.fileName): \(reason)")
        }
        return refusals + 1
    }

    private func pause(_ backoff: inout Backoff) async throws {
        var generator = SystemRandomNumberGenerator()
        try await time.sleep(until: time.now() + backoff.next(using: &generator))
    }
}
