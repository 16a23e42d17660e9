// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts
import Synchronization

/// Measures encoders with the very commands that a transcode would run, on a
/// film made for it, as many at once as there are processors.
struct SpeedBench: Sendable {
    /// A picture size and its usual name.
    struct Size: Sendable, Equatable {
        /// Such as `720p`.
        var name: String
        /// In pixels.
        var width: Int
        /// In pixels.
        var height: Int
    }

    /// How fast an encoder is.
    struct Speed: Sendable, Equatable {
        /// What it makes.
        var codec: VideoCodec
        /// FFmpeg's name of it.
        var encoder: String
        /// Its preset; `nil` for encoders without.
        var preset: String?
        /// The picture's size.
        var size: Size
        /// How many ran at once.
        var processes: Int
        /// Frames a second of all of them together.
        var framesPerSecond: Double
        /// The largest memory of one of them; `nil` when none ended by itself.
        var peakMemory: ByteCount?
    }

    /// What is measured.
    static let sizes = [Size(name: "720p", width: 1280, height: 720), Size(name: "1080p", width: 1920, height: 1080)]

    /// What plans and runs.
    let engine: any Engine
    /// Where films are written; it is there, and removed by the caller.
    let directory: String
    /// How many encodes run at once.
    let processes: Int
    /// How long they run at most.
    let duration: Duration

    /// Makes a moving picture with fine grain, 24 frames a second, long enough to keep a fast encoder busy.
    func makeFilm(_ size: Size) async throws -> String {
        let path = "\(directory)/\(size.name).mkv"
        let seconds = min(30, max(4, Int(duration.inSeconds.rounded(.up)) * 4))
        let source = "testsrc2=size=\(size.width)x\(size.height):rate=24:duration=\(seconds),noise=alls=4:allf=t"
        let run = EncoderRun(arguments: [
            "-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-q:v", "2", "-pix_fmt", "yuv420p", "-y", "file:" + path,
        ])
        _ = try await engine.runner.run(run, progress: { _ in })
        return path
    }

    /// Measures one encoder.
    func measure(_ profile: EncoderProfile, on film: String, _ size: Size) async throws -> Speed {
        var parameters = TranscodeParameters()
        parameters.codec = .encoder(profile.name)
        parameters.container = .mkv
        let output = "\(directory)/out.mkv"
        let planned = try await engine.plan(TranscodeRequest(input: film, output: output, parameters: parameters))
        let encode = planned.tasks.first { task in
            if case .encode = task.kind { true } else { false }
        }
        guard let encode else {
            throw CommandLineError(.unfit, "The plan for \(profile.name) encodes nothing.")
        }
        var counts: [Count] = []
        try await withThrowingTaskGroup(of: Count.self) { group in
            for number in 0..<processes {
                let arguments = encode.command.resolved(
                    source: film, output: "\(directory)/\(number).\(encode.fileExtension)",
                    artifact: { $0.text })
                group.addTask { try await count(EncoderRun(arguments: ["-y"] + arguments)) }
            }
            for try await result in group { counts.append(result) }
        }
        return Speed(
            codec: profile.codec, encoder: profile.name, preset: profile.defaultPreset, size: size,
            processes: processes, framesPerSecond: counts.reduce(0) { $0 + $1.framesPerSecond },
            peakMemory: counts.compactMap(\.peakMemory).max())
    }

    private struct Count: Sendable {
        var framesPerSecond: Double
        var peakMemory: ByteCount?
    }

    /// Runs until the end or the time is over, whichever comes first.
    private func count(_ run: EncoderRun) async throws -> Count {
        let start = ContinuousClock.now
        let watched = Watched()
        return try await withThrowingTaskGroup(of: RunReport?.self) { group in
            group.addTask {
                do {
                    return try await engine.runner.run(run) { watched.note($0.frames, at: ContinuousClock.now - start) }
                } catch is CancellationError {
                    return nil
                }
            }
            group.addTask {
                try? await Task.sleep(for: duration)
                return nil
            }
            let report = try await group.next() ?? nil
            group.cancelAll()
            try await group.waitForAll()
            try Task.checkCancellation()
            let (frames, time) = watched.latest
            let seconds = (report?.wallTime ?? time).inSeconds
            return Count(framesPerSecond: seconds > 0 ? Double(frames) / seconds : 0, peakMemory: report?.peakMemory)
        }
    }

    /// The newest report of a run.
    private final class Watched: Sendable {
        private let state = Mutex<(frames: Int, at: Duration)>((0, .zero))

        var latest: (frames: Int, at: Duration) { state.withLock { $0 } }

        func note(_ frames: Int?, at time: Duration) {
            guard let frames else { return }
            state.withLock { $0 = (frames, time) }
        }
    }
}
