// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
package import MartletModel
package import MartletPorts

/// Packages with libavformat, in this process: the files are those of Martlet's own encodes.
package struct MediaPackager: StreamPackager, TrackPackager {
    /// Makes a packager.
    package init() {}

    /// Makes segments of one encoded file.
    ///
    /// - Throws: `MediaError` with `unreadable`, `mismatch` or `failed`.
    package func package(_ part: EncodedPart) async throws -> PackagedPart {
        try await blocking("martlet.package") { stop in
            do {
                return try Packaging(part: part, stop: stop).run()
            } catch let failure as AVFailure {
                throw MediaError(.failed, "\(part.path) cannot be packaged (\(failure)).")
            }
        }
    }

    /// Makes some segments of a sound track.
    ///
    /// - Throws: `MediaError` with `unreadable`, `mismatch` or `failed`.
    package func package(_ track: EncodedTrack) async throws -> PackagedPart {
        try await blocking("martlet.package") { stop in
            do {
                return try TrackPackaging(track, stop: stop).run()
            } catch let failure as AVFailure {
                throw MediaError(.failed, "\(track.path) cannot be packaged (\(failure)).")
            }
        }
    }
}
