// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What each container holds, by FFmpeg's names of codecs.
///
/// As libavformat 59 writes them without experimental flags.
package struct ContainerTable: Sendable {
    /// Picture codecs.
    package var video: Set<String>
    /// Sound codecs.
    package var audio: Set<String>
    /// Subtitle codecs.
    package var subtitles: Set<String>
    /// Whether it carries files such as fonts.
    package var holdsAttachments: Bool
    /// The forms of cover pictures that it carries.
    package var covers: Set<String>
    /// The roles of streams that it has marks for.
    package var roles: Disposition
    /// The form that text subtitles take when their own is not held.
    package var textSubtitle: String

    /// The table of one container.
    package static func of(_ container: ContainerFormat) -> ContainerTable {
        switch container {
        case .mp4: mp4
        case .mov: mov
        case .mkv: mkv
        case .webm: webm
        }
    }

    private static let mp4 = ContainerTable(
        video: ["h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png"],
        audio: ["aac", "mp3", "mp2", "ac3", "eac3", "dts", "alac", "opus", "vorbis"],
        subtitles: ["mov_text", "dvd_subtitle"], holdsAttachments: false, covers: ["mjpeg", "png", "bmp"],
        roles: [
            .default, .dub, .comment, .forced, .hearingImpaired, .visualImpaired, .captions, .descriptions,
        ], textSubtitle: "mov_text")

    private static let mov = ContainerTable(
        video: [
            "h264", "hevc", "ffv1", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png", "prores", "dnxhd", "h263",
            "rawvideo", "qtrle", "dvvideo", "cfhd",
        ],
        audio: [
            "aac", "mp3", "mp2", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
            "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u8", "pcm_s8",
            "pcm_alaw", "pcm_mulaw",
        ],
        subtitles: ["mov_text"], holdsAttachments: false, covers: [], roles: .default, textSubtitle: "mov_text")

    private static let mkv = ContainerTable(
        video: [
            "h264", "hevc", "av1", "vp8", "vp9", "ffv1", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "png", "prores",
            "theora", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmv3", "vc1", "rv10", "rv20", "rv30", "rv40", "h263",
            "dnxhd", "svq1", "svq3", "huffyuv", "utvideo", "rawvideo", "dirac", "flv1", "vp6", "vp6f", "cinepak",
            "dvvideo", "ffvhuff", "snow", "qtrle",
        ],
        audio: [
            "aac", "opus", "vorbis", "mp3", "mp2", "mp1", "ac3", "eac3", "dts", "truehd", "mlp", "flac", "alac", "tta",
            "wavpack", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_s16be", "pcm_s24be",
            "pcm_s32be", "pcm_u8", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "wmav1", "wmav2", "wmapro",
            "cook", "ra_144", "ra_288", "atrac3", "qdm2", "gsm_ms", "qcelp", "amr_nb", "amr_wb",
        ],
        subtitles: [
            "subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "hdmv_text_subtitle",
            "text",
        ],
        holdsAttachments: true, covers: ["mjpeg", "png", "bmp", "gif", "tiff", "webp"],
        roles: [.default, .dub, .original, .comment, .forced, .hearingImpaired, .visualImpaired],
        textSubtitle: "subrip")

    private static let webm = ContainerTable(
        video: ["vp8", "vp9", "av1"], audio: ["opus", "vorbis"], subtitles: ["webvtt"], holdsAttachments: false,
        covers: [], roles: [.default, .forced], textSubtitle: "webvtt")

    /// Text subtitles without styles, which turn into each other without loss of meaning.
    static let plainText: Set<String> = ["subrip", "mov_text", "webvtt", "text", "srt"]

    /// Text subtitles with styles and places.
    static let styledText: Set<String> = ["ass", "ssa"]
}
