// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletStreaming

/// Makes parts for a node that is alone.
struct LonePartWorker: PartMaking {
    func make(
        _ part: StreamPart, files: [CacheName], work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome {
        do {
            try await publish(try await work())
            return .made
        } catch {
            return PartOutcome(error)
        }
    }
}
