// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletFFmpeg
import MartletModel
import MartletPorts
import Testing

@Suite struct ProgressParserTests {
    /// As ffmpeg 5.1 writes it: the first report before any frame, then one of a run with a picture.
    private let text = """
        frame=0
        fps=0.00
        stream_0_0_q=0.0
        bitrate=N/A
        total_size=48
        out_time_us=N/A
        out_time_ms=N/A
        out_time=N/A
        dup_frames=0
        drop_frames=0
        speed=N/A
        progress=continue
        frame=52
        fps=25.43
        stream_0_0_q=28.0
        bitrate= 102.3kbits/s
        total_size=26648
        out_time_us=2080000
        out_time_ms=2080000
        out_time=00:00:02.080000
        dup_frames=0
        drop_frames=0
        speed=1.02x
        progress=end

        """

    private let reports = [
        RunProgress(frames: 0, size: ByteCount(48)),
        RunProgress(frames: 52, framesPerSecond: 25.43, outputMicroseconds: 2_080_000, size: ByteCount(26648)),
    ]

    @Test func reportsAreRead() {
        var parser = ProgressParser()
        let output = parser.append(Array(text.utf8))
        #expect(output.reports == reports)
        #expect(output.otherLines.isEmpty)
        #expect(parser.isEnded)
    }

    @Test(arguments: 1...17)
    func reportsMayArriveInAnyPieces(length: Int) {
        var parser = ProgressParser()
        var seen: [RunProgress] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            seen += parser.append(Array(rest.prefix(length))).reports
            rest = rest.dropFirst(length)
        }
        #expect(seen == reports)
    }

    @Test func aReportWithoutLastLineEndCounts() {
        var parser = ProgressParser()
        #expect(parser.append(Array("frame=7\nprogress=end".utf8)).reports.isEmpty)
        #expect(parser.finish().reports == [RunProgress(frames: 7)])
    }

    @Test func soundHasNoFrames() {
        var parser = ProgressParser()
        let output = parser.append(Array("total_size=N/A\nout_time_us=-21333\nprogress=continue\n".utf8))
        #expect(output.reports == [RunProgress(outputMicroseconds: -21_333)])
    }

    @Test func otherOutputIsKeptApart() {
        var parser = ProgressParser()
        let output = parser.append(Array("frame:3 pts:90\nlavfi.scd.time=1.5\nframe=4\nprogress=continue\n".utf8))
        #expect(output.otherLines == ["frame:3 pts:90", "lavfi.scd.time=1.5"])
        #expect(output.reports == [RunProgress(frames: 4)])
    }
}
