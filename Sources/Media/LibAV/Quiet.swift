// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// Stops libav from writing to standard error; the work is done once, however often it is read.
///
/// Martlet tells people itself what went wrong, with the file's name and advice.
let libavIsQuiet: Bool = {
    av_log_set_level(AV_LOG_QUIET)
    return true
}()
