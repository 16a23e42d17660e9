// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The file formats that Martlet reads.
///
/// Only formats that hold all their media in the file itself. Playlists and
/// scripts (`hls`, `concat`, `dash`, `sdp`, `imf`, ...) are left out: a source
/// must not be able to make a reader open other files or addresses.
package enum ReadableFormats {
    /// FFmpeg's names of the demuxers.
    ///
    /// Source: <https://ffmpeg.org/ffmpeg-formats.html#Demuxers>
    package static let demuxers: [String] = [
        "3g2", "3gp", "aac", "ac3", "ac4", "aiff", "amr", "ape", "apng", "asf", "asf_o", "ass", "au", "av1", "avi",
        "bmp_pipe", "caf", "dnxhd", "dsf", "dts", "dtshd", "dv", "eac3", "ffmetadata", "flac", "flv", "gif", "gxf",
        "h261", "h263", "h264", "hevc", "image2", "ivf", "j2k_pipe", "jpeg_pipe", "jpegxl_pipe", "kux", "lavfi",
        "live_flv", "lrc", "m4a", "m4v", "matroska", "microdvd", "mj2", "mjpeg", "mlp", "mov", "mp3", "mp4", "mpc",
        "mpc8", "mpeg", "mpegts", "mpegvideo", "mpl2", "mxf", "nsv", "nut", "obu", "ogg", "oma", "png_pipe", "rawvideo",
        "rm", "sami", "sox", "spdif", "srt", "stl", "subviewer", "subviewer1", "sup", "swf", "tak", "tiff_pipe",
        "truehd", "tta", "vc1", "vc1test", "vivo", "voc", "vvc", "w64", "wav", "webm", "webp_pipe", "webvtt", "wtv",
        "wv", "xwma", "yuv4mpegpipe",
    ]
}
