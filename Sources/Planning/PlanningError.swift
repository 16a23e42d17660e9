// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Why no plan can be made.
package struct PlanningError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// Two options contradict each other, or one does not fit the codec or container.
        case contradiction = "planning.contradiction"
        /// The value of an option is out of its range.
        case badValue = "planning.bad_value"
        /// No such encoder exists in this ffmpeg.
        case unknownEncoder = "planning.unknown_encoder"
        /// The encoder exists but does not work here, and nothing can stand in for it.
        case encoderUnavailable = "planning.encoder_unavailable"
        /// This ffmpeg cannot measure the wanted quality.
        case measureUnavailable = "planning.measure_unavailable"
        /// An encoder option is not on the list of allowed ones.
        case optionRefused = "planning.option_refused"
        /// The source has neither picture nor sound that could be carried.
        case nothingToEncode = "planning.nothing_to_encode"
        /// This ffmpeg cannot decode the picture.
        case noDecoder = "planning.no_decoder"
        /// A copy of the picture would not show what the source shows.
        case notCopyable = "planning.not_copyable"
        /// The film cannot be entered in the middle, or has no time line.
        case notStreamable = "planning.not_streamable"
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
    package var isRetryable: Bool { false }

    package var exitStatus: ExitStatus {
        switch code {
        case .contradiction, .badValue, .unknownEncoder, .encoderUnavailable, .measureUnavailable, .optionRefused,
            .notCopyable:
            .usage
        case .nothingToEncode, .noDecoder, .notStreamable: .badInput
        }
    }
}
