// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What is wrong with a request.
package struct APIError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable, CaseIterable {
        /// The path is broken, or leads where nothing may be asked.
        case badPath = "api.bad_path"
        /// There is nothing at the path.
        case notFound = "api.not_found"
        /// The path does not take this method.
        case methodNotAllowed = "api.method_not_allowed"
        /// No token, or a wrong one.
        case unauthorized = "api.unauthorized"
        /// The body is no JSON.
        case badJSON = "api.bad_json"
        /// A field is missing, or its value is not one that it takes.
        case badField = "api.bad_field"
        /// The body is larger than is taken.
        case tooLarge = "api.too_large"
        /// The file has no such part.
        case badRange = "api.bad_range"
        /// What was sent does not go on where the upload stands.
        case wrongOffset = "api.wrong_offset"
        /// What was sent is not what its digest says.
        case digestMismatch = "api.digest_mismatch"
        /// Something of this name is there already.
        case exists = "api.exists"
        /// The path speaks another protocol.
        case upgradeRequired = "api.upgrade_required"
        /// The coordinator cannot do its work now.
        case notReady = "api.not_ready"
        /// The token file cannot be used.
        case badTokenFile = "api.bad_token_file"
        /// The coordinator failed in a way that has no name of its own.
        case failed = "api.failed"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    /// The field of body, query or header that is wrong.
    package var field: String?
    /// What goes into the answer's header.
    package var headers: HTTPHeaders

    /// Makes an error.
    package init(
        _ code: Code, _ message: String, advice: String? = nil, field: String? = nil,
        headers: HTTPHeaders = HTTPHeaders()
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.field = field
        self.headers = headers
    }

    static func methodNotAllowed(_ method: String, allowed: [String]) -> APIError {
        let list = allowed.joined(separator: ", ")
        return APIError(
            .methodNotAllowed, "\(method) cannot be done here.", advice: "Use \(list).", headers: ["Allow": list])
    }

    static func unauthorized(_ message: String, challenge: String) -> APIError {
        APIError(
            .unauthorized, message, advice: "Send `Authorization: Bearer TOKEN`.",
            headers: ["WWW-Authenticate": challenge])
    }

    static func badField(_ name: String, _ message: String) -> APIError {
        APIError(.badField, "\(name): \(message)", field: name)
    }

    package var codeName: String { code.rawValue }

    package var isRetryable: Bool { code == .notReady || code == .failed }

    package var exitStatus: ExitStatus {
        switch code {
        case .unauthorized, .notReady, .failed: .clusterUnavailable
        case .badPath, .notFound, .methodNotAllowed, .badJSON, .badField, .tooLarge, .badRange, .wrongOffset,
            .digestMismatch, .exists, .upgradeRequired, .badTokenFile:
            .usage
        }
    }

    /// The HTTP status.
    var status: Int {
        switch code {
        case .badPath, .badJSON, .badField: 400
        case .unauthorized: 401
        case .notFound: 404
        case .methodNotAllowed: 405
        case .wrongOffset, .exists: 409
        case .tooLarge: 413
        case .badRange: 416
        case .digestMismatch: 422
        case .upgradeRequired: 426
        case .badTokenFile, .failed: 500
        case .notReady: 503
        }
    }
}
