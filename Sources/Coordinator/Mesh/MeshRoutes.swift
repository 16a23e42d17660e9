// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
internal import MartletPorts
internal import MartletWire

/// Streams that several workers make: their playlists, and where their parts are.
package struct MeshRoutes: Sendable {
    private let meshes: Meshes

    /// Makes the routes.
    package init(meshes: Meshes) { self.meshes = meshes }

    /// The routes.
    package var routes: [Route] {
        let base = "/api/v1/jobs/{id}/mesh"
        let playlist = Operation.Answer(200, "The playlist.", .bytes(MediaType.playlist))
        return [
            Route(
                "GET", base + "/master.m3u8", access: .tokenOrQuery,
                Operation("getMesh", "The stream of a job whose parts several workers make.", answers: [playlist]),
                answer: { try await self.playlist($0, rendition: nil) }),
            Route(
                "GET", base + "/{rendition}/index.m3u8", access: .tokenOrQuery,
                Operation("getMeshRendition", "One rendition of such a stream.", answers: [playlist]),
                answer: { try await self.playlist($0, rendition: $0.parameter("rendition")) }),
            Route(
                "GET", base + "/{rendition}/{file}", access: .tokenOrQuery,
                Operation(
                    "getMeshSegment", "Leads to a part of such a stream, at a worker that has it.",
                    answers: [.init(307, "`Location` says where.")]),
                answer: { request in
                    let address = try await meshes.address(
                        of: request.parameter("file"), rendition: request.parameter("rendition"),
                        job: JobID(request.parameter("id")), edition: request.request.query(StreamPlan.editionField))
                    return HTTPResponse(
                        status: 307,
                        headers: [
                            "Location": address, "Cache-Control": "no-store", "Access-Control-Allow-Origin": "*",
                        ])
                }),
            Route(
                "GET", base + "/order",
                Operation(
                    "getMeshOrder", "What a worker must know to make parts of such a stream.",
                    answers: [.init(200, "Film and options.", .bytes(MediaType.json))]),
                answer: { request in
                    HTTPResponse(
                        status: 200, headers: ["Content-Type": MediaType.json],
                        body: .bytes(try await meshes.order(of: JobID(request.parameter("id")))))
                }),
        ]
    }

    private func playlist(_ request: RoutedRequest, rendition: String?) async throws -> HTTPResponse {
        .playlist(
            try await meshes.playlist(
                of: JobID(request.parameter("id")), rendition: rendition,
                query: request.request.carried("access_token")))
    }
}
