// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHost
import MartletMedia
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit

/// Everything that makes streams, with the installed ffmpeg, and a directory of its own.
struct Studio {
    let directory: TemporaryDirectory
    let maker: StreamMaker

    /// What the installed ffmpeg can do, found out once.
    private static let catalog = Result {
        FFmpegCatalog(
            program: try FFmpegProgram.locate(), launcher: ProcessRunner(), time: SystemTime(), cacheDirectory: nil)
    }

    init(encoder: (any EncoderRunner)? = nil) throws {
        directory = try TemporaryDirectory()
        let program = try FFmpegProgram.locate()
        let files = LocalFiles()
        maker = StreamMaker(
            reader: MediaReader(files: files, cacheDirectory: nil),
            encoder: encoder ?? FFmpegRunner(program: program, launcher: ProcessRunner(), time: SystemTime()),
            catalog: try Self.catalog.get(), packager: MediaPackager(), files: files, scratch: directory.file("scratch")
        )
    }

    /// A film as a stream.
    func stream(
        _ source: String, codec: VideoCodec = .h264, _ change: (inout StreamOptions) -> Void = { _ in }
    ) async throws -> MadeStream {
        let path = source.hasPrefix("/") ? source : try await MediaFixtures.path(source)
        var options = try await maker.options(codec: codec).options
        change(&options)
        let film = try await maker.film(at: path)
        return MadeStream(plan: try StreamPlan(film: film, options: options), path: path, maker: maker)
    }
}

/// A stream whose parts are made when they are asked for, each once.
actor MadeStream {
    struct NotThere: Error { var address: String }
    /// Two parts of a rendition say different things of it.
    struct Differs: Error { var part: StreamPart }

    nonisolated let plan: StreamPlan
    nonisolated let path: String
    private let maker: StreamMaker
    private var parts: [StreamPart: Task<PackagedPart, any Error>] = [:]

    init(plan: StreamPlan, path: String, maker: StreamMaker) {
        self.plan = plan
        self.path = path
        self.maker = maker
    }

    /// A part of a rendition, made when it is not there yet.
    func part(_ rendition: String, _ segment: Int) async throws -> PackagedPart {
        guard let part = plan.part(of: rendition, segment: segment) else { throw NotThere(address: rendition) }
        if let made = parts[part] { return try await made.value }
        let task = Task { [maker, plan, path] in
            try await Turnstile.processors.pass { try await maker.make(part, of: plan, at: path) }
        }
        parts[part] = task
        return try await task.value
    }

    /// What is at an address, as a server would give it.
    func bytes(at address: String) async throws -> [UInt8] {
        if address == "master.m3u8" { return Array(plan.master().utf8) }
        let names = address.split(separator: "/").map(String.init)
        guard names.count == 2 else { throw NotThere(address: address) }
        if names[1] == "index.m3u8", let text = plan.playlist(of: names[0]) { return Array(text.utf8) }
        if names[1] == "init.mp4" { return try await part(names[0], 0).initialization }
        guard let number = names[1].split(separator: ".").first.flatMap({ Int($0) }) else {
            throw NotThere(address: address)
        }
        let made = try await part(names[0], number)
        guard made.initialization == (try await part(names[0], 0)).initialization else {
            throw Differs(part: StreamPart(film: plan.id, rendition: names[0], number: number))
        }
        guard let segment = made.segments.first(where: { $0.number == number }) else {
            throw NotThere(address: address)
        }
        return segment.bytes
    }

    /// The times of the film's frames, in microseconds after the first.
    nonisolated var frames: [Int64] {
        plan.timeline.times.dropLast().map { MediaTime(ticks: $0, timeBase: plan.timeline.clock).microseconds }
    }

    /// Looks at every byte of it, or of some renditions.
    func check(
        keepsBytes: Bool = false, only renditions: Set<String>? = nil
    ) async throws -> StreamChecker.Report {
        let checker = StreamChecker(keepsBytes: keepsBytes) { try await self.bytes(at: $0) }
        return try await checker.check(frames: frames) { address in
            renditions?.contains(String(address.prefix { $0 != "/" })) ?? true
        }
    }

    /// A file with a whole rendition, for programs that decode it.
    func file(_ rendition: String, in directory: TemporaryDirectory) async throws -> String {
        var bytes: [UInt8] = []
        if plan.options.container == .mp4 { bytes = try await part(rendition, 0).initialization }
        for segment in 0..<plan.timeline.count {
            let made = try await part(rendition, segment)
            bytes += made.segments.first { $0.number == segment }?.bytes ?? []
        }
        let path = directory.file("\(rendition).\(plan.options.container.rawValue)")
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
