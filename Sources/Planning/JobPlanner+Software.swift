// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Plans whose hardware failed.
extension JobPlanner {
    /// The plan of a job whose hardware encoder failed at work: the picture is encoded anew in software, in the same
    /// segments, and everything else stays as it was.
    ///
    /// - Parameters:
    ///   - plan: the plan for hardware.
    ///   - index: the frames that it was made from.
    ///   - availability: the encoders of the workers' ffmpeg.
    ///   - reason: what failed; begins the warning that the plan gets.
    /// - Throws: `PlanningError` when no software can take over.
    package static func softwarePlan(
        insteadOf plan: JobPlan, index: FrameIndex?, availability: EncoderAvailability, because reason: String
    ) throws(PlanningError) -> JobPlan {
        guard let name = plan.encoder, let profile = EncoderProfile.named(name) else {
            throw PlanningError(.nothingToEncode, "The picture of \(plan.source.path) is not encoded.")
        }
        var parameters = plan.parameters
        parameters.codec = .codec(profile.codec)
        parameters.hardware = .none
        let stand = try EncoderSelection.choose(
            codec: parameters.codec, hardware: parameters.hardware, availability: availability)
        let changes = adapt(&parameters, to: stand.profile, insteadOf: name)
        var result = try Self.plan(
            source: plan.source, index: index, parameters: parameters, availability: availability)
        result.parameters.codec = plan.parameters.codec
        result.parameters.hardware = plan.parameters.hardware
        // Where scenes begin need not be found again.
        result.segments = plan.segments
        result.resultFrames = plan.resultFrames
        result.layout = plan.layout
        result.abandonedEncoder = name
        result.warnings =
            plan.warnings + changes + result.warnings.filter { !plan.warnings.contains($0) }
            + ["\(reason); encoding in software with \(stand.profile.name)."]
        return result
    }

    /// Leaves out what was meant for another encoder and does not suit the one that stands in for it.
    ///
    /// - Returns: what the user should know, one sentence each.
    static func adapt(
        _ parameters: inout TranscodeParameters, to profile: EncoderProfile, insteadOf name: String
    ) -> [String] {
        guard let other = EncoderProfile.named(name) else { return [] }
        // What suits neither is a mistake, and said as such later.
        func isOthers(_ check: (EncoderProfile) throws -> Void) -> Bool {
            (try? check(profile)) == nil && (try? check(other)) != nil
        }
        var dropped: [String] = []
        if let preset = parameters.preset, isOthers({ try $0.validate(preset: preset, crf: nil) }) {
            parameters.preset = nil
            dropped.append("--preset \(preset)")
        }
        if let crf = parameters.crf, isOthers({ try $0.validate(preset: nil, crf: crf) }) {
            parameters.crf = nil
            dropped.append("--crf \(EncoderProfile.text(crf))")
        }
        parameters.encoderOptions.removeAll { option in
            guard isOthers({ _ = try EncoderOptionRules.checked([option], for: $0) }) else { return false }
            dropped.append("\(option.key)=\(option.value)")
            return true
        }
        guard !dropped.isEmpty else { return [] }
        return ["\(dropped.joined(separator: ", ")) is left out: it was meant for \(name), not for \(profile.name)."]
    }
}
