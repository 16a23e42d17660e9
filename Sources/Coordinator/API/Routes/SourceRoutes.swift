// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import MartletWire

/// Uploads of sources, which can be taken up again.
///
/// The fields are those of the IETF draft for resumable uploads; a plain `POST` of a whole file needs none of them.
///
/// Source: <https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/>
package struct SourceRoutes: Sendable {
    private let uploads: SourceUploads

    /// Makes the routes.
    package init(uploads: SourceUploads) { self.uploads = uploads }

    /// The routes.
    package var routes: [Route] {
        let last = Operation.Field(
            "Upload-Complete", .oneOf(["?0", "?1"]), "`?0` when more of the file follows; `?1` when missing.",
            isHeader: true)
        let digest = Operation.Field("sha256", .text, "The SHA-256 of the whole file, 64 hexadecimal digits.")
        let part = Operation.Answer(204, "It is here, and more may follow; `Upload-Offset` says how much there is.")
        return [
            Route(
                "POST", "/api/v1/sources",
                Operation(
                    "uploadSource", "Takes a file in, for use as a job's source.",
                    fields: [
                        .init("name", .text, "The file's name; made up when missing."), digest,
                        .init("overwrite", .oneOf(["true", "false"]), "Whether a file of the name may be replaced."),
                        last,
                    ],
                    body: .bytes("application/octet-stream"),
                    answers: [.init(201, "What is here; `Location` goes on with it.", .json("Source"))]),
                answer: create),
            Route(
                "GET", "/api/v1/sources/{name}",
                Operation(
                    "getSource", "Says how much of a file is here; `HEAD` says it in the header.",
                    answers: [.init(200, "What is here.", .json("Source"))]),
                answer: { request in
                    let source = try await uploads.view(request.parameter("name"))
                    return try .json(source, headers: Self.state(of: source))
                }),
            Route(
                "PATCH", "/api/v1/sources/{name}",
                Operation(
                    "continueSource", "Goes on with an upload.",
                    fields: [
                        .init(
                            "Upload-Offset", .integer(0...Int64.max), "Where it goes on.", isHeader: true,
                            isRequired: true),
                        last, digest,
                    ],
                    body: .bytes("application/octet-stream"),
                    answers: [.init(200, "All of it is here.", .json("Source")), part]),
                answer: resume),
            Route(
                "DELETE", "/api/v1/sources/{name}",
                Operation("abandonSource", "Gives up an unfinished upload.", answers: [.init(204, "It is gone.")]),
                answer: { request in
                    try await uploads.abandon(request.parameter("name"))
                    return HTTPResponse(status: 204)
                }),
        ]
    }

    private func create(_ request: RoutedRequest) async throws -> HTTPResponse {
        var generator = SystemRandomNumberGenerator()
        let name = request.request.query("name") ?? "upload-" + String(generator.next(), radix: 36)
        let part = try part(of: request, offset: nil)
        let source = try await uploads.take(part, of: name, from: request.request.body)
        var headers = Self.state(of: source)
        headers["Location"] = "/api/v1/sources/" + PercentEncoding.encoded(name)
        return try .json(source, status: 201, headers: headers)
    }

    private func resume(_ request: RoutedRequest) async throws -> HTTPResponse {
        guard let offset = request.request.headers["Upload-Offset"].flatMap({ Int64($0) }), offset >= 0 else {
            throw APIError.badField("Upload-Offset", "the number of bytes that were sent before is wanted.")
        }
        let part = try part(of: request, offset: offset)
        let source = try await uploads.take(part, of: request.parameter("name"), from: request.request.body)
        let headers = Self.state(of: source)
        return source.isComplete ? try .json(source, headers: headers) : HTTPResponse(status: 204, headers: headers)
    }

    private func part(of request: RoutedRequest, offset: Int64?) throws -> SourceUploads.Part {
        let headers = request.request.headers
        let last = headers["Upload-Complete"] ?? "?1"
        guard last == "?0" || last == "?1" else {
            throw APIError.badField("Upload-Complete", "`?0` or `?1` is wanted.")
        }
        let overwrite = request.request.query("overwrite") ?? "false"
        guard overwrite == "true" || overwrite == "false" else {
            throw APIError.badField("overwrite", "`true` or `false` is wanted.")
        }
        let digest = request.request.query("sha256")?.lowercased()
        if let digest, digest.utf8.count != 64 || !digest.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
            throw APIError.badField("sha256", "64 hexadecimal digits are wanted.")
        }
        return SourceUploads.Part(
            offset: offset, isLast: last == "?1", length: headers["Content-Length"].flatMap { Int64($0) },
            digest: digest, overwrite: overwrite == "true")
    }

    private static func state(of source: SourceView) -> HTTPHeaders {
        ["Upload-Offset": "\(source.sizeBytes)", "Upload-Complete": source.isComplete ? "?1" : "?0"]
    }
}
