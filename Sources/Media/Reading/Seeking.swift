// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// How ffmpeg finds a place in the middle of a file.
enum Seeking {
    /// It lands on the key frame that was asked for: the container has an index of key frames.
    case exact
    /// It lands near: reading must begin two key frames early.
    case near
    /// It cannot: the file has no timestamps, or finding a place does not keep them.
    case none

    /// Decides by the container's format.
    init(file: InputFile) {
        let flags = file.context.pointee.iformat?.pointee.flags ?? 0
        let names = file.formatName.split(separator: ",")
        if flags & AVFMT_NOTIMESTAMPS != 0 {
            self = .none
        } else if names.contains("mov") || names.contains("matroska") {
            self = .exact
        } else if names.contains(where: { Self.unindexed.contains(String($0)) }) {
            self = .near
        } else {
            self = .none
        }
    }

    private static let unindexed: Set<String> = [
        "mpegts", "mpeg", "avi", "flv", "mxf", "nut", "ogg", "asf", "rm", "dv", "ivf", "yuv4mpegpipe",
    ]
}
