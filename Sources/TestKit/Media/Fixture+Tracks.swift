// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Fixture {
    private static func remux(_ name: String, _ arguments: String, outcome: Outcome = .exact) -> Fixture {
        Fixture(name, .remux(arguments: arguments), outcome: outcome)
    }

    private static func text(_ name: String, _ text: String, outcome: Outcome = .ingredient) -> Fixture {
        Fixture(name, .text(text), outcome: outcome)
    }

    private static func tone(_ hertz: Int) -> String {
        DrawnFilm.sound(seconds: 10, hertz: hertz).joined(separator: " ")
    }

    private static func sound(_ name: String, _ arguments: String) -> Fixture {
        remux(name, "-i {h264_closed.mp4} \(tone(220)) -map 0:v -map 1:a -c:v copy \(arguments)")
    }

    /// The picture of `h264_closed.mp4` with sound of every common kind, and sound alone.
    static let sounds: [Fixture] = [
        sound("sound_mp3.mkv", "-c:a libmp3lame -b:a 96k"),
        sound("sound_flac.mkv", "-c:a flac"),
        sound("sound_tta.mkv", "-c:a tta"),
        sound("sound_mono_16000.mkv", "-c:a pcm_s16le -ac 1 -ar 16000"),
        sound("sound_opus.mkv", "-c:a libopus -b:a 64k"),
        sound("sound_vorbis.mkv", "-c:a libvorbis -ac 2"),
        sound("sound_ac3_51.mkv", "-c:a ac3 -ac 6 -b:a 384k"),
        sound("sound_eac3.mp4", "-c:a eac3 -ac 2 -b:a 128k"),
        sound("sound_pcm24.mov", "-c:a pcm_s24le -ac 2"),
        sound("sound_alac.m4v", "-c:a alac -f mov"),
        sound("sound_mono_44100.mp4", "-c:a aac -ac 1 -ar 44100 -b:a 64k"),
        remux("silent.mp4", "-i {h264_closed.mp4} -map 0:v -c copy"),
        remux("only_sound.m4a", "-i {h264_closed.mp4} -map 0:a -c copy", outcome: .sound),
        remux("only_sound.mp3", "\(tone(220)) -c:a libmp3lame -b:a 96k", outcome: .sound),
        remux("only_sound.flac", "\(tone(220)) -c:a flac", outcome: .sound),
    ]

    /// Containers of several programmes, and tracks beside picture and sound.
    static let streams: [Fixture] = [
        remux("timecode.mov", "-i {h264_closed.mp4} -map 0 -c copy -timecode 01:00:00:00"),
        remux(
            "two_programmes.ts",
            """
            -i {h264_open.ts} -i {mpeg2.ts} -map 0 -map 1 -c copy
            -program title=One:st=0:st=1 -program title=Two:st=2:st=3
            """),
    ]

    /// Languages, subtitles, chapters, attachments, covers and tags.
    static let tracks: [Fixture] = [
        text("lines.srt", subtitles(["first line", "second line", "third line"])),
        text("zeilen.srt", subtitles(["erste Zeile", "<i>zweite</i> Zeile", "dritte Zeile: Größe"])),
        text("chapters.txt", chapters),
        text("note.txt", "attached text file\n"),
        text("letters.ttf", "not a real font, but carried like one\n"),
        remux("lines.ass", "-i {lines.srt}", outcome: .ingredient),
        remux(
            "cover.jpg", "-f lavfi -i testsrc=size=120x90:rate=1:duration=1 -frames:v 1 -pix_fmt yuvj420p",
            outcome: .ingredient),
        remux(
            "everything.mkv",
            """
            -i {h264_open.mkv} \(tone(330)) -i {lines.srt} -i {lines.ass} -i {zeilen.srt} -i {chapters.txt}
            -map 0:v -map 0:a -map 1:a -map 2:s -map 3:s -map 4:s -map_metadata 5 -map_chapters 5
            -c:v copy -c:a:0 copy -c:a:1 ac3 -b:a:1 192k -c:s:0 srt -c:s:1 ass -c:s:2 srt
            -metadata:s:v:0 title=Picture -metadata:s:a:0 language=eng -metadata:s:a:0 title=Original
            -metadata:s:a:1 language=deu -metadata:s:a:1 title=Kommentar
            -metadata:s:s:0 language=eng -metadata:s:s:1 language=fra -metadata:s:s:2 language=deu
            -disposition:a:0 default -disposition:a:1 comment -disposition:s:1 forced -disposition:s:2 hearing_impaired
            -attach {note.txt} -metadata:s:t:0 mimetype=text/plain -metadata:s:t:0 filename=note.txt
            -attach {letters.ttf} -metadata:s:t:1 mimetype=font/ttf -metadata:s:t:1 filename=letters.ttf
            """),
        remux(
            "everything.mp4",
            """
            -i {h264_open.mp4} \(tone(330)) -i {lines.srt} -i {zeilen.srt} -i {chapters.txt} -i {cover.jpg}
            -map 0:v -map 0:a -map 1:a -map 2:s -map 3:s -map 5:v -map_metadata 4 -map_chapters 4
            -c:v copy -c:a:0 copy -c:a:1 ac3 -b:a:1 192k -c:s mov_text -disposition:v:1 attached_pic
            -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:s:0 language=eng -metadata:s:s:1 language=deu
            -disposition:a:0 default -disposition:a:1 0
            """),
        remux(
            "many_subtitles.mkv",
            "-i {h264_open.mkv} -i {lines.srt} -i {zeilen.srt} -map 0 \(String(repeating: "-map 1 -map 2 ", count: 6)) -c copy"
        ),
        remux(
            "cover.mkv",
            """
            -i {h264_open.mkv} -map 0 -c copy
            -attach {cover.jpg} -metadata:s:t:0 mimetype=image/jpeg -metadata:s:t:0 filename=cover.jpg
            """),
        remux("webvtt.webm", "-i {vp9.webm} -i {lines.srt} -map 0 -map 1 -c copy -c:s webvtt"),
        remux("only_subtitles.mkv", "-i {lines.srt} -c:s srt", outcome: .refused),
    ]

    private static func subtitles(_ lines: [String]) -> String {
        let times = ["00:00:01,000 --> 00:00:02,500", "00:00:04,000 --> 00:00:06,000", "00:00:08,000 --> 00:00:09,500"]
        return zip(times, lines).enumerated()
            .map { "\($0.offset + 1)\n\($0.element.0)\n\($0.element.1)\n\n" }.joined()
    }

    private static let chapters = """
        ;FFMETADATA1
        title=Everything at once
        artist=The Martlet authors
        date=2024
        comment=A film with all kinds of tracks
        [CHAPTER]
        TIMEBASE=1/1000
        START=0
        END=4000
        title=One
        [CHAPTER]
        TIMEBASE=1/1000
        START=4000
        END=10000
        title=Two

        """

    /// What is no film, whatever it is called.
    static let broken: [Fixture] = [
        Fixture("empty.mp4", .bytes(of: [], .empty), outcome: .refused),
        text("text.txt", "This is a letter, not a film.\n", outcome: .refused),
        text("text.mp4", String(repeating: "This is a letter, not a film.\n", count: 200), outcome: .refused),
        text("script.mp4", "ffconcat version 1.0\nfile 'h264_closed.mp4'\n", outcome: .refused),
        text(
            "playlist.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nh264_open.ts\n#EXT-X-ENDLIST\n",
            outcome: .refused),
        Fixture("truncated.mp4", .bytes(of: ["h264_closed.mp4"], .head(fraction: 0.6)), outcome: .refused),
        Fixture(
            "no_decoder.mkv", .bytes(of: ["h264_open.mkv"], .replaced("V_MPEG4/ISO/AVC", with: "V_MARTLET/UNKNO")),
            outcome: .refused),
        Fixture(
            "picture.png", .remux(arguments: "-f lavfi -i testsrc2=size=320x180:rate=1:duration=1 -frames:v 1"),
            outcome: .refused),
    ]
}
