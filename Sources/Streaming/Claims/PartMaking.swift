// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What came of the wish to make a part.
package enum PartOutcome: Sendable, Equatable {
    /// It is in the cache, whoever made it.
    case made
    /// Another node makes it, for so long at the most before it should be asked for again.
    case held(Duration)
    /// The making ended without a result, by wish or because the right to it was lost.
    case stopped
    /// It could not be made.
    case failed(reason: String, isRetryable: Bool)
}

/// Makes parts, each by one node at a time.
package protocol PartMaking: Sendable {
    /// Makes a part, unless another node does or did.
    ///
    /// Returns soon after the calling task was cancelled.
    ///
    /// - Parameters:
    ///   - work: encodes; cancelled when the right to make the part is lost.
    ///   - publish: puts the result into the cache.
    func make(
        _ part: StreamPart, work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome
}

/// Makes parts for a node that is alone.
package struct LonePartWorker: PartMaking {
    /// Makes a worker.
    package init() {}

    package func make(
        _ part: StreamPart, work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome {
        do {
            try await publish(try await work())
            return .made
        } catch {
            if Task.isCancelled || error is CancellationError { return .stopped }
            let known = error as? any CodedError
            return .failed(reason: known?.message ?? "\(error)", isRetryable: known?.isRetryable ?? false)
        }
    }
}
