// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong with the program ffmpeg.
package struct FFmpegError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// There is no ffmpeg, or it cannot be started.
        case missing = "ffmpeg.missing"
        /// It is older than Martlet needs.
        case tooOld = "ffmpeg.too_old"
        /// It made no progress in time, and was killed.
        case stalled = "ffmpeg.stalled"
        /// The system or somebody else ended it.
        case killed = "ffmpeg.killed"
        /// It crashed.
        case crashed = "ffmpeg.crashed"
        /// Memory ran out.
        case outOfMemory = "ffmpeg.out_of_memory"
        /// The disk or the user's quota is full.
        case noSpace = "ffmpeg.no_space"
        /// The output cannot be written for another reason.
        case notWritable = "ffmpeg.not_writable"
        /// An input cannot be opened or is no media file.
        case badInput = "ffmpeg.bad_input"
        /// This build has no such encoder, filter or option.
        case unsupported = "ffmpeg.unsupported"
        /// It failed in a way that has no name of its own.
        case failed = "ffmpeg.failed"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    package var isRetryable: Bool
    package var log: String

    /// Makes an error.
    package init(
        _ code: Code, _ message: String, advice: String? = nil, isRetryable: Bool = false, log: String = ""
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
        self.log = log
    }

    package var codeName: String { code.rawValue }

    package var exitStatus: ExitStatus {
        switch code {
        case .noSpace, .notWritable: .writeFailed
        case .badInput: .badInput
        case .missing, .tooOld, .stalled, .killed, .crashed, .outOfMemory, .unsupported, .failed: .jobFailed
        }
    }
}
