// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletAssembly
import MartletModel
import MartletPorts
import Synchronization

@testable import martlet

/// Remembers what it is to run, says that it runs, and stops when it is told to.
final class ScriptedCluster: ClusterEngine {
    private let requests = Mutex<(serve: ServeRequest?, work: WorkRequest?, stream: StreamRequest?)>(
        (nil, nil, nil))
    private let failure: (any Error)?

    /// Makes one that fails with an error, or runs.
    init(failure: (any Error)? = nil) { self.failure = failure }

    /// What it was to serve.
    var serve: ServeRequest? { requests.withLock(\.serve) }
    /// What it was to work on.
    var work: WorkRequest? { requests.withLock(\.work) }

    /// What it was to stream.
    var stream: StreamRequest? { requests.withLock(\.stream) }

    func stream(_ request: StreamRequest, told: @escaping @Sendable (StreamNotice) -> Void) async throws {
        requests.withLock { $0.stream = request }
        if let failure { throw failure }
        told(.warning("It is a test."))
        told(.listening("http://127.0.0.1:4712"))
        try await Task.sleep(for: .seconds(3600))
    }

    func serve(_ request: ServeRequest, ready: @escaping @Sendable (String) -> Void) async throws {
        requests.withLock { $0.serve = request }
        if let failure { throw failure }
        ready("http://127.0.0.1:4711")
        try await Task.sleep(for: .seconds(3600))
    }

    func work(_ request: WorkRequest, told: @escaping @Sendable (WorkerNotice) -> Void) async throws {
        requests.withLock { $0.work = request }
        if let failure { throw failure }
        told(.connected(WorkerID("attic")))
        told(.disconnected("The coordinator is gone."))
        guard request.settings.isPersistent else { return }
        try await Task.sleep(for: .seconds(3600))
    }
}
