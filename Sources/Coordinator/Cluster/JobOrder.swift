// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A submission, understood.
package struct JobOrder: Sendable, Equatable {
    /// Where the result goes, as the user named it.
    package var output: String
    /// What is to be done.
    package var parameters: TranscodeParameters
    /// How urgent it is.
    package var priority: Priority
    /// How much the result is checked before it is put in place.
    package var verification: VerificationLevel

    /// Makes an order.
    package init(
        output: String, parameters: TranscodeParameters, priority: Priority = .normal,
        verification: VerificationLevel = .counts
    ) {
        self.output = output
        self.parameters = parameters
        self.priority = priority
        self.verification = verification
    }
}
