// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Encoders that run on special hardware, which few workers have.
package enum HardwareEncoder {
    private static let suffixes = ["_nvenc", "_qsv", "_vaapi", "_amf", "_videotoolbox", "_v4l2m2m", "_mf", "_rkmpp"]

    /// Whether FFmpeg's name of an encoder says that it is one of those.
    package static func isOne(_ encoder: String) -> Bool { suffixes.contains { encoder.hasSuffix($0) } }
}
