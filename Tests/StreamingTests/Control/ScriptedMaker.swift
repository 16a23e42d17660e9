// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Synchronization

/// Makes parts of nothing, when it is told to, and remembers what it was asked for.
final class ScriptedMaker: FilmMaking {
    /// What happened.
    enum Deed: Equatable, Sendable {
        case scanned(String)
        case began(String, Int)
        case stopped(String, Int)
        case read(String)
    }

    private struct State {
        var isHeld = false
        var held: [StreamPart: [AsyncStream<Void>.Continuation]] = [:]
        var errors: [any Error] = []
        var bytes = 1000
    }

    /// What happened, in order.
    let deeds = Journal<Deed>()
    private let state = Mutex(State())
    /// How far each part stepped back for others.
    let nicenesses = Mutex<[String: Int]>([:])
    /// The file that each part was made from.
    let places = Mutex<[String: String]>([:])

    /// Whether parts wait for `finish`.
    func hold(_ isHeld: Bool = true) { state.withLock { $0.isHeld = isHeld } }

    /// The next tries end with these errors.
    func fail(with errors: [any Error]) { state.withLock { $0.errors = errors } }

    /// How large segments are from now on.
    func makeSegments(of bytes: Int) { state.withLock { $0.bytes = bytes } }

    /// Lets a part be done that is held.
    func finish(_ rendition: String, _ number: Int) {
        let held = state.withLock { state in
            let parts = state.held.keys.filter { $0.rendition == rendition && $0.number == number }
            return parts.flatMap { state.held.removeValue(forKey: $0) ?? [] }
        }
        for continuation in held { continuation.finish() }
    }

    func film(at path: String) async throws -> StreamFilm {
        deeds.note(.scanned(path))
        return Self.film(at: path, try await LocalFiles().fingerprint(of: path))
    }

    func make(
        _ part: StreamPart, of plan: StreamPlan, at path: String, niceness: Int
    ) async throws -> PackagedPart {
        nicenesses.withLock { $0["\(part.rendition)/\(part.number)"] = niceness }
        places.withLock { $0["\(part.rendition)/\(part.number)"] = path }
        let (gate, continuation) = AsyncStream.makeStream(of: Void.self)
        let (error, isHeld, size) = state.withLock { state in
            if state.isHeld { state.held[part, default: []].append(continuation) }
            return (state.errors.isEmpty ? nil : state.errors.removeFirst(), state.isHeld, state.bytes)
        }
        deeds.note(.began(part.rendition, part.number))
        if isHeld { for await _ in gate {} }
        if Task.isCancelled {
            deeds.note(.stopped(part.rendition, part.number))
            throw CancellationError()
        }
        if let error { throw error }
        return PackagedPart(
            initialization: Array("init \(part.rendition)".utf8),
            segments: plan.segments(of: part).map {
                (number: $0, bytes: [UInt8](repeating: UInt8($0 % 251), count: size))
            },
            codecName: nil)
    }

    func subtitles(_ rendition: String, of plan: StreamPlan, at path: String) async throws -> SubtitleText {
        deeds.note(.read(rendition))
        return SubtitleText(cues: [SubtitleCue(start: 0, end: 1000, text: "Hello")])
    }

    /// A film of 80 seconds with one sound track and subtitles, in 22 segments: of 1, 1, 2 and then 4 s.
    static func film(at path: String, _ fingerprint: Fingerprint = .sample) -> StreamFilm {
        let picture = StreamDescription(
            index: 0, kind: .video, codec: "h264", timeBase: TimeBase(1, 1000),
            video: VideoProperties(width: 640, height: 480))
        let sound = StreamDescription(
            index: 1, kind: .audio, codec: "aac", timeBase: TimeBase(1, 48_000),
            audio: AudioProperties(sampleRate: 48_000, channels: 2))
        let text = StreamDescription(index: 2, kind: .subtitle, codec: "subrip", timeBase: TimeBase(1, 1000))
        let source = SourceDescription(
            path: path, fingerprint: fingerprint, formatName: "matroska,webm", streams: [picture, sound, text])
        let index = FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 1000), presentationTimes: (0..<2000).map { $0 * 40 },
            lastFrameDuration: 40,
            keyframes: (0..<40).map { Keyframe(time: Int64($0) * 2000, frame: $0 * 50, isRandomAccessPoint: true) })
        return StreamFilm(
            source: source, index: index,
            sounds: [
                AudioRuns(
                    streamIndex: 1, packetSamples: 1024, gridSamples: 1024,
                    runs: [AudioRun(firstSample: 0, sampleCount: 3_840_000)])
            ])
    }
}
