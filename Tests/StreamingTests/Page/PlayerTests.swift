// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletTestKit
import MartletWire
import Testing

/// A browser and a film for all tests of a suite: both take seconds to make.
private struct Stage: SuiteTrait, TestScoping {
    @TaskLocal static var current: (browser: Browser, film: TemporaryDirectory)?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing tests: @Sendable () async throws -> Void
    ) async throws {
        let stage = (browser: try await Browser(), film: try await PretendStream.film())
        try await Self.$current.withValue(stage) { try await tests() }
        await stage.browser.close()
    }
}

/// The page in a real browser, a new page and a new server for each test.
@Suite(.serialized, .enabled(if: Browser.isThere, "needs Chromium"), Stage())
struct PlayerTests {
    private struct Place {
        var stream: PretendStream
        var server: HTTPServer
        var browser: Browser
        var address: String
    }

    private func place(_ screen: Browser.Screen = .desktop) async throws -> Place {
        let (browser, film) = try #require(Stage.current)
        let stream = PretendStream(film)
        let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: stream)
        let port = try await server.start()
        try await browser.begin(screen)
        return Place(stream: stream, server: server, browser: browser, address: "http://127.0.0.1:\(port)")
    }

    private func end(_ place: Place) async { await place.server.stop() }

    private func probe(_ place: Place, _ query: String = "") async throws -> PlayProbe {
        try await place.browser.open("\(place.address)/watch/film.mkv\(query)")
        return try await PlayProbe(place.browser, drawnSize: PretendStream.drawnSize)
    }

    @Test("It plays, seeks at random, changes quality and language, and shows each picture at its time")
    func plays() async throws {
        let place = try await place()
        let probe = try await probe(place)
        try await probe.play(1)
        var random = SplitMix64(seed: 20)
        for _ in 0..<8 {
            let time = Double.random(in: 0..<PretendStream.seconds - 1, using: &random)
            let taken = try await probe.seek(to: time)
            #expect(taken < 60, "the seek to \(time) took \(taken) s")
        }
        _ = try await probe.seek(to: 3)
        try await place.browser.run("martlet.player.setQuality(martlet.player.way, 0)")
        // What is there up to the end of the next segment is kept: less than three seconds.
        try await probe.play(4)
        let small = try await probe.report()
        #expect(small.frames.last?.width == 160)
        try await place.browser.run("martlet.player.setQuality(martlet.player.way, 1)")
        try await probe.play(4)
        try await place.browser.run("martlet.player.setSound(1)")
        try await probe.play(1)
        let report = try await probe.report()
        #expect(report.frames.last?.width == 320)
        #expect(report.frames.count > 40 && report.decoded > 40)
        #expect(report.wrong(framesPerSecond: PretendStream.rate).isEmpty)
        #expect(report.error.isEmpty)
        #expect(place.stream.paths.contains { $0.hasPrefix("3_") })
        #expect(await place.browser.complaints.isEmpty)
        await end(place)
    }

    @Test("A server that refuses for a while costs time alone, and what is there already is not fetched anew")
    func trouble() async throws {
        let place = try await place()
        let probe = try await probe(place)
        place.stream.refuse(4)
        _ = try await probe.seek(to: 20)
        try await probe.play(1)
        let report = try await probe.report()
        #expect(report.wrong(framesPerSecond: PretendStream.rate).isEmpty && report.error.isEmpty)
        // What is there already is not fetched anew: segment 10 holds the seconds 20 to 22.
        let before = place.stream.paths
        #expect(before.contains { $0.hasSuffix("_10.m4s") })
        _ = try await probe.seek(to: 1)
        _ = try await probe.seek(to: 20.5)
        #expect(!place.stream.paths.dropFirst(before.count).contains { $0.hasSuffix("_10.m4s") })
        await end(place)
    }

    @Test("Keys steer it, subtitles show, and the bar tells what is at a time")
    func steering() async throws {
        let place = try await place(.phone)
        let probe = try await probe(place)
        try await place.browser.press("m")
        try await place.browser.press("c")
        try await place.browser.press("ArrowRight")
        try await probe.play(0.3)
        try await place.browser.press(" ")
        let state = try await place.browser.run(
            """
            (async () => {
              const { video } = probe;
              const track = video.querySelector("track");
              if (track.readyState < 2) await new Promise((done) => track.addEventListener("load", done, { once: true }));
              const bar = document.querySelector(".bar");
              return {
                muted: video.muted, paused: video.paused, place: Math.floor(video.currentTime / 9), cues: track.track.cues.length,
                label: bar.ariaValueText.slice(-7), level: document.querySelector(".quality").ariaLabel,
                share: localStorage.getItem("martlet.muted"),
              };
            })()
            """)
        #expect(
            state == [
                "muted": true, "paused": true, "place": 1, "cues": 1, "label": "of 0:24", "level": "Quality",
                "share": "true",
            ])
        #expect(await place.browser.complaints.isEmpty)
        await end(place)
    }

    @Test("The list shows every film, and narrows while one types")
    func library() async throws {
        let place = try await place()
        try await place.browser.open(place.address + "/")
        let titles = try await place.browser.run(
            """
            (async () => {
              while (!document.querySelector(".card")) await new Promise(requestAnimationFrame);
              const titles = () => [...document.querySelectorAll(".card .title")].map((title) => title.textContent);
              const all = titles(), search = document.querySelector(".search");
              search.value = "two";
              search.dispatchEvent(new Event("input"));
              return [...all, ...titles(), document.querySelector(".card").getAttribute("href")];
            })()
            """)
        #expect(titles == ["film", "a#1", "a#1", "/watch/shows/One%20%26%20Two/a%231.mkv"])
        await end(place)
    }
}
