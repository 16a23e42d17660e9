// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Finds the frames at which a film cuts to something else.
package protocol SceneFinder: Sendable {
    /// The times of the first frames of scenes, ascending, in ticks of the stream's clock.
    ///
    /// - Parameters:
    ///   - stream: the picture stream's number in the file.
    ///   - progress: called for every progress report.
    /// - Throws: a `CodedError`; `CancellationError` when cancelled.
    func sceneChanges(
        in source: SourceDescription, stream: Int, search: SceneSearch,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> [Int64]
}

/// Which frames are looked at for scene changes.
package enum SceneSearch: Sendable, Equatable {
    /// Every frame: finds each cut, at the cost of decoding the film.
    case everyFrame
    /// Key frames only, for about 6 % of that cost: finds the cuts at which the
    /// source's encoder put a key frame, and nothing between.
    case keyframes
}
