// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// A server of one film of 80 s, whose parts are made by a script; the time is the test's.
struct Theatre {
    let place: TemporaryDirectory
    let maker = ScriptedMaker()
    let metrics = StreamMetrics()
    let clock: ManualClock
    let cache: SegmentCache
    let worker: any PartMaking
    let controller: HLSController

    /// Opens one.
    init(
        limit: ByteCount = ByteCount(1 << 30), time: (any TimeSource)? = nil, maker other: (any FilmMaking)? = nil,
        place: TemporaryDirectory? = nil, node: String = "here",
        configure: (inout HLSController.Configuration) -> Void = { _ in },
        worker makeWorker: (SegmentCache, StreamMetrics) -> any PartMaking = { _, _ in LonePartWorker() }
    ) async throws {
        let files = LocalFiles()
        self.place = try place ?? TemporaryDirectory()
        clock = ManualClock(wallMilliseconds: SystemTime().wallMilliseconds())
        let time: any TimeSource = time ?? clock
        let directory = self.place.file("cache")
        cache = SegmentCache(
            .init(directory: directory, limit: limit, node: node),
            with: .init(files: files, inventory: files, time: time, metrics: metrics))
        worker = makeWorker(cache, metrics)
        var configuration = HLSController.Configuration()
        configure(&configuration)
        var options = StreamOptions(encoder: "libx264", build: "build", codecMajorVersion: 59)
        options.segmentMilliseconds = 4_000
        controller = HLSController(
            options: options, configuration: configuration,
            with: .init(
                maker: other ?? maker, worker: worker, cache: cache,
                records: FilmRecords(in: directory, workplace: cache.workplace, files: files), files: files,
                inventory: files, time: time, metrics: metrics))
        if !files.exists(self.place.file("film.mkv")) { _ = try self.place.write("a film", to: "film.mkv") }
        try await controller.begin()
    }

    /// The film, opened.
    func film() async throws -> OpenFilm { try await controller.open("film.mkv", at: place.file("film.mkv")) }

    /// A segment for a viewer.
    func segment(_ number: Int, of rendition: String = "360p", for viewer: String = "a") async throws -> CachedFile {
        try await controller.segment(number, of: rendition, in: try await film(), for: .init(viewer))
    }

    /// The server's answer to a request.
    func routes(
        readiness: Readiness = .ready, _ change: (inout StreamRoutes.Configuration) -> Void = { _ in }
    ) async throws -> StreamRoutes {
        let files = LocalFiles()
        var configuration = StreamRoutes.Configuration()
        change(&configuration)
        return StreamRoutes(
            configuration,
            with: .init(
                controller: controller,
                library: try await FilmLibrary(
                    serving: place.path, hiding: place.file("cache"), files: files, inventory: files),
                readiness: { readiness }, newName: { "new" }, time: clock, metrics: metrics))
    }
}
