// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// What a server of streams offers besides the streams: pages, pictures, whole files.
package protocol StreamExtras: Sendable {
    /// The answer to a request that is for nothing else; `nil` when there is nothing at the path.
    ///
    /// - Parameter path: the parts of the path, decoded; `[""]` for `/`.
    func page(at path: [String], for request: HTTPRequest) async throws -> HTTPResponse?

    /// The answer to a request for something that takes no scan of the film; `nil` when it takes one, or is not there.
    ///
    /// - Parameter path: the film's file, without links.
    func answer(_ name: String, ofFileAt path: String, for request: HTTPRequest) async throws -> HTTPResponse?

    /// The answer to a request for something of a film: `/hls/<film>/<name>`; `nil` when there is nothing of that name.
    func answer(_ name: String, of film: OpenFilm, for request: HTTPRequest) async throws -> HTTPResponse?
}

extension StreamExtras {
    package func answer(
        _ name: String, ofFileAt path: String, for request: HTTPRequest
    ) async throws -> HTTPResponse? { nil }
}
