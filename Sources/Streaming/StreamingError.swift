// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What goes wrong with streams.
package struct StreamingError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable, CaseIterable {
        /// The path holds another film than the one that was planned.
        case sourceChanged = "streaming.source_changed"
        /// The part is not one of the stream.
        case noSuchPart = "streaming.no_such_part"
        /// An encode made something else than was planned.
        case unexpectedResult = "streaming.unexpected_result"
        /// The hardware that the stream was planned for fails, and what software makes does not fit to it.
        case hardwareFailed = "streaming.hardware_failed"
        /// There is nothing at the path.
        case notFound = "streaming.not_found"
        /// The path is broken, or leads where nothing may be asked.
        case badPath = "streaming.bad_path"
        /// The path does not take this method.
        case methodNotAllowed = "streaming.method_not_allowed"
        /// No token, or a wrong one.
        case unauthorized = "streaming.unauthorized"
        /// The file has no such part.
        case badRange = "streaming.bad_range"
        /// Somebody asks for too much at once.
        case tooManyRequests = "streaming.too_many_requests"
        /// A segment was not there in time.
        case timedOut = "streaming.timed_out"
        /// A segment cannot be made.
        case cannotMake = "streaming.cannot_make"
        /// There is no room for a segment.
        case noSpace = "streaming.no_space"
        /// Other bytes are in the cache under the same name.
        case differs = "streaming.differs"
        /// The server stops, or has not begun.
        case notReady = "streaming.not_ready"
        /// It failed in a way that has no name of its own.
        case failed = "streaming.failed"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    package var isRetryable: Bool
    package var log: String
    /// What goes into the answer's header.
    package var headers: HTTPHeaders

    /// Makes an error.
    package init(
        _ code: Code, _ message: String, advice: String? = nil, isRetryable: Bool = false, log: String = "",
        headers: HTTPHeaders = HTTPHeaders()
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
        self.log = log
        self.headers = headers
    }

    package var codeName: String { code.rawValue }

    package var exitStatus: ExitStatus {
        switch code {
        case .notFound, .badPath, .methodNotAllowed, .badRange: .usage
        case .unauthorized, .tooManyRequests, .timedOut, .notReady, .failed: .clusterUnavailable
        case .cannotMake, .hardwareFailed: .jobFailed
        case .noSpace: .writeFailed
        case .differs, .unexpectedResult: .verificationFailed
        case .sourceChanged, .noSuchPart: .badInput
        }
    }

    /// The HTTP status of an error.
    static func status(of error: any Error) -> Int {
        if let error = error as? StreamingError {
            return switch error.code {
            case .badPath: 400
            case .unauthorized: 401
            case .notFound: 404
            case .methodNotAllowed: 405
            case .badRange: 416
            case .tooManyRequests: 429
            case .timedOut, .notReady: 503
            case .noSpace: 507
            case .sourceChanged: 410
            case .noSuchPart: 422
            case .cannotMake, .differs, .failed, .unexpectedResult, .hardwareFailed: 500
            }
        }
        if error is CancellationError { return 503 }
        guard let error = error as? any CodedError else { return 500 }
        return switch error.exitStatus {
        case .usage: 400
        case .badInput: 422
        case .writeFailed: 507
        case .clusterUnavailable: 503
        case .success, .jobFailed, .verificationFailed, .interrupted: 500
        }
    }
}
