// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Copies a source whose clock jumps into one whose clock goes on.
///
/// Broadcast recordings and recordings that were put together byte by byte set
/// their clock anew in the middle; what reads them by time needs one clock.
package protocol SourceRestamper: Sendable {
    /// Copies every packet, bit by bit, into a Matroska file at `path`.
    ///
    /// Picture and sound of one stretch are moved together. Equal sources give
    /// equal bytes and an equal time of modification; a file that is at `path`
    /// already is taken as the finished copy, since it appears there by renaming.
    ///
    /// - Parameter progress: called with the share that is done, 0 to 1, from any thread.
    /// - Returns: `nil`, and no file, when the clock does not jump.
    /// - Throws: a `CodedError`; exit status `writeFailed` when the disk is full.
    func restamp(
        _ source: SourceDescription, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RestampReport?
}

/// What a restamped copy is.
package struct RestampReport: Sendable, Equatable, Codable {
    /// How often the clock jumps; at least 1.
    package var jumps: Int
    /// The source's streams that the copy does not hold, ascending.
    package var omittedStreams: [Int]

    /// Makes a report from its parts.
    package init(jumps: Int, omittedStreams: [Int]) {
        self.jumps = jumps
        self.omittedStreams = omittedStreams
    }
}
