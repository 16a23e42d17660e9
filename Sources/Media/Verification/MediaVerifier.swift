// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Checks a finished file by reading every packet of it and of its source once,
/// without decoding: about half a second for a film of two hours each.
package struct MediaVerifier: Verifier {
    /// Makes a verifier.
    package init() {}

    package func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?
    ) async throws -> VerificationReport {
        try await blocking("martlet.verification") { stop in
            let result = try FileSurvey(path: output, stop: stop)
            let original = try FileSurvey(path: source.path, stop: stop)
            return Verification(
                result: result, original: original, source: source, index: index, plan: plan
            ).report()
        }
    }
}
