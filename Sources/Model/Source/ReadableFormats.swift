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
        "3g2", "3gp", "4xm", "aa", "aac", "aax", "ac3", "ac4", "adx", "aiff", "amr", "anm", "apc", "ape", "apng",
        "argo_asf", "argo_brp", "argo_cvg", "asf", "asf_o", "ass", "ast", "au", "av1", "avi", "avs", "avs2", "avs3",
        "bethsoftvid", "bfi", "bink", "bmp_pipe", "c93", "caf", "cavsvideo", "cdg", "cdxl", "cine", "codec2", "daud",
        "derf", "dfa", "dhav", "dirac", "dnxhd", "dsf", "dss", "dts", "dtshd", "dv", "dxa", "ea", "eac3", "ffmetadata",
        "film_cpk", "filmstrip", "flac", "flic", "flv", "frm", "g722", "gdv", "g729", "gif", "gsm", "gxf", "h261",
        "h263",
        "h264", "hcom", "hevc", "hnm", "idcin", "iff", "ifv", "ilbc", "image2", "ingenient", "ipmovie", "ipu", "ivr",
        "iss", "iv8",
        "ivf", "j2k_pipe", "jpeg_pipe", "jpegxl_pipe", "jv", "kux", "lavfi", "live_flv", "lmlm4", "loas", "lrc",
        "luodat", "lvf", "lxf", "m4a", "m4v", "matroska", "mca", "mgsts", "microdvd", "mj2", "mjpeg", "mlp", "mlv",
        "mm", "moflex", "mov", "mp3", "mp4", "mpc", "mpc8", "mpeg", "mpegts", "mpegvideo", "mpl2", "msf", "mtv", "mv",
        "mvi", "mxf", "mxg", "nc", "nistsphere", "nsv", "nut", "nuv", "obu", "ogg", "oma", "paf", "pmp", "png_pipe",
        "pp_bnk", "psxstr", "pva", "qcp", "r3d", "rawvideo", "rl2", "rm", "roq", "rpl", "rsd", "rso", "s337m", "sami",
        "sbc", "ser", "sga", "siff", "smjpeg", "smk", "smush", "sol", "sox", "spdif", "srt", "stl", "subviewer",
        "subviewer1", "sup", "svag", "swf", "tak", "thp", "tiertexseq", "tiff_pipe", "tmv", "truehd", "tta", "txd",
        "ty", "vc1", "vc1test", "vivo", "vmd", "voc", "vvc", "w64", "wav", "wc3movie", "webm", "webp_pipe", "webvtt",
        "wsaud", "wsvqa", "wtv", "wv", "xa", "xmv", "xvag", "xwma", "yop", "yuv4mpegpipe",
    ]
}
