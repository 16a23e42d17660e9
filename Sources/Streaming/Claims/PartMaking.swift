// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What came of the wish to make a part.
package enum PartOutcome: Sendable, Equatable {
    /// It was made here, and is in the cache.
    case made
    /// It is in the cache, and was not made here.
    case found
    /// Another node makes it, for so long at the most before it should be asked for again.
    case held(Duration)
    /// The making ended without a result, by wish or because the right to it was lost.
    case stopped
    /// It could not be made.
    case failed(reason: String, isRetryable: Bool)
    /// Another node has made it, and there is no room for it here.
    case full(reason: String)

    /// What an error means that making a part ended in.
    package init(_ error: any Error) {
        if Task.isCancelled || error is CancellationError {
            self = .stopped
        } else {
            let known = error as? any CodedError
            self = .failed(reason: known?.message ?? "\(error)", isRetryable: known?.isRetryable ?? false)
        }
    }
}

/// Makes parts, each by one node at a time.
package protocol PartMaking: Sendable {
    /// Makes a part, unless another node does or did.
    ///
    /// Returns soon after the calling task was cancelled.
    ///
    /// - Parameters:
    ///   - files: what of the cache the part is.
    ///   - work: encodes; cancelled when the right to make the part is lost.
    ///   - publish: puts the result into the cache.
    func make(
        _ part: StreamPart, files: [CacheName], work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome
}
