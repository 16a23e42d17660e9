// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What is wrong with a command line, its configuration or the paths it names.
struct CommandLineError: CodedError, Equatable {
    /// The stable names of the reasons.
    enum Code: String, Sendable, CaseIterable {
        /// No command has this name.
        case unknownCommand = "usage.unknown_command"
        /// The command has no option of this name.
        case unknownOption = "usage.unknown_option"
        /// The option stands without a value.
        case missingValue = "usage.missing_value"
        /// The option does not take this value.
        case badValue = "usage.bad_value"
        /// Two things that were asked for exclude each other.
        case contradiction = "usage.contradiction"
        /// The command wants another argument.
        case missingArgument = "usage.missing_argument"
        /// The command takes fewer arguments.
        case extraArgument = "usage.extra_argument"
        /// The configuration file cannot be used.
        case badConfiguration = "usage.bad_configuration"
        /// The output is there already, or is the input or a directory.
        case outputTaken = "usage.output_taken"
        /// There is no file at the input's path, or it is a directory.
        case inputMissing = "input.missing"
        /// Nothing can be written where the output should go.
        case outputUnwritable = "output.unwritable"
        /// The film does not match its source.
        case verificationFailed = "verify.mismatch"
        /// This machine lacks what the work needs.
        case unfit = "machine.unfit"
        /// Standard output took no more.
        case printFailed = "output.print_failed"
    }

    /// Which reason.
    var code: Code
    var message: String
    var advice: String?
    let isRetryable = false

    /// Makes an error.
    init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    /// The output is there already, and is not to be replaced.
    static func outputExists(_ path: String) -> CommandLineError {
        CommandLineError(
            .outputTaken, "The output \(path) exists.",
            advice: "Add --overwrite to replace it, or choose another name.")
    }

    var codeName: String { code.rawValue }

    var exitStatus: ExitStatus {
        switch code {
        case .inputMissing: .badInput
        case .unfit: .jobFailed
        case .verificationFailed: .verificationFailed
        case .outputUnwritable, .printFailed: .writeFailed
        default: .usage
        }
    }
}
