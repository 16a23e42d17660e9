// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The file formats that Martlet reads, in this process and by ffmpeg.
///
/// Only formats of films that hold all their media in the file itself. Playlists
/// and scripts (`hls`, `concat`, `dash`, `sdp`, `imf`, `lavfi`, ...) are left
/// out: a source must not be able to make a reader open other files or
/// addresses. Pictures and subtitles alone are no films; `jpeg_pipe` is what
/// FFmpeg takes a row of JPEG pictures for.
package enum ReadableFormats {
    /// FFmpeg's names of the demuxers.
    ///
    /// Source: <https://ffmpeg.org/ffmpeg-formats.html#Demuxers>
    package static let demuxers: [String] = [
        "3g2", "3gp", "4xm", "aa", "aac", "aax", "ac3", "ac4", "adx", "aiff", "amr", "anm", "apc", "ape", "apng",
        "argo_asf", "argo_brp", "argo_cvg", "asf", "asf_o", "ast", "au", "av1", "avi", "avs", "avs2", "avs3",
        "bethsoftvid", "bfi", "bink", "c93", "caf", "cavsvideo", "cdg", "cdxl", "cine", "codec2", "daud", "derf", "dfa",
        "dhav", "dirac", "dnxhd", "dsf", "dss", "dts", "dtshd", "dv", "dxa", "ea", "eac3", "film_cpk", "filmstrip",
        "flac", "flic", "flv", "frm", "g722", "gdv", "g729", "gif", "gsm", "gxf", "h261", "h263", "h264", "hcom",
        "hevc", "hnm", "idcin", "iff", "ifv", "ilbc", "ingenient", "ipmovie", "ipu", "ivr", "iss", "iv8", "ivf",
        "jpeg_pipe", "jv", "kux", "live_flv", "lmlm4", "loas", "luodat", "lvf", "lxf", "m4a", "m4v", "matroska", "mca",
        "mgsts", "mj2", "mjpeg", "mlp", "mlv", "mm", "moflex", "mov", "mp3", "mp4", "mpc", "mpc8", "mpeg", "mpegts",
        "mpegvideo", "msf", "mtv", "mv", "mvi", "mxf", "mxg", "nc", "nistsphere", "nsv", "nut", "nuv", "obu", "ogg",
        "oma", "paf", "pmp", "pp_bnk", "psxstr", "pva", "qcp", "r3d", "rawvideo", "rl2", "rm", "roq", "rpl", "rsd",
        "rso", "s337m", "sbc", "ser", "sga", "siff", "smjpeg", "smk", "smush", "sol", "sox", "spdif", "svag", "swf",
        "tak", "thp", "tiertexseq", "tmv", "truehd", "tta", "txd", "ty", "vc1", "vc1test", "vivo", "vmd", "voc", "vvc",
        "w64", "wav", "wc3movie", "webm", "wsaud", "wsvqa", "wtv", "wv", "xa", "xmv", "xvag", "xwma", "yop",
        "yuv4mpegpipe",
    ]

    /// The demuxers as FFmpeg's option `format_whitelist` takes them.
    package static let whitelist = demuxers.joined(separator: ",")

    /// Whether a demuxer is one of these, by its name or one of several with commas between.
    package static func contain(_ name: String) -> Bool {
        name.split(separator: ",").contains { known.contains(String($0)) }
    }

    private static let known = Set(demuxers)
}
