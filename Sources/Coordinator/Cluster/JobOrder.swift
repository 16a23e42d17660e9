// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A submission, understood: what is to be done, apart from the files.
package struct JobOrder: Sendable, Equatable {
    /// What is to be done.
    package var parameters: TranscodeParameters
    /// How urgent it is.
    package var priority: Priority
    /// How much the result is checked before it is put in place.
    package var verification: VerificationLevel

    /// Makes an order.
    package init(
        parameters: TranscodeParameters, priority: Priority = .normal, verification: VerificationLevel = .counts
    ) {
        self.parameters = parameters
        self.priority = priority
        self.verification = verification
    }
}
