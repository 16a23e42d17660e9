// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong with a process that works on media files.
package struct MediaChildError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The process died, or ended without an answer.
        case crashed = "media.crashed"
        /// The process was killed from outside, twice.
        case killed = "media.killed"
        /// The process neither read nor wrote for too long.
        case stalled = "media.stalled"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var log: String

    /// Makes an error.
    package init(_ code: Code, _ message: String, log: String = "") {
        self.code = code
        self.message = message
        self.log = log
    }

    package var codeName: String { code.rawValue }

    package var advice: String? {
        switch code {
        case .crashed: "The file may be damaged in a way that FFmpeg's libraries do not survive; convert it first."
        case .killed: "Look for a lack of memory on this machine, and start the job again."
        case .stalled: "Check the disk or the network share that the file is on."
        }
    }

    /// What crashes once crashes again; a disk may answer the next time, and memory be free.
    package var isRetryable: Bool { code != .crashed }

    package var exitStatus: ExitStatus { code == .killed ? .jobFailed : .badInput }
}
