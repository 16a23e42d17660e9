// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

extension HTTPResponse {
    /// An answer in JSON.
    package static func json(
        _ value: some Encodable, status: Int = 200, headers: HTTPHeaders = HTTPHeaders()
    ) throws -> HTTPResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        headers["Cache-Control"] = "no-store"
        return HTTPResponse(status: status, headers: headers, body: .bytes(try JSONText.bytes(value)))
    }

    /// An error's answer.
    ///
    /// - Parameter instance: the path that was asked for.
    static func problem(_ error: any Error, status: Int, instance: String) -> HTTPResponse {
        // What is no error of the house may name anything, so its own words are kept from strangers.
        let known = error as? any CodedError ?? APIError(.failed, "The coordinator could not do that.")
        let request = error as? APIError
        var problem = Problem(
            known, title: StatusPhrase.text(of: status), status: status, instance: instance, field: request?.field)
        if CoordinatorError.saysFullDisk(known) { problem.retryable = true }
        var headers = request?.headers ?? HTTPHeaders()
        headers["Content-Type"] = Problem.mediaType
        headers["Cache-Control"] = "no-store"
        let bytes = try? JSONText.bytes(problem)
        return HTTPResponse(status: status, headers: headers, body: bytes.map { .bytes($0) } ?? .none)
    }
}

/// What HTTP statuses are called.
enum StatusPhrase {
    /// The words for a status.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-15>
    static func text(of status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 416: "Range Not Satisfiable"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 503: "Service Unavailable"
        case 507: "Insufficient Storage"
        default: "Internal Server Error"
        }
    }
}
