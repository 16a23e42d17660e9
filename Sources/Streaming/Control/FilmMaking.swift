// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPlanning
package import MartletPorts

/// Scans films and makes their parts.
package protocol FilmMaking: Sendable {
    /// Scans a film.
    ///
    /// - Throws: a `CodedError`, exit status `badInput` when the file is no film that can be streamed.
    func film(at path: String) async throws -> StreamFilm

    /// Encodes and packages a part of a film; cancelling the task ends the encode.
    ///
    /// - Parameter niceness: how far the encode steps back for others, 0 to 19.
    func make(
        _ part: StreamPart, of plan: StreamPlan, at path: String, niceness: Int
    ) async throws -> PackagedPart

    /// The text of a subtitle rendition.
    func subtitles(_ rendition: String, of plan: StreamPlan, at path: String) async throws -> SubtitleText
}

extension StreamMaker: FilmMaking {}
