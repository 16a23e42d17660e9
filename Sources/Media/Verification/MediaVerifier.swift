// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Checks a finished file by reading every packet of it and of its source once,
/// without decoding: about half a second for a film of two hours each. Only
/// where they do not agree are frames listed and sound is decoded, too.
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
            do {
                return try Self.report(
                    on: output, against: source, index: index, plan: plan, unheld: unheld, stop: stop)
            } catch let failure as AVFailure {
                throw MediaError(.unreadable, "Comparing \(output) with \(source.path) failed (\(failure)).")
            }
        }
    }

    private static func report(
        on output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?, unheld: Set<Int>,
        stop: StopFlag
    ) throws -> VerificationReport {
        var result = try FileSurvey(path: output, stop: stop)
        var original = try FileSurvey(path: source.path, stop: stop)
        var verification: Verification {
            Verification(
                result: result, original: original, source: source, index: index, plan: plan, unheld: unheld)
        }
        let first = verification.report()
        guard !first.passed else { return first }
        // A picture that was not encoded here may have packets that are not shown, as its source has.
        if plan?.encoder == nil, let picture = verification.picture?.index,
            let shown = try? FrameLister(path: output, stream: picture, stop: stop).list(method: .packets)
        {
            result.show(shown, on: picture)
        }
        // What packets say of encoded sound counts for less than what its decoder gives.
        let codecs = Set(result.tracks.filter { $0.kind == .audio }.map(\.codec))
        for track in original.tracks where track.kind == .audio && !codecs.contains(track.codec) {
            guard let heard = try DecodedSound(path: source.path, stream: track.index, stop: stop) else { continue }
            original.replaceSpan(of: track.index, with: heard.start..<heard.end)
        }
        return verification.report()
    }
}
