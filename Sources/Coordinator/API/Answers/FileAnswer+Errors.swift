// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

extension FileAnswer {
    /// The answer to a request: 200, 206 for one range, 304 for a known tag.
    ///
    /// - Throws: `APIError` `badRange` for a range behind the end.
    func response(to request: HTTPRequest) throws -> HTTPResponse {
        guard let response = response(ifPossibleTo: request) else {
            let field = request.headers["Range"] ?? ""
            throw APIError(
                .badRange, "The file has \(size.bytes) bytes, and \(field) is not among them.", field: "Range",
                headers: ["Content-Range": "bytes */\(size.bytes)"])
        }
        return response
    }
}
