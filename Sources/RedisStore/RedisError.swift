// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong between this process and Redis.
package struct RedisError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The URL names no Redis that can be used.
        case badAddress = "redis.bad_address"
        /// There is no connection, and what was asked for was not done.
        case unreachable = "redis.unreachable"
        /// No answer came in time. What was asked for may have been done.
        case timedOut = "redis.timed_out"
        /// The connection broke. What was asked for may have been done.
        case disconnected = "redis.disconnected"
        /// Redis answered, but does not do it: a wrong password, no memory left.
        case refused = "redis.refused"
        /// Redis does not do it now: it is reading its data, or is a replica.
        case notReady = "redis.not_ready"
        /// The answer is none of Redis, or has another form than it should.
        case badAnswer = "redis.bad_answer"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    package var codeName: String { code.rawValue }

    package var isRetryable: Bool {
        switch code {
        case .unreachable, .timedOut, .disconnected, .notReady: true
        case .badAddress, .refused, .badAnswer: false
        }
    }

    package var exitStatus: ExitStatus {
        switch code {
        case .badAddress: .usage
        case .unreachable, .timedOut, .disconnected, .refused, .notReady, .badAnswer: .clusterUnavailable
        }
    }

    /// Whether what was asked for may have been done all the same.
    var mayBeDone: Bool { code == .timedOut || code == .disconnected }

    /// What Redis said instead of doing what it was asked for.
    init(refusal text: String, by address: RedisAddress) {
        let said = "Redis at \(address) refused: \(text)"
        switch text.prefix(while: { $0 != " " }) {
        case "NOAUTH", "WRONGPASS", "NOPERM":
            self.init(.refused, said, advice: "Give user and password in the URL: redis://user:password@host:6379.")
        case "OOM", "MISCONF":
            self.init(.refused, said, advice: "Give Redis more memory or disk, or another eviction policy.")
        case "LOADING", "MASTERDOWN", "READONLY", "BUSY", "TRYAGAIN", "CLUSTERDOWN": self.init(.notReady, said)
        default: self.init(.refused, said)
        }
    }
}
