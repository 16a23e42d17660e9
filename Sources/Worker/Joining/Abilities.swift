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
        let pictures = EncoderProfile.all.filter { profile in
            guard profile.family.isHardware else { return true }
            return hardware == .auto || profile.family.rawValue == hardware.rawValue
        }
        var working = build.encoders.intersection(["mov_text", "subrip", "ass", "ssa", "webvtt"])
        // One after the other: devices that are asked by many at once refuse some.
        for name in pictures.map(\.name) + tracks where build.encoders.contains(name) {
            if await catalog.failure(of: name) == nil { working.insert(name) }
        }
        return working
    }
}
