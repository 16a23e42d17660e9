// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// What `martlet doctor` found.
struct DoctorReport: Sendable, Equatable {
    /// An encoder that Martlet knows.
    struct Encoder: Sendable, Equatable {
        /// What it makes.
        var codec: VideoCodec
        /// FFmpeg's name of it.
        var name: String
        /// Whether this ffmpeg has it at all.
        var isCompiledIn: Bool
        /// Why a test encode failed; `nil` when it did not, or was not made.
        var failure: String?

        /// Whether films can be made with it here.
        var works: Bool { isCompiledIn && failure == nil }
    }

    /// Where ffmpeg is; `nil` when there is none.
    var ffmpegPath: String?
    /// Its version.
    var ffmpegVersion: String?
    /// Why it cannot be used; `nil` when it can.
    var ffmpegFailure: Failure?
    /// Every encoder that Martlet knows.
    var encoders: [Encoder] = []
    /// The libraries that are linked in.
    var libraries: [LibraryVersion]
    /// The machine.
    var machine: MachineFacts
    /// The directory whose space was looked at.
    var directory: String
    /// What can still be written there.
    var freeSpace: ByteCount?
    /// Why that is not known; `nil` when it is.
    var directoryFailure: Failure?

    /// What keeps Martlet from transcoding with its defaults; `nil` when nothing does.
    var problem: CommandLineError? {
        if let ffmpegFailure {
            return CommandLineError(.unfit, ffmpegFailure.message, advice: ffmpegFailure.advice)
        }
        if let directoryFailure {
            return CommandLineError(.unfit, directoryFailure.message, advice: directoryFailure.advice)
        }
        if !encoders.contains(where: { $0.works && $0.codec == .h264 }) {
            return CommandLineError(
                .unfit, "No H.264 encoder works here.",
                advice: "Install an ffmpeg with libx264, or name another codec with --codec.")
        }
        return nil
    }
}
