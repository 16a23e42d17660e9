// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletAssembly
import MartletModel

/// Parts of a cluster that run on this machine.
struct LocalCluster: ClusterEngine {
    /// The process's environment.
    let environment: [String: String]

    func serve(_ request: ServeRequest, ready: @escaping @Sendable (String) -> Void) async throws {
        try await CoordinatorProcess(request: request, local: LocalEngine(environment: environment)).run(ready: ready)
    }

    func work(_ request: WorkRequest, told: @escaping @Sendable (WorkerNotice) -> Void) async throws {
        try await WorkerProcess(request: request, local: LocalEngine(environment: environment)).run(told: told)
    }

    func stream(_ request: StreamRequest, told: @escaping @Sendable (StreamNotice) -> Void) async throws {
        try await StreamProcess(request: request, local: LocalEngine(environment: environment)).run(told: told)
    }
}
