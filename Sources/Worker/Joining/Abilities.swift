// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts

/// Finds out which encoders work on this machine, by trying them.
struct Abilities: Sendable {
    let catalog: any EncoderCatalog
    /// Which hardware may be used.
    let hardware: HardwareChoice

    /// The encoders of pictures and sound that passed a test encode, and the forms of subtitles that this ffmpeg writes.
    func encoders(of build: EncoderBuild) async -> Set<String> {
        let tracks = ["aac", "libopus"]
        var working = build.encoders.intersection(["mov_text", "subrip", "ass", "ssa", "webvtt"])
        // One after the other: devices that are asked by many at once refuse some.
        for name in candidates.map(\.name) + tracks where build.encoders.contains(name) {
            if await catalog.failure(of: name) == nil { working.insert(name) }
        }
        return working
    }

    /// The kinds of hardware that encode here, such as `nvenc`, in order of their names.
    func hardwareKinds(of build: EncoderBuild) async -> [String] {
        var kinds: Set<String> = []
        for profile in candidates where profile.family.isHardware && build.encoders.contains(profile.name) {
            if await catalog.failure(of: profile.name) == nil { kinds.insert(profile.family.rawValue) }
        }
        return kinds.sorted()
    }

    /// The encoders of pictures that may be used.
    private var candidates: [EncoderProfile] {
        EncoderProfile.all.filter { profile in
            !profile.family.isHardware || hardware == .auto || profile.family.rawValue == hardware.rawValue
        }
    }
}
