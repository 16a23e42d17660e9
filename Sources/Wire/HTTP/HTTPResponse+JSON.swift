// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

extension HTTPResponse {
    /// An answer in JSON.
    package static func json(
        _ value: some Encodable, status: Int = 200, headers: HTTPHeaders = HTTPHeaders()
    ) throws -> HTTPResponse {
        var headers = headers
        headers["Content-Type"] = MediaType.json
        headers["Cache-Control"] = "no-store"
        return HTTPResponse(status: status, headers: headers, body: .bytes(try JSONText.bytes(value)))
    }

    /// A problem as an answer.
    ///
    /// - Parameters:
    ///   - instance: the path that was asked for.
    ///   - field: the field of body, query or header that is wrong.
    ///   - isRetryable: whether the same request may succeed when it is made again; `nil` for what the error says.
    ///   - headers: what else goes into the header.
    ///   - wording: makes of the error's words what whoever asked may read.
    package static func problem(
        _ error: any CodedError, status: Int, instance: String, field: String? = nil, isRetryable: Bool? = nil,
        headers: HTTPHeaders = HTTPHeaders(), wording: (String) -> String = { $0 }
    ) -> HTTPResponse {
        var problem = Problem(
            error, title: StatusPhrase.text(of: status), status: status, instance: instance, field: field)
        problem.detail = wording(problem.detail)
        problem.advice = problem.advice.map(wording)
        if let isRetryable { problem.retryable = isRetryable }
        var headers = headers
        headers["Content-Type"] = Problem.mediaType
        headers["Cache-Control"] = "no-store"
        let bytes = try? JSONText.bytes(problem)
        return HTTPResponse(status: status, headers: headers, body: bytes.map { .bytes($0) } ?? .none)
    }
}
