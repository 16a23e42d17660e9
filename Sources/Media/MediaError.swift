// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong while reading, joining or checking media files.
package struct MediaError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// There is nothing at the path, or it may not be read.
        case unreadable = "media.unreadable"
        /// The file is no media file, or damaged beyond use.
        case notMedia = "media.not_media"
        /// The file has neither picture nor sound.
        case nothingToEncode = "media.nothing_to_encode"
        /// This FFmpeg build cannot decode the stream.
        case noDecoder = "media.no_decoder"
        /// Segments or tracks do not fit together.
        case mismatch = "media.mismatch"
        /// Segments were encoded by different encoders or settings.
        case segmentsDiffer = "media.segments_differ"
        /// The container cannot hold what was planned for it.
        case notStorable = "media.not_storable"
        /// The disk is full, or the user's quota.
        case noSpace = "media.no_space"
        /// Writing failed for another reason.
        case writeFailed = "media.write_failed"
        /// The file changed while it was used.
        case sourceChanged = "media.source_changed"
        /// A libav call failed in a way that has no name of its own.
        case failed = "media.failed"
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
        case .unreadable, .notMedia, .nothingToEncode, .noDecoder, .sourceChanged: .badInput
        case .mismatch, .segmentsDiffer: .verificationFailed
        case .noSpace, .writeFailed: .writeFailed
        case .notStorable, .failed: .jobFailed
        }
    }
}
