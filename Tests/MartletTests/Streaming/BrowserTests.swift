// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit
import MartletWire
import Testing

/// A film in a real browser, from `martlet stream`. One at a time: browser and encodes share the processors.
@Suite(.serialized, .enabled(if: Browser.isThere, "needs Chromium"))
struct BrowserTests {
    /// A picture that stands still for longer than this, with no seek before it, is a fault; machines that run many
    /// tests at once are slower than any that shows films.
    private static let longestStall = LongForm.isWanted ? 5.0 : 60.0

    private func check(_ report: PlayProbe.Report, pictures: Int, _ comment: Comment) {
        let wrong = report.wrong(framesPerSecond: Screening.rate)
        #expect(wrong.isEmpty, "\(comment): \(wrong.prefix(5))")
        #expect(report.frames.count >= pictures && report.decoded >= pictures, "\(comment)")
        #expect(report.stalls.allSatisfy { $0 < Self.longestStall }, "\(comment): \(report.stalls)")
        #expect(report.error.isEmpty, "\(comment)")
    }

    @Test(
        "The page plays a stream, seeks 20 times at random, changes quality and language, and shows the right pictures")
    func stream() async throws {
        let screening = try await Screening()
        let browser = try await Browser()
        let probe = try await screening.open("stream", in: browser)
        try await probe.play(1)
        var random = SplitMix64(seed: 1)
        for _ in 0..<20 {
            let time = Double.random(in: 0..<screening.seconds - 1, using: &random)
            let taken = try await probe.seek(to: time)
            #expect(taken < 60, "the seek to \(time) took \(taken) s")
            if LongForm.isWanted { try await probe.play(2) }
        }
        _ = try await probe.seek(to: 10)
        for (level, width) in [(0, 424), (1, 480)] {
            try await browser.run("martlet.player.setQuality(martlet.player.way, \(level))")
            try await probe.play(LongForm.isWanted ? 8 : 6)
            #expect(try await probe.report().frames.last?.width == width, "quality \(level)")
        }
        try await browser.run("martlet.player.setSound(1)")
        try await probe.play(1)
        let report = try await probe.report()
        check(report, pictures: LongForm.isWanted ? 300 : 60, "stream")
        #expect(await browser.complaints.isEmpty)
        await browser.close()
        try await screening.end()
    }

    @Test("A film that the browser can play is not encoded, and one that browsers play by themselves plays, too")
    func ways() async throws {
        let screening = try await Screening()
        let browser = try await Browser(.phone)
        for way in ["remux", "native"] {
            let probe = try await screening.open(way, in: browser)
            for time in [25.3, 3.8] {
                let taken = try await probe.seek(to: time)
                #expect(taken < 60, "\(way): the seek to \(time) took \(taken) s")
                try await probe.play(1)
            }
            check(try await probe.report(), pictures: 15, "\(way)")
            if way == "remux" {
                #expect(try await screening.server.number(#"martlet_stream_parts_total{result="made"}"#) < 20)
                #expect(try await browser.run("martlet.player.way.kind") == "remux")
                try await browser.press("c")
                let cues = try await browser.run(
                    """
                    (async () => {
                      const track = probe.video.querySelector("track");
                      if (track.readyState < 2) await new Promise((done) => { track.onload = done; });
                      return [...track.track.cues].map((cue) => [cue.startTime, cue.text]);
                    })()
                    """)
                #expect(cues == [[1, "A spoken line"]])
            }
        }
        #expect(await browser.complaints.isEmpty)
        await browser.close()
        try await screening.end()
    }
}
