// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

extension FileAnswer {
    /// Makes an answer with a file of the cache.
    ///
    /// - Parameter caching: what `Cache-Control` says.
    init(_ file: CachedFile, caching: String) {
        self.init(
            path: file.path, size: file.size, mediaType: MediaType.of(file.name.file), tag: "\"\(file.name)\"",
            caching: caching)
    }

    /// The answer to a request: 200, 206 for one range, 304 for a known tag.
    ///
    /// - Throws: `StreamingError` `badRange` for a range behind the end.
    func response(to request: HTTPRequest) throws -> HTTPResponse {
        if let response = response(ifPossibleTo: request) { return response }
        throw StreamingError(
            .badRange,
            "\(request.path) has \(size.bytes) bytes, and \(request.headers["Range"] ?? "") is not among them.",
            headers: ["Content-Range": "bytes */\(size.bytes)"])
    }
}
