// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
internal import MartletPorts
internal import MartletWire

/// Which content of a film an address means, so that a film that is replaced never comes mixed with what it was before.
///
/// Playlists put it into their links as `v=...`. What has it may be kept for ever, and is refused once the film is
/// another one, or is encoded in another way; what has none is asked for anew each time.
enum FilmEdition {
    private static let forEver = "public, max-age=86400, immutable"

    /// What links to parts of a film carry: its edition, and the session and the token of the request for them.
    ///
    /// - Parameter newSession: the session of links in an answer to who has none; `nil` gives him none.
    static func links(
        to film: OpenFilm, from request: HTTPRequest, newSession: @autoclosure () -> String? = nil
    ) -> String {
        let session = request.query(StreamRoutes.sessionField) == nil ? newSession() : nil
        let fields = [
            film.plan.editionQuery,
            session.map { "\(StreamRoutes.sessionField)=\(PercentEncoding.encoded($0))" } ?? "",
            request.carried(StreamRoutes.sessionField, StreamRoutes.tokenField),
        ]
        return fields.filter { !$0.isEmpty }.joined(separator: "&")
    }

    /// Looks whether a request means the film that is there now.
    ///
    /// - Throws: `StreamingError` `sourceChanged`.
    static func check(_ request: HTTPRequest, means film: OpenFilm) throws {
        guard !film.plan.isMeant(by: request.query(StreamPlan.editionField)) else { return }
        throw StreamingError(
            .sourceChanged, "\(film.name) is not the film any more that it was when its playlist was read.",
            advice: "Open it again.")
    }

    /// What `Cache-Control` says of a file that a request asks for.
    static func caching(of request: HTTPRequest) -> String {
        request.query(StreamPlan.editionField) == nil ? "no-cache" : forEver
    }
}
