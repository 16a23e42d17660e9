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
    func make(_ part: StreamPart, of plan: StreamPlan, at path: String) async throws -> PackagedPart

    /// The text of a subtitle rendition.
    func subtitles(_ rendition: String, of plan: StreamPlan, at path: String) async throws -> SubtitleText
}

extension StreamMaker: FilmMaking {}
