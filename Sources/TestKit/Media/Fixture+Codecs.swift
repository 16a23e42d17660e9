// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Fixture {
    /// Every fixture, ingredients included.
    package static let all: [Fixture] =
        h264 + hevc + modern + old + intra + pictures + clocks + lengths + cuts + streams + sounds + tracks + broken

    /// The fixtures that come to `outcome`.
    package static func all(_ outcome: Outcome) -> [Fixture] { all.filter { $0.outcome == outcome } }

    static let aac = "-c:a aac -b:a 96k -ac 2"

    static func x264(_ parameters: String, format: String = "yuv420p") -> String {
        "-c:v libx264 -preset veryfast -crf 23 -pix_fmt \(format) -x264-params threads=1:lookahead-threads=1:\(parameters)"
    }

    static func x265(_ parameters: String) -> String {
        "-c:v libx265 -preset superfast -crf 26 -x265-params pools=none:frame-threads=1:log-level=error:\(parameters)"
    }

    private static func film(
        _ name: String, _ film: DrawnFilm, _ arguments: String, outcome: Outcome = .exact
    ) -> Fixture {
        Fixture(name, .film(film, arguments: arguments), outcome: outcome)
    }

    private static let pal = DrawnFilm("25", seconds: 10)
    private static let ntscFilm = DrawnFilm("24000/1001", seconds: 10)
    private static let ntscFields = DrawnFilm("60000/1001", seconds: 8)
    private static let short = DrawnFilm("30", seconds: 6)
    private static let openGOP = "keyint=48:min-keyint=20:bframes=3:b-pyramid=normal:open-gop=1"

    /// H.264 with every kind of picture group.
    static let h264: [Fixture] = [
        film("h264_closed.mp4", pal, "\(x264("keyint=48:min-keyint=20:bframes=3:open-gop=0")) \(aac)"),
        film("h264_open.mkv", pal, "\(x264(openGOP)) \(aac)"),
        film("h264_open.mp4", pal, "\(x264(openGOP)) \(aac)"),
        film("h264_open.ts", pal, "\(x264(openGOP)) \(aac)"),
        film(
            "h264_longgop.mp4", DrawnFilm("25", seconds: 12), "\(x264("keyint=infinite:scenecut=0:bframes=3")) \(aac)"),
        film("h264_intrarefresh.mkv", pal, "\(x264("keyint=48:intra-refresh=1:bframes=0")) \(aac)"),
        film("h264_nobframes.mkv", DrawnFilm("30", seconds: 10), "\(x264("keyint=60:bframes=0")) \(aac)"),
        film("h264_allkey.mov", DrawnFilm("30", seconds: 4), "\(x264("keyint=1")) -c:a pcm_s16le"),
        film("h264_manyb.mkv", pal, "\(x264("keyint=120:bframes=16:b-adapt=2:b-pyramid=normal:ref=8")) \(aac)"),
        film("h264_slices.ts", DrawnFilm("25", seconds: 5), "\(x264("keyint=25:slices=4:bframes=2")) \(aac)"),
        film("h264_23976.mp4", ntscFilm, "\(x264("keyint=48:bframes=3")) \(aac)"),
        film("h264_23976.mkv", ntscFilm, "\(x264("keyint=48:bframes=3")) \(aac)"),
        film("h264_5994.mp4", ntscFields, "\(x264("keyint=120:bframes=3")) \(aac)"),
        film("h264_5994.mkv", ntscFields, "\(x264("keyint=120:bframes=3")) \(aac)"),
        film("h264_5994.ts", ntscFields, "\(x264("keyint=120:bframes=3")) \(aac)"),
        film("h264.flv", short, "\(x264("keyint=60:bframes=2")) \(aac)"),
        film("h264.avi", short, "\(x264("keyint=60:bframes=0")) -c:a libmp3lame -b:a 96k"),
        film("h264_raw.h264", DrawnFilm("25", seconds: 6, sound: 0), x264("keyint=48:bframes=3")),
        film("h264_interlaced.mkv", fields(first: "top"), "\(x264("keyint=50:bframes=2:tff=1:interlaced=1")) \(aac)"),
        film(
            "h264_interlaced_bff.mp4", fields(first: "bottom"),
            "\(x264("keyint=50:bframes=2:bff=1:interlaced=1")) \(aac)"),
    ]

    static func fields(first: String) -> DrawnFilm {
        DrawnFilm(
            "50", seconds: 10, filters: "tinterlace=interleave_\(first),setfield=\(first == "top" ? "tff" : "bff")")
    }

    /// HEVC with leading pictures, and with HDR10.
    static let hevc: [Fixture] = [
        film("hevc_open.mkv", ntscFilm, "\(x265("keyint=48:min-keyint=20:bframes=4:open-gop=1")) \(aac)"),
        film("hevc_open.mp4", ntscFilm, "\(x265("keyint=48:min-keyint=20:bframes=4:open-gop=1")) -tag:v hvc1 \(aac)"),
        film("hevc_open.ts", pal, "\(x265("keyint=48:min-keyint=20:bframes=4:open-gop=1:repeat-headers=1")) \(aac)"),
        film("hevc_raw.hevc", DrawnFilm("25", seconds: 4, sound: 0), x265("keyint=48:bframes=4:repeat-headers=1")),
        film(
            "hdr10.mp4", DrawnFilm("24", seconds: 6, then: "format=yuv420p10le"),
            """
            \(x265("keyint=48:bframes=4:open-gop=1:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084"
                + ":colormatrix=bt2020nc:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
                + ":max-cll=1000,400"))
            -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv
            -tag:v hvc1 \(aac)
            """),
        film(
            "hlg.mkv", DrawnFilm("50", seconds: 3, then: "format=yuv420p10le"),
            """
            \(x265("keyint=50:bframes=4:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"))
            -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc -color_range tv \(aac)
            """),
    ]

    /// VP8, VP9 and AV1, invisible frames and transparency included.
    static let modern: [Fixture] = [
        film(
            "vp8.webm", short,
            "-c:v libvpx -b:v 400k -g 60 -auto-alt-ref 1 -lag-in-frames 16 -deadline good -cpu-used 5 -c:a libvorbis -ac 2"
        ),
        film(
            "vp8_alpha.webm", DrawnFilm("30", seconds: 3, then: "format=yuva420p", sound: 0),
            "-c:v libvpx -b:v 400k -g 60 -auto-alt-ref 0 -deadline good -cpu-used 5"),
        film(
            "vp9.webm", DrawnFilm("30", seconds: 10),
            """
            -c:v libvpx-vp9 -b:v 0 -crf 36 -g 60 -auto-alt-ref 1 -lag-in-frames 25 -deadline good -cpu-used 5
            -c:a libopus -b:a 64k
            """),
        film(
            "vp9_odd.webm", DrawnFilm("30", seconds: 3, size: (161, 121)),
            "-c:v libvpx-vp9 -b:v 0 -crf 36 -g 60 -deadline good -cpu-used 5 -c:a libopus -b:a 64k"),
        film(
            "vp9_10bit_422.mkv", DrawnFilm("30", seconds: 2, then: "format=yuv422p10le"),
            "-c:v libvpx-vp9 -b:v 0 -crf 36 -g 60 -deadline good -cpu-used 5 -c:a libopus -b:a 64k"),
        film("av1.mp4", short, "-c:v libaom-av1 -b:v 0 -crf 40 -g 60 -cpu-used 8 -lag-in-frames 19 \(aac)"),
        Fixture("av1.mkv", .remux(arguments: "-i {av1.mp4} -c:v copy -c:a libopus -b:a 64k")),
        Fixture("av1.webm", .remux(arguments: "-i {av1.mp4} -c:v copy -c:a libopus -b:a 64k")),
        film(
            "av1_svt_10bit.mp4", DrawnFilm("30", seconds: 4, then: "format=yuv420p10le"),
            "-c:v libsvtav1 -preset 10 -crf 40 -g 60 -svtav1-params lp=1 \(aac)"),
    ]

    /// Codecs of earlier times, some without times in their packets.
    static let old: [Fixture] = [
        film(
            "mpeg2_interlaced.ts", fields(first: "top"),
            "-c:v mpeg2video -b:v 1500k -g 12 -bf 2 -flags:v +ildct+ilme -top 1 -c:a mp2 -b:a 128k"),
        film("mpeg2.ts", pal, "-c:v mpeg2video -b:v 1500k -g 15 -bf 2 -c:a ac3 -b:a 128k"),
        film(
            "mpeg2_ps.mpg", DrawnFilm("30000/1001", seconds: 10),
            "-c:v mpeg2video -b:v 1500k -g 15 -bf 2 -c:a mp2 -b:a 128k -f vob"),
        film("mpeg2.mxf", DrawnFilm("25", seconds: 4), "-c:v mpeg2video -b:v 2M -g 12 -bf 2 -c:a pcm_s16le"),
        film(
            "mpeg1.mpg", DrawnFilm("25", seconds: 6),
            "-c:v mpeg1video -b:v 1000k -g 15 -bf 2 -c:a mp2 -b:a 128k -f mpeg"),
        film("mpeg4_bframes.avi", pal, "-c:v mpeg4 -b:v 800k -g 50 -bf 2 -c:a libmp3lame -b:a 96k"),
        film("mpeg4_packed.avi", short, "-c:v libxvid -b:v 800k -g 50 -bf 2 -c:a libmp3lame -b:a 96k"),
        film("mpeg4.mp4", short, "-c:v mpeg4 -b:v 800k -g 50 -bf 2 \(aac)"),
        film("msmpeg4v3.avi", short, "-c:v msmpeg4 -b:v 800k -g 50 -c:a libmp3lame -b:a 96k"),
        film("sorenson.flv", short, "-c:v flv -b:v 800k -g 50 -c:a libmp3lame -ar 44100 -b:a 96k"),
        film("wmv2.wmv", short, "-c:v wmv2 -b:v 800k -g 50 -c:a wmav2 -b:a 96k"),
        film("h263.3gp", DrawnFilm("25", seconds: 4, size: (176, 144)), "-c:v h263 -b:v 300k -g 50 \(aac)"),
        film("theora.ogv", short, "-c:v libtheora -b:v 800k -g 64 -c:a libvorbis -ac 2"),
        film("cinepak.avi", DrawnFilm("15", seconds: 1, size: (160, 120)), "-c:v cinepak -c:a pcm_s16le"),
        film("rv20.rm", DrawnFilm("25", seconds: 4, size: (176, 144)), "-c:v rv20 -b:v 400k -g 50 -c:a ac3 -b:a 96k"),
    ]

    /// Codecs in which every frame stands alone.
    static let intra: [Fixture] = [
        film(
            "prores.mov", DrawnFilm("25", seconds: 4, then: "format=yuv422p10le"),
            "-c:v prores_ks -profile:v 1 -c:a pcm_s16le"),
        film(
            "prores_alpha.mov", DrawnFilm("25", seconds: 2, then: "format=yuva444p10le"),
            "-c:v prores_ks -profile:v 4444 -alpha_bits 16 -c:a pcm_s24le"),
        film("mjpeg.avi", DrawnFilm("25", seconds: 4), "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p -c:a pcm_s16le"),
        film("raw.mjpeg", DrawnFilm("25", seconds: 4, sound: 0), "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p"),
        film("ffv1.mkv", DrawnFilm("25", seconds: 4), "-c:v ffv1 -level 3 -g 1 -c:a flac"),
        film("ffv1_gray16.mkv", DrawnFilm("25", seconds: 2, then: "format=gray16le"), "-c:v ffv1 -level 3 -c:a flac"),
        film("huffyuv_rgb.avi", DrawnFilm("25", seconds: 2, then: "format=rgb24"), "-c:v huffyuv -c:a pcm_s16le"),
        film("utvideo.mkv", DrawnFilm("25", seconds: 2, then: "format=yuv422p"), "-c:v utvideo -c:a pcm_s16le"),
        film("raw.nut", DrawnFilm("25", seconds: 2), "-c:v rawvideo -c:a pcm_s16le"),
        film("png.mov", DrawnFilm("25", seconds: 2, then: "format=rgb24"), "-c:v png -c:a pcm_s16le"),
        film(
            "dv.dv", DrawnFilm("25", seconds: 2, size: (720, 576)), "-c:v dvvideo -pix_fmt yuv420p -c:a pcm_s16le -ac 2"
        ),
        film("animation.gif", DrawnFilm("10", seconds: 3, sound: 0), ""),
    ]
}
