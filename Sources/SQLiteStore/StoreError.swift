// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong while jobs are kept in a database.
package struct StoreError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// Another process holds the database for longer than the busy timeout.
        case busy = "store.busy"
        /// The database cannot be opened.
        case unopenable = "store.unopenable"
        /// No space is left, or the disk failed.
        case writeFailed = "store.write_failed"
        /// The file is no database of Martlet's, or is damaged.
        case corrupt = "store.corrupt"
        /// A newer release of Martlet wrote the database.
        case newerSchema = "store.newer_schema"
        /// SQLite failed in a way that has no name of its own.
        case failed = "store.failed"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    package var isRetryable: Bool

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
    }

    package var codeName: String { code.rawValue }

    package var exitStatus: ExitStatus {
        switch code {
        case .unopenable, .writeFailed: .writeFailed
        case .busy, .corrupt, .newerSchema, .failed: .jobFailed
        }
    }
}
