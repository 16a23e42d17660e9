// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What a user submits.
package struct JobRequest: Sendable, Equatable {
    /// What the user calls the job; the source's file name when empty.
    package var name: String
    /// The source's absolute path.
    package var source: String
    /// The output's absolute path.
    package var output: String
    /// What is to be done.
    package var parameters: TranscodeParameters
    /// How urgent it is.
    package var priority: Priority
    /// How much the result is checked before it is put in place.
    package var verification: VerificationLevel
    /// Whether an existing output may be replaced.
    package var overwrite: Bool

    /// Makes a request.
    package init(
        name: String = "", source: String, output: String, parameters: TranscodeParameters,
        priority: Priority = .normal, verification: VerificationLevel = .counts, overwrite: Bool = false
    ) {
        self.name = name
        self.source = source
        self.output = output
        self.parameters = parameters
        self.priority = priority
        self.verification = verification
        self.overwrite = overwrite
    }
}
