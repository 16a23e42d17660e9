// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// The libav libraries that this program runs with.
package enum LinkedLibraries {
    /// Each library's name and version, such as `libavformat` and `59.27.100`.
    package static var versions: [(name: String, version: String)] {
        [
            ("libavformat", text(avformat_version())), ("libavcodec", text(avcodec_version())),
            ("libavutil", text(avutil_version())),
        ]
    }

    private static func text(_ version: UInt32) -> String {
        "\(version >> 16).\(version >> 8 & 0xff).\(version & 0xff)"
    }
}
