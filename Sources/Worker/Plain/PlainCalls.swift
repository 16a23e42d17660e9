// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// What a worker of the plain protocol says to its coordinator.
struct PlainCalls: Sendable {
    let coordinator: CoordinatorAddress
    let caller: any HTTPCaller
    let time: any TimeSource

    /// Says that the worker is there. A coordinator that is not there is tried again with the next heartbeat.
    ///
    /// - Returns: whether it was heard.
    /// - Throws: a `CodedError` when the coordinator refuses the worker.
    func beat(_ heartbeat: PlainHeartbeat) async throws -> Bool {
        guard let answer = try? await post(heartbeat, to: Self.heartbeatPath) else { return false }
        guard answer.status == 401 || answer.status == 403 else { return answer.status == 200 }
        let code = ProblemText.code(of: answer)
        throw AttemptFailure(
            code: code.isEmpty ? WorkerError.Code.refused.rawValue : code,
            message: "The coordinator refuses this worker: \(ProblemText.line(of: answer))",
            advice: "Check the token.", isRetryable: false, exitStatus: .clusterUnavailable)
    }

    /// Says that the worker goes; a coordinator that does not hear it finds out by itself.
    func leave(_ worker: WorkerID) async {
        let heartbeat = PlainHeartbeat(workerID: worker, status: PlainHeartbeat.offline)
        _ = try? await post(heartbeat, to: Self.heartbeatPath, patience: .seconds(2))
    }

    /// Says how far a stream is; answers whether the coordinator still wants it.
    func report(_ status: PlainStatus) async -> Bool {
        guard let answer = try? await post(status, to: path(of: status.jobID)) else { return true }
        return ![404, 409, 410].contains(answer.status)
    }

    /// Says how a stream ended, and tries again for a minute while the coordinator cannot be reached.
    func conclude(_ status: PlainStatus) async {
        let end = time.now() + .seconds(60)
        var backoff = Backoff.calls
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            if let answer = try? await post(status, to: path(of: status.jobID)), answer.status < 500 { return }
            let next = time.now() + backoff.next(using: &generator)
            guard next < end, (try? await time.sleep(until: next)) != nil else { return }
        }
    }

    /// A job's source as the coordinator has it.
    struct KnownSource: Sendable {
        /// Its content.
        var content: Fingerprint
        /// Its length in seconds; `nil` when that is not known.
        var length: Double?
    }

    /// What the coordinator says of a job's source; `nil` when it gives none out, as coordinators of another make.
    ///
    /// - Throws: the caller's error.
    func source(of job: JobID) async throws -> KnownSource? {
        let call = HTTPCall("HEAD", coordinator.url(DataPlane.sourcePath(of: job)), headers: coordinator.headers)
        let answer = try await caller.call(call, limit: 1 << 16)
        guard answer.status == 200, let content = answer.headers["ETag"].flatMap({ DataPlane.content(ofTag: $0) })
        else { return nil }
        return KnownSource(content: content, length: answer.headers[DataPlane.contentDuration].flatMap { Double($0) })
    }

    /// What a worker must know to make parts of a job's stream, as the coordinator says it.
    ///
    /// - Throws: `WorkerError` when it says nothing; the caller's error.
    func meshOrder(of job: JobID) async throws -> [UInt8] {
        let path = "/api/v1/jobs/\(PercentEncoding.encoded(job.text))/mesh/order"
        let call = HTTPCall("GET", coordinator.url(path), headers: coordinator.headers)
        let answer = try await caller.call(call, limit: 64 << 20)
        guard answer.status == 200 else {
            throw WorkerError(
                .transferFailed, "the coordinator knows no stream \(job): \(ProblemText.line(of: answer))")
        }
        return answer.body
    }

    private func path(of job: JobID) -> String { "/api/v1/jobs/\(PercentEncoding.encoded(job.text))/status" }

    private static let heartbeatPath = "/api/v1/workers/heartbeat"

    private func post(
        _ message: some Encodable, to path: String, patience: Duration = .seconds(10)
    ) async throws -> HTTPAnswer {
        var headers = coordinator.headers
        headers["Content-Type"] = MediaType.json
        let body = Array(try MessageText.encode(message).utf8)
        return try await caller.call(
            HTTPCall(
                "POST", coordinator.url(path), headers: headers, body: .bytes(body),
                connectTimeout: min(.seconds(5), patience), stallTimeout: patience),
            limit: 1 << 16)
    }
}
