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
        try await verify(output: output, against: source, index: index, plan: plan, unheld: [])
    }

    /// As the other, for a file made elsewhere in a container that cannot hold some streams of the source.
    ///
    /// - Parameter unheld: the numbers of those streams: their lack is no fault.
    package func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan? = nil, unheld: Set<Int>
    ) async throws -> VerificationReport {
        try await blocking("martlet.verification") { stop in
            let result = try FileSurvey(path: output, stop: stop)
            let original = try FileSurvey(path: source.path, stop: stop)
            return Verification(
                result: result, original: original, source: source, index: index, plan: plan, unheld: unheld
            ).report()
        }
    }
}
