// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Fixture {
    private static func film(_ name: String, _ film: DrawnFilm, _ arguments: String) -> Fixture {
        Fixture(name, .film(film, arguments: arguments))
    }

    private static func remux(_ name: String, _ arguments: String) -> Fixture {
        Fixture(name, .remux(arguments: arguments))
    }

    private static let plain = "keyint=48:min-keyint=20:bframes=3"

    /// Sizes, shapes, colours and sample formats.
    static let pictures: [Fixture] = [
        film(
            "h264_10bit.mkv", DrawnFilm("25", seconds: 3, then: "format=yuv420p10le"),
            "\(x264(plain, format: "yuv420p10le")) \(aac)"),
        film(
            "h264_422.mkv", DrawnFilm("25", seconds: 3, then: "format=yuv422p"),
            "\(x264(plain, format: "yuv422p")) \(aac)"),
        film(
            "h264_444.mkv", DrawnFilm("25", seconds: 3, then: "format=yuv444p"),
            "\(x264(plain, format: "yuv444p")) \(aac)"),
        film(
            "h264_gray.mkv", DrawnFilm("25", seconds: 3, then: "format=gray"), "\(x264(plain, format: "gray")) \(aac)"),
        film(
            "h264_rgb.mkv", DrawnFilm("25", seconds: 3, then: "format=rgb24"),
            "-c:v libx264rgb -preset veryfast -crf 23 -x264-params threads=1:\(plain) \(aac)"),
        film(
            "h264_odd_444.mkv", DrawnFilm("25", seconds: 3, size: (321, 181), then: "format=yuv444p"),
            "\(x264(plain, format: "yuv444p")) \(aac)"),
        film("ffv1_odd.mkv", DrawnFilm("25", seconds: 2, size: (161, 121)), "-c:v ffv1 -level 3 -c:a flac"),
        film("tiny.mkv", DrawnFilm("25", seconds: 2, size: (66, 34)), "\(x264(plain)) \(aac)"),
        film("uhd.mp4", DrawnFilm("25", seconds: 0.2, size: (3840, 2160)), "\(x264(plain)) \(aac)"),
        film("sar.mp4", DrawnFilm("25", seconds: 3, filters: "setsar=64/45"), "\(x264(plain)) \(aac)"),
        film(
            "bt709.mp4", DrawnFilm("25", seconds: 3),
            "\(x264(plain)) -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \(aac)"),
        film(
            "fullrange.mp4", DrawnFilm("25", seconds: 3, then: "scale=out_range=full,format=yuvj420p"),
            "\(x264(plain, format: "yuvj420p")) -color_range pc \(aac)"),
        remux("rotated.mp4", "-i {h264_closed.mp4} -map 0 -c copy -metadata:s:v:0 rotate=90"),
        film("scene_cuts.mp4", DrawnFilm("25", seconds: 40), "\(x264("keyint=250:min-keyint=10:bframes=3")) \(aac)"),
    ]

    private static let uneven =
        "settb=1/600,setpts='if(lt(N,72),N*25,if(lt(N,192),1800+(N-72)*10,4200+(N-192)*20+mod(N*7,13)))'"

    /// Uneven frame rates, odd clocks and shifted starts.
    static let clocks: [Fixture] = [
        film(
            "vfr.mp4", DrawnFilm("30", seconds: 10, filters: uneven, sound: 0),
            "-fps_mode vfr -enc_time_base 1:600 -video_track_timescale 600 \(x264("keyint=48:bframes=3"))"),
        film(
            "vfr.mkv", DrawnFilm("30", seconds: 10, filters: uneven, sound: 0),
            "-fps_mode vfr -enc_time_base 1:1000 \(x264("keyint=48:bframes=3:open-gop=1"))"),
        film(
            "vfr_sound.mkv", DrawnFilm("30", seconds: 10, filters: uneven, sound: 14),
            "-fps_mode vfr -enc_time_base 1:1000 \(x264("keyint=48:bframes=3")) \(aac)"),
        film(
            "vfr_slides.mp4",
            DrawnFilm(
                "10", seconds: 4, filters: "settb=1/90000,setpts='N*90000+mod(N*N*977,40000)+if(gt(N,20),900000,0)'",
                sound: 0),
            "-fps_mode vfr -enc_time_base 1:90000 -video_track_timescale 90000 \(x264("keyint=20:bframes=3"))"),
        film("fps1.mp4", DrawnFilm("1", seconds: 20), "\(x264("keyint=10:bframes=2")) \(aac)"),
        film("fps120.mkv", DrawnFilm("120", seconds: 4), "\(x264("keyint=120:bframes=3")) \(aac)"),
        film("fps_odd.mp4", DrawnFilm("179/6", seconds: 6), "\(x264("keyint=60:bframes=3")) \(aac)"),
        remux("start_offset.ts", "-i {h264_closed.mp4} -map 0 -c copy -output_ts_offset 37.5"),
        remux("start_offset.mkv", "-i {h264_open.mkv} -map 0 -c copy -output_ts_offset 37.5"),
        remux("ts_wrap.ts", "-i {h264_closed.mp4} -map 0 -c copy -muxdelay 0 -output_ts_offset 95439.7"),
        remux("negative_ctts.mp4", "-i {h264_closed.mp4} -map 0 -c copy -movflags +negative_cts_offsets"),
        remux(
            "fragmented.mp4",
            "-i {h264_closed.mp4} -map 0 -c copy -movflags +frag_keyframe+empty_moov+default_base_moof"),
        remux("faststart.mp4", "-i {h264_closed.mp4} -map 0 -c copy -movflags +faststart"),
        remux("late_video.mkv", "-i {h264_closed.mp4} -itsoffset 0.75 -i {h264_closed.mp4} -map 0:a -map 1:v -c copy"),
        remux("late_video.mp4", "-i {h264_closed.mp4} -itsoffset 0.75 -i {h264_closed.mp4} -map 1:v -map 0:a -c copy"),
        remux("late_sound.mkv", "-i {h264_closed.mp4} -itsoffset 1.25 -i {h264_closed.mp4} -map 0:v -map 1:a -c copy"),
        remux("late_sound.mp4", "-i {h264_closed.mp4} -itsoffset 1.25 -i {h264_closed.mp4} -map 0:v -map 1:a -c copy"),
        remux("late_sound.ts", "-i {h264_closed.mp4} -itsoffset 1.25 -i {h264_closed.mp4} -map 0:v -map 1:a -c copy"),
    ]

    /// The shortest and the longest, and sound that does not end with the picture.
    static let lengths: [Fixture] =
        [
            film("one_frame.mp4", DrawnFilm("25", seconds: 0.04, sound: 0), x264(plain)),
            film("one_frame_sound.mkv", DrawnFilm("25", seconds: 0.04, sound: 2), "\(x264(plain)) \(aac)"),
            film("three_frames.mkv", DrawnFilm("25", seconds: 0.12), "\(x264(plain)) \(aac)"),
            film("sound_longer.mp4", DrawnFilm("25", seconds: 4, sound: 7), "\(x264(plain)) \(aac)"),
            film("sound_shorter.mkv", DrawnFilm("25", seconds: 7, sound: 4), "\(x264(plain)) \(aac)"),
            film("minute.mp4", DrawnFilm("25", seconds: 60), "\(x264("keyint=250:bframes=3")) \(aac)"),
            // As long, with a quarter of the work: for tests of what becomes of segments.
            film(
                "small_minute.mp4", DrawnFilm("25", seconds: 60, size: (160, 90), sampleRate: 16_000),
                "\(x264("keyint=250:bframes=3")) -c:a aac -b:a 32k -ac 1"),
        ] + (LongForm.isWanted ? [tenMinutes] : [])

    /// Half a minute of work, and as much again for each test that reads it.
    private static let tenMinutes = film(
        "ten_minutes.mp4", DrawnFilm("25", seconds: 600), "\(x264("keyint=250:bframes=3")) -c:a ac3 -b:a 96k")

    /// Files cut or joined where a muxer would not: edit lists, lost starts, clocks that jump.
    static let cuts: [Fixture] = [
        remux("editlist_midgop.mp4", "-ss 3.0 -i {h264_closed.mp4} -map 0 -c copy"),
        remux("editlist_hevc.mp4", "-ss 3.0 -i {hevc_open.mp4} -map 0 -c copy -tag:v hvc1"),
        Fixture("broken_start.ts", .bytes(of: ["h264_open.ts"], .tail(fraction: 1.0 / 3))),
        Fixture("jump_forward.ts", .bytes(of: ["h264_5994.ts", "start_offset.ts"], .joined), outcome: .damaged),
        Fixture("jump_back.ts", .bytes(of: ["start_offset.ts", "h264_open.ts"], .joined), outcome: .damaged),
        Fixture("lost_packets.ts", .bytes(of: ["h264_open.ts"], .withoutPackets(period: 97)), outcome: .damaged),
        Fixture("truncated.mkv", .bytes(of: ["h264_open.mkv"], .head(fraction: 0.6)), outcome: .damaged),
        Fixture("truncated.ts", .bytes(of: ["h264_open.ts"], .head(fraction: 0.6)), outcome: .damaged),
        Fixture("truncated_faststart.mp4", .bytes(of: ["faststart.mp4"], .head(fraction: 0.6)), outcome: .damaged),
        Fixture("truncated_fragmented.mp4", .bytes(of: ["fragmented.mp4"], .head(fraction: 0.6)), outcome: .damaged),
    ]
}
