// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// A server with one numbered film, `film.mkv`: two qualities, two languages, subtitles.
struct Screening: Sendable {
    /// The size that the film is drawn in.
    static let drawnSize = (width: 480, height: 272)
    static let rate = 24.0

    let place: TemporaryDirectory
    let server: StreamServerProcess
    /// The length of the film, in seconds.
    let seconds: Double

    /// Where the film's playlists are.
    var address: String { server.url + "/hls/film.mkv" }

    /// Makes the film and starts a server.
    init(seconds: Double = 40, _ options: [String] = []) async throws {
        let place = try TemporaryDirectory()
        let films = place.file("films")
        try FileManager.default.createDirectory(atPath: films, withIntermediateDirectories: true)
        let lines = try place.write("1\n00:00:01,000 --> 00:00:39,000\nA spoken line\n", to: "lines.srt")
        var arguments = ["-nostdin", "-v", "error", "-i", lines]
        arguments += DrawnFilm("24", seconds: seconds, size: Self.drawnSize).inputArguments
        arguments += ["-map", "1:v", "-map", "2:a", "-map", "2:a", "-map", "0:s"]
        arguments += ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"]
        arguments += ["-c:v", "libx264", "-preset", "superfast", "-x264-params", "keyint=48:min-keyint=48:bframes=3"]
        arguments += ["-c:a", "aac", "-b:a", "96k", "-ac", "2", "-threads", "1", films + "/film.mkv"]
        let outcome = try await ChildProcess.run("ffmpeg", arguments)
        try #require(outcome.isSuccess, "\(outcome.errors)")
        server = try await StreamServerProcess(films, cache: place.file("cache"), options)
        self.place = place
        self.seconds = seconds
    }

    /// Opens the film in a browser, and puts a probe in as soon as it plays.
    func open(_ way: String, in browser: Browser) async throws -> PlayProbe {
        try await browser.open("\(server.url)/watch/film.mkv?way=\(way)")
        return try await PlayProbe(browser, drawnSize: Self.drawnSize)
    }

    /// Ends the server.
    func end() async throws {
        let outcome = try await server.stop()
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
    }
}
