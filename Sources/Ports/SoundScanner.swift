// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Finds out where the sound of a film lies, to the sample.
package protocol SoundScanner: Sendable {
    /// The runs of every sound stream of a film, in the order of the streams; streams without a packet have none.
    ///
    /// Reads the whole file, without decoding.
    ///
    /// - Throws: a `CodedError` with exit status `badInput` when the file cannot be read or is another one now.
    func sounds(of source: SourceDescription) async throws -> [AudioRuns]
}
