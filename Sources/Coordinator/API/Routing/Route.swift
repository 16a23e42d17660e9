// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// One thing that can be asked of the API.
package struct Route: Sendable {
    /// Who may ask, where tokens are configured.
    package enum Access: Sendable, Hashable {
        /// Everyone.
        case open
        /// Whoever has a token.
        case token
        /// Likewise; the token may also be in the query as `access_token`, for clients that cannot set headers.
        case tokenOrQuery
    }

    /// Answers a request; what it throws is answered as a problem.
    package typealias Answer = @Sendable (RoutedRequest) async throws -> HTTPResponse

    /// The method, in upper case.
    package var method: String
    /// The paths.
    package var pattern: RoutePattern
    /// Who may ask.
    package var access: Access
    /// What the API's document says about it.
    package var operation: Operation
    /// What answers.
    package var answer: Answer

    /// Makes a route.
    package init(
        _ method: String, _ pattern: String, access: Access = .token, _ operation: Operation, answer: @escaping Answer
    ) {
        self.method = method
        self.pattern = RoutePattern(pattern)
        self.access = access
        self.operation = operation
        self.answer = answer
    }
}

/// A request that a route answers.
package struct RoutedRequest: Sendable {
    /// The request as it came.
    package var request: HTTPRequest
    /// The parameters of the path, decoded.
    package var parameters: [String: String]

    /// Makes it.
    package init(_ request: HTTPRequest, parameters: [String: String] = [:]) {
        self.request = request
        self.parameters = parameters
    }

    /// A parameter of the path; the route's pattern must have it.
    package func parameter(_ name: String) -> String {
        guard let value = parameters[name] else { preconditionFailure("The pattern has no {\(name)}") }
        return value
    }
}
