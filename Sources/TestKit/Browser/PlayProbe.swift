// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletWire

/// Watches the video element of a page: which frames it shows when, and how long it stands still.
///
/// A stall is a `waiting` that no seek has caused, until something is played again. `stalled` is none: browsers say
/// it of every pause in what they download.
package struct PlayProbe: Sendable {
    /// What was shown since the probe was put in.
    package struct Report: Sendable, Decodable {
        /// A frame that was shown.
        package struct Frame: Sendable, Decodable {
            /// Its time in seconds.
            package var time: Double
            /// The number that is drawn in it.
            package var number: Int
            /// The width of the picture, in pixels.
            package var width: Int
        }

        /// The frames, in the order shown.
        package var frames: [Frame]
        /// How long each stall took, in seconds.
        package var stalls: [Double]
        /// How many frames were decoded.
        package var decoded: Int
        /// What `video.error` says; empty without one.
        package var error: String

        /// The frames whose number is not that of their time.
        ///
        /// A picture is drawn after its time was told, on a busy machine a few frames after: by then it may be any up to
        /// the one that is told next, and after a seek that one. Of the last frame nobody knows what came next. When
        /// hardly one has its own number, all others are wrong.
        package func wrong(framesPerSecond: Double) -> [Frame] {
            let due = frames.map { Int(($0.time * framesPerSecond).rounded()) }
            let late = 0...Int(framesPerSecond / 4)
            let wrong = zip(frames, zip(due, due.dropFirst())).filter { frame, due in
                let isPlaying = (0...Int(framesPerSecond)).contains(due.1 - due.0)
                if isPlaying { return !(due.0...due.1 + 1).contains(frame.number) }
                return !late.contains(frame.number - due.0) && !late.contains(frame.number - due.1)
            }.map(\.0)
            let exact = zip(frames, due).count { $0.number == $1 }
            return exact * 10 >= frames.count ? wrong : zip(frames, due).filter { $0.number != $1 }.map(\.0)
        }
    }

    private let browser: Browser

    /// Waits until the page that is open plays, and puts a probe in, for a ``DrawnFilm`` of a size.
    package init(_ browser: Browser, drawnSize: (width: Int, height: Int)) async throws {
        self.browser = browser
        try await browser.run(
            """
            new Promise((done) => {
              const video = document.querySelector("video");
              if (!video.paused && video.readyState > 2) done(null);
              else video.addEventListener("playing", () => done(null), { once: true });
            })
            """, within: .seconds(500))
        let square = DrawnFilm.square(width: drawnSize.width)
        try await browser.run(
            """
            window.probe = (() => {
              const video = document.querySelector("video");
              const frames = [], stalls = [];
              const canvas = document.createElement("canvas");
              [canvas.width, canvas.height] = [\(DrawnFilm.bits) * 4, 4];
              const context = canvas.getContext("2d", { willReadFrequently: true });
              const read = () => {
                const [width, height] = [video.videoWidth, video.videoHeight];
                context.drawImage(video, 0, 0, width * \(DrawnFilm.bits * square) / \(drawnSize.width),
                  height * \(square) / \(drawnSize.height), 0, 0, canvas.width, 4);
                const row = context.getImageData(0, 2, canvas.width, 1).data;
                let number = 0;
                for (let bit = 0; bit < \(DrawnFilm.bits); bit += 1) if (row[(bit * 4 + 2) * 4] > 127) number |= 1 << bit;
                return number;
              };
              const shown = (now, { mediaTime, width }) => {
                frames.push({ time: mediaTime, number: read(), width });
                video.requestVideoFrameCallback(shown);
              };
              video.requestVideoFrameCallback(shown);
              let since = null, place = 0;
              const end = () => {
                if (since !== null && video.currentTime > place) {
                  stalls.push((performance.now() - since) / 1000);
                  since = null;
                }
              };
              video.addEventListener("waiting", () => {
                if (!video.seeking && since === null && frames.length) [since, place] = [performance.now(), video.currentTime];
              });
              video.addEventListener("seeking", () => { since = null; });
              for (const name of ["playing", "timeupdate"]) video.addEventListener(name, end);
              const next = (name) => new Promise((done) => video.addEventListener(name, done, { once: true }));
              const frame = () => new Promise((done) => video.requestVideoFrameCallback((now, { mediaTime }) => done(mediaTime)));
              return {
                video,
                /** Waits until so many seconds more were played. */
                async play(seconds) {
                  const until = Math.min(video.currentTime + seconds, video.duration - 0.05);
                  while (video.currentTime < until && !video.ended) await next("timeupdate");
                },
                /** Goes somewhere; answers how long it took until a picture of there was shown, in seconds. */
                async seek(time) {
                  const begun = performance.now();
                  const shown = frame();
                  video.currentTime = time;
                  await next("seeked");
                  await shown;
                  return (performance.now() - begun) / 1000;
                },
                report: () => ({
                  frames, decoded: video.getVideoPlaybackQuality().totalVideoFrames, error: video.error?.message ?? "",
                  stalls: since === null ? stalls : [...stalls, (performance.now() - since) / 1000],
                }),
              };
            })(), null
            """)
    }

    /// Waits until so many seconds more were played.
    package func play(_ seconds: Double) async throws {
        try await browser.run("probe.play(\(seconds))", within: .seconds(500) + .seconds(seconds * 4))
    }

    /// Goes to a time; answers how long it took until a picture was shown, in seconds.
    package func seek(to time: Double) async throws -> Double {
        switch try await browser.run("probe.seek(\(time))") {
        case .number(let seconds): return seconds
        case .integer(let seconds): return Double(seconds)
        default: return .infinity
        }
    }

    /// What was seen until now.
    package func report() async throws -> Report {
        try JSONText.value(Report.self, from: try JSONText.bytes(try await browser.run("probe.report()")))
    }
}
