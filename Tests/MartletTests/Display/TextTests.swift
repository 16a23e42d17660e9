// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import Testing

@testable import martlet

@Suite struct TextTests {
    @Test func aPlanReadsAsATable() {
        #expect(
            PlanText.text(of: Samples.planned) == """
                /films/film.mkv -> mp4, 297 frames by libx264 in 2 segments

                Segments
                  index   frames      start        end  lead-in
                      0      240  0:00:00.000  0:00:10.000        0
                      1       57  0:00:10.000          end       12

                Tracks of the result
                  0: video h264, from stream 0 (h264), encoded in segments
                  1: audio aac (eng), from stream 1 (ac3), converted once

                Left out
                  subtitle stream 2 (hdmv_pgs_subtitle, ger): MP4 cannot hold pictures of text. Use --container mkv.

                Warnings
                  libx264 stands in for h264_nvenc.

                First command
                  ffmpeg -i file:/films/film.mkv -vf trim=start_pts=0:end_pts=10000 -metadata 'a=it'\\''s b' file:OUTPUT

                """)
    }

    @Test func aFileReadsAsAList() {
        #expect(
            ProbeText.text(of: Samples.source, Samples.index) == """
                /films/film.mkv
                  format    matroska,webm
                  size      48.1 MB
                  duration  0:00:12.345
                  bit rate  31.2 Mbit/s
                  title: A "film"

                Streams
                  0: video h264 (High), 1920x800, yuv420p, 24 fps, bt709/bt709/bt709/tv, default
                  1: audio ac3, 48000 Hz, 5.1(side), 448 kbit/s, eng
                  2: subtitle hdmv_pgs_subtitle, ger

                Chapters
                  0:00:00.000  One
                  0:00:05.000  Two

                Frames of stream 0
                  4 frames, 0:00:00.167 long
                  2 key frames, 1 of them exact entry points
                  found by packets
                  the first frame is shown late

                """)
    }

    @Test func aSummaryShowsSizesTimeAndProof() {
        #expect(
            Summary.text(of: Samples.outcome, input: "film.mkv") == """
                film.mkv -> film.mp4
                  size      48.1 MB -> 12.3 MB (26 %)
                  frames    297 in 2 segments, 1 of them from an earlier run
                  time      0:13 (23.8 fps)
                  proof     ok    frame count: 297 of 297
                            ok    presentation times: all equal
                  left out  subtitle stream 2 (hdmv_pgs_subtitle, ger): MP4 cannot hold pictures of text. Use --container mkv.

                """)
    }

    @Test func likenessNamesWhatWasMeasured() {
        let quality = QualityReport(decodedFrames: 297, ssim: 0.98765, psnr: 41.234, vmaf: nil, isLossless: false)
        let rows = Summary.proof(nil, quality)
        #expect(rows.map(\.1) == ["297 frames decoded, SSIM 0.9877, PSNR 41.23 dB"])
        #expect(
            Summary.json(of: Samples.report, quality).line
                == #"{"event": "verification", "passed": true, "frames": 297, "checks": [{"name": "frame count", "passed": true, "detail": "297 of 297"}, {"name": "presentation times", "passed": true, "detail": "all equal"}], "decoded_frames": 297, "lossless": false, "ssim": 0.987650, "psnr_db": 41.2340, "vmaf": null}"#
        )
    }

    @Test func anUnfitMachineIsToldSo() {
        var report = DoctorReport(
            ffmpegPath: "/usr/bin/ffmpeg", ffmpegVersion: "5.1.9",
            encoders: [
                .init(codec: .h264, name: "libx264", isCompiledIn: true, failure: nil),
                .init(codec: .h264, name: "h264_nvenc", isCompiledIn: true, failure: "no device"),
                .init(codec: .h264, name: "h264_amf", isCompiledIn: false, failure: nil),
            ], libraries: [LibraryVersion(name: "libavformat", version: "59.27.100")],
            machine: MachineFacts(
                processors: 2, memory: ByteCount(24_000_000_000), operatingSystem: "Linux 6.1.0", hostName: "cutter"),
            directory: ".", freeSpace: ByteCount(5_000_000_000))
        #expect(
            DoctorText.text(of: report, isVerbose: false) == """
                ffmpeg     ok    5.1.9 at /usr/bin/ffmpeg
                h264       ok    libx264
                h264       no    h264_nvenc: no device
                           1 more encoder not in this ffmpeg (-v lists them)
                library    libavformat 59.27.100
                disk       5.0 GB free in .
                memory     24.0 GB
                processors 2
                system     Linux 6.1.0, cutter

                This machine can transcode.

                """)
        report.encoders[0].failure = "broken"
        #expect(report.problem?.exitStatus == .jobFailed)
        #expect(DoctorText.text(of: report, isVerbose: true).contains("h264       no    h264_amf: not in this ffmpeg"))
    }
}
