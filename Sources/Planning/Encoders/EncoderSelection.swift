// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The choice of an encoder.
///
/// `HardwareChoice.auto` means software unless the user names a hardware
/// encoder: at equal size software looks better, and people who transcode files
/// to keep them want that. Naming a family (`nvenc`) asks for it.
package struct EncoderSelection: Sendable, Equatable {
    /// The encoder that will be used.
    package var profile: EncoderProfile
    /// What the user should know about the choice, one sentence each.
    package var warnings: [String]
    /// The encoder that was wanted, when this one stands in for it; `nil` when it is the wanted one.
    package var replaced: String?

    /// The encoders worth a test encode before `choose` is called, in order of
    /// preference: all that the request could end with.
    ///
    /// - Parameter mayFallBack: whether software may stand in for hardware.
    package static func candidates(
        codec: CodecRequest, hardware: HardwareChoice, mayFallBack: Bool = true
    ) -> [String] {
        switch codec {
        case .copy: return []
        case .encoder(let name):
            guard let profile = EncoderProfile.named(name) else { return [name] }
            if profile.family.isHardware, !mayFallBack { return [name] }
            return [name] + softwareNames(of: profile.codec).filter { $0 != name }
        case .codec(let codec):
            let names = hardwareNames(of: codec, hardware)
            let isHardwareWanted = hardware != .auto && hardware != .none
            return isHardwareWanted && !mayFallBack ? names : names + softwareNames(of: codec)
        }
    }

    /// Picks the encoder.
    ///
    /// - Throws: `PlanningError`: `unknownEncoder` for a name that nobody knows,
    ///   `encoderUnavailable` when neither the wanted encoder nor a stand-in works here.
    package static func choose(
        codec request: CodecRequest, hardware: HardwareChoice, mayFallBack: Bool = true,
        availability: EncoderAvailability
    ) throws(PlanningError) -> EncoderSelection {
        let names = candidates(codec: request, hardware: hardware, mayFallBack: mayFallBack)
        if case .encoder(let name) = request, EncoderProfile.named(name) == nil {
            throw unknown(name, known: EncoderProfile.all.filter { availability.compiledIn.contains($0.name) })
        }
        var warnings: [String] = []
        if case .codec(let codec) = request, hardware != .auto, hardware != .none,
            hardwareNames(of: codec, hardware).isEmpty
        {
            guard mayFallBack else {
                throw PlanningError(
                    .encoderUnavailable,
                    "\(hardware.rawValue) has no encoder for \(codec.rawValue), and software may not stand in for it.",
                    advice: "Choose another --codec, or leave out --hw-fallback false.")
            }
            warnings.append("\(hardware.rawValue) has no encoder for \(codec.rawValue); encoding in software.")
        }
        var failed: (name: String, reason: String)?
        for name in names {
            guard let profile = EncoderProfile.named(name) else { continue }
            guard let reason = availability.reason(against: name) else {
                if let failed {
                    warnings.append(
                        "\(failed.name) does not work here (\(failed.reason)); encoding with \(name) instead.")
                }
                return EncoderSelection(profile: profile, warnings: warnings, replaced: failed?.name)
            }
            if failed == nil { failed = (name, reason) }
        }
        let (name, reason) = failed ?? ("", "")
        if !mayFallBack, EncoderProfile.named(name)?.family.isHardware == true {
            throw PlanningError(
                .encoderUnavailable, "\(name) does not work here (\(reason)), and software may not stand in for it.",
                advice: "Leave out --hw-fallback false, or see with \"martlet doctor\" what the machine lacks.")
        }
        throw PlanningError(
            .encoderUnavailable, "\(name) does not work here (\(reason)), and no other encoder can stand in for it.",
            advice: "Choose another --codec, or install an ffmpeg that has it; \"martlet doctor\" shows what works.")
    }

    /// What a user hears who names an encoder that nobody knows.
    static func unknown(_ name: String, known: [EncoderProfile]) -> PlanningError {
        PlanningError(
            .unknownEncoder, "There is no encoder \"\(name)\" that Martlet can use.",
            advice: "Here are: \(known.map(\.name).joined(separator: ", ")).")
    }

    private static func softwareNames(of codec: VideoCodec) -> [String] {
        EncoderProfile.software.filter { $0.codec == codec }.map(\.name)
    }

    private static func hardwareNames(of codec: VideoCodec, _ choice: HardwareChoice) -> [String] {
        EncoderProfile.hardware.filter { $0.codec == codec && $0.family.rawValue == choice.rawValue }.map(\.name)
    }
}
