// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Fetches another task's result, which a task reads.
struct InputDownload: Sendable {
    let job: JobID
    let fileName: String
    /// Where it goes; nothing is there while it is on its way.
    let path: String
    let coordinator: CoordinatorAddress
    let caller: any HTTPCaller
    let files: any FileStore & FileParts
    let time: any TimeSource

    /// Fetches the file, and goes on trying while the coordinator cannot be reached.
    ///
    /// - Parameter part: where it is written until it is whole.
    /// - Throws: `worker.transfer_failed`; the file's own errors; `CancellationError`.
    func run(by part: String) async throws {
        var backoff = Backoff.calls
        var damages = 0
        while true {
            try files.makeSparse(part, size: 0)
            switch try await fetch(to: part) {
            case .whole:
                try await files.publish(part, as: path)
                return
            case .damaged where damages >= 5:
                throw WorkerError(.transferFailed, "the coordinator's \(fileName) arrives damaged")
            case .damaged: damages += 1
            case .unreachable:
                var generator = SystemRandomNumberGenerator()
                try await time.sleep(until: time.now() + backoff.next(using: &generator))
            }
        }
    }

    private enum Answer { case whole, damaged, unreachable }

    private func fetch(to part: String) async throws -> Answer {
        let url = coordinator.url(DataPlane.resultPath(of: job, fileName: fileName))
        var headers = coordinator.headers
        headers[DataPlane.wantedDigest.field] = DataPlane.wantedDigest.value
        let answer: HTTPAnswer
        do {
            answer = try await caller.download(HTTPCall("GET", url, headers: headers), to: part, at: 0)
        } catch {
            try Task.checkCancellation()
            guard WorkerError.isPassing(error) else { throw error }
            return .unreachable
        }
        switch answer.status {
        case 200:
            guard let digest = answer.headers[DataPlane.contentDigest].flatMap({ DataPlane.digest(inField: $0) }) else {
                return .whole
            }
            return try await files.digest(of: part) == digest ? .whole : .damaged
        case 401, 403: throw WorkerError.letOut(answer)
        case 429, 500...: return .unreachable
        default:
            throw WorkerError(
                .transferFailed, "the coordinator did not give the result \(fileName): \(ProblemText.line(of: answer))")
        }
    }
}
