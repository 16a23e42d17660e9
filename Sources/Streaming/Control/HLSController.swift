// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPlanning
package import MartletPorts
package import MartletScheduling

/// Streams films on demand: says what there is, and has made what viewers ask for.
///
/// Who asks for a segment that is not there waits until it is. `DemandMachine` decides what is made; this performs it.
package actor HLSController: PartListener {
    /// The figures behind it.
    package struct Configuration: Sendable {
        /// How many parts are made at the same time, and when viewers are forgotten.
        package var demand = DemandMachine.Configuration()
        /// How far ahead of a viewer parts are made.
        package var window: Duration = .seconds(16)
        /// How long a request waits at the most: as long as another node may hold a claim, and then some.
        package var patience: Duration = .seconds(90)
        /// How many requests of one viewer may wait at a time.
        package var openRequests = 32
        /// How many films are held open.
        package var openFilms = 64

        /// Makes the default configuration.
        package init() {}
    }

    /// What it works with.
    package struct Surroundings: Sendable {
        /// Scans films and makes parts.
        package var maker: any FilmMaking
        /// Lets one node at a time make a part.
        package var worker: any PartMaking
        /// What was made.
        package var cache: SegmentCache
        /// What was found out about films.
        package var records: FilmRecords
        /// Which content a file has.
        package var files: any FileStore
        /// Whether a file has changed.
        package var inventory: any FileInventory
        /// Tells the time.
        package var time: any TimeSource
        /// Counts what happens.
        package var metrics: StreamMetrics

        /// Makes surroundings.
        package init(
            maker: any FilmMaking, worker: any PartMaking, cache: SegmentCache, records: FilmRecords,
            files: any FileStore, inventory: any FileInventory, time: any TimeSource, metrics: StreamMetrics
        ) {
            self.maker = maker
            self.worker = worker
            self.cache = cache
            self.records = records
            self.files = files
            self.inventory = inventory
            self.time = time
            self.metrics = metrics
        }
    }

    /// Who asks.
    package struct Viewer: Sendable, Hashable {
        /// The session's name, or the client's address where it has none.
        package var name: String

        /// Names a viewer.
        package init(_ name: String) { self.name = name }
    }

    let surroundings: Surroundings
    let configuration: Configuration
    let options: StreamOptions
    var machine: DemandMachine
    var films = FilmShelf()
    /// Scans under way, by path.
    private var scans: [String: Task<OpenFilm, any Error>] = [:]
    /// Subtitles that are being read, by name.
    private var texts: [CacheName: Task<Void, any Error>] = [:]
    var sessions: [String: ViewerSession] = [:]
    var waiters = PartWaiters()
    var making: [StreamPart: Task<Void, Never>] = [:]
    /// Why parts could not be made of late.
    var reasons: [StreamPart: any CodedError] = [:]
    /// Until when nothing is begun, since the disk was full, and what was said of it.
    var fullness: (until: Moment, error: any CodedError)?
    var timer: (deadline: Moment, task: Task<Void, Never>)?
    private(set) var isStopped = false

    /// Makes a controller without films.
    ///
    /// - Parameter options: what all streams are made with; checked.
    package init(
        options: StreamOptions, configuration: Configuration = Configuration(), with surroundings: Surroundings
    ) {
        self.options = options
        self.configuration = configuration
        self.surroundings = surroundings
        machine = DemandMachine(configuration: configuration.demand)
    }

    var time: any TimeSource { surroundings.time }
    private var cache: SegmentCache { surroundings.cache }

    /// Begins: what viewers want next stays in the cache from now on.
    package func begin() async throws {
        try await cache.begin()
        await cache.stays { [weak self] in await self?.wantedNames() ?? [] }
    }

    /// Ends: encodes are stopped, and everyone who waits is refused.
    package func stop() async {
        isStopped = true
        timer?.task.cancel()
        timer = nil
        for number in waiters.numbers {
            waiters.end(number, .failure(StreamingError(.notReady, "The server stops.", isRetryable: true)))
        }
        for scan in scans.values { scan.cancel() }
        for text in texts.values { text.cancel() }
        let tasks = Array(making.values)
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: Films

    /// Opens a film, or finds it open. Requests for one film share one scan.
    ///
    /// - Parameters:
    ///   - name: its path as addresses have it.
    ///   - path: the file, without links.
    /// - Throws: `StreamingError` `notFound`; what scanning and planning throw.
    package func open(_ name: String, at path: String) async throws -> OpenFilm {
        guard !isStopped else { throw StreamingError(.notReady, "The server stops.", isRetryable: true) }
        guard let facts = await surroundings.inventory.facts(of: path), !facts.isDirectory else {
            films.close(at: path)
            throw StreamingError(.notFound, "There is no film \(name).")
        }
        if let film = films.take(at: path, facts: facts, now: time.now()) { return film }
        let (surroundings, options) = (surroundings, options)
        let scan =
            scans[path]
            ?? Task {
                let fingerprint = try await surroundings.files.fingerprint(of: path)
                var film = await surroundings.records.film(of: fingerprint, at: path)
                if film == nil {
                    let made = try await surroundings.maker.film(at: path)
                    await surroundings.records.store(made)
                    film = made
                }
                guard let film else { throw StreamingError(.failed, "\(name) was not scanned.") }
                return OpenFilm(name: name, path: path, film: film, plan: try StreamPlan(film: film, options: options))
            }
        scans[path] = scan
        defer { if scans[path] == scan { scans[path] = nil } }
        let film = try await scan.value
        // Everyone who waited does this: who goes on first must find the film open.
        films.put(film, facts: facts, now: time.now())
        let used = Set(sessions.values.map(\.film)).union(making.keys.map(\.film))
        films.close(besides: used, most: configuration.openFilms)
        return film
    }

    // MARK: What viewers ask for

    /// A segment, as soon as it is there.
    ///
    /// - Throws: `StreamingError` `notFound`, `tooManyRequests`, `timedOut`, `cannotMake`; what making it threw;
    ///   `CancellationError` when the calling task is cancelled.
    package func segment(
        _ segment: Int, of rendition: String, in film: OpenFilm, for viewer: Viewer
    ) async throws -> CachedFile {
        guard let part = film.plan.part(of: rendition, segment: segment) else {
            throw StreamingError(.notFound, "\(film.name) has no segment \(segment) of \(rendition).")
        }
        let name = CacheName(
            film: film.plan.id, rendition: rendition, segment: segment, container: options.container)
        let start = time.now()
        let isPicture = film.plan.video.contains { $0.name == rendition }
        var session = session(viewer, of: film)
        let isNew = session.asked(rendition, segment: segment, isPicture: isPicture)
        sessions[viewer.name] = session
        let (file, source) = try await file(name, from: part, in: film, for: viewer)
        surroundings.metrics.served(from: source)
        if isPicture {
            if isNew { surroundings.metrics.began(after: time.now() - start, from: source) }
            let isLate = sessions[viewer.name]?.got(segment: segment, of: film.plan.timeline, now: time.now())
            if isLate == true { surroundings.metrics.cameLate() }
        }
        return file
    }

    /// What stands before the segments of a rendition, as soon as it is there.
    ///
    /// - Throws: as `segment`.
    package func initialization(
        of rendition: String, in film: OpenFilm, for viewer: Viewer
    ) async throws -> CachedFile {
        let session = session(viewer, of: film)
        let expected = min(session.expected(rendition), film.plan.timeline.count - 1)
        guard options.container == .mp4, let part = film.plan.part(of: rendition, segment: expected) else {
            throw StreamingError(.notFound, "\(film.name) has no initialization of \(rendition).")
        }
        sessions[viewer.name] = session
        let name = CacheName(film: film.plan.id, rendition: rendition, file: CacheName.initialization)
        return try await file(name, from: part, in: film, for: viewer).file
    }

    /// A file of the cache; what is not there is not made.
    package func cached(_ name: CacheName) async -> CachedFile? { await cache.find(name) }

    /// The subtitles of a rendition as one file.
    ///
    /// - Throws: `StreamingError` `notFound`; what reading them throws.
    package func subtitles(_ rendition: String, in film: OpenFilm) async throws -> CachedFile {
        guard film.plan.subtitles.contains(where: { $0.name == rendition }) else {
            throw StreamingError(.notFound, "\(film.name) has no subtitles \(rendition).")
        }
        let name = CacheName(film: film.plan.id, rendition: rendition, file: CacheName.subtitles)
        if let file = await cache.find(name) { return file }
        let (maker, cache) = (surroundings.maker, cache)
        let reading =
            texts[name]
            ?? Task {
                let text = try await maker.subtitles(rendition, of: film.plan, at: film.path)
                try await cache.store(Array(text.webVTT.utf8), as: name)
            }
        texts[name] = reading
        defer { texts[name] = nil }
        try await reading.value
        guard let file = await cache.find(name) else { throw Self.gone(name) }
        return file
    }

    /// Brings the numbers up to date that are true now.
    package func measure() async {
        await cache.measure()
        surroundings.metrics.stands(
            sessions: sessions.count, films: films.count, making: machine.makingCount, waited: machine.waitedCount)
    }

    private func session(_ viewer: Viewer, of film: OpenFilm) -> ViewerSession {
        let now = time.now()
        var session = sessions[viewer.name] ?? ViewerSession(film: film.plan.id, now: now)
        if session.film != film.plan.id { session = ViewerSession(film: film.plan.id, now: now) }
        session.lastSeen = now
        return session
    }

    private func file(
        _ name: CacheName, from part: StreamPart, in film: OpenFilm, for viewer: Viewer
    ) async throws -> (file: CachedFile, source: StreamMetrics.Source) {
        if let file = await cache.find(name) {
            let ahead = await ahead(of: viewer, in: film, besides: part)
            perform(machine.look(viewer.name, ahead: ahead, now: time.now()))
            return (file, .cache)
        }
        // What was made may have to go before it is read, where the cache is small or shared.
        for _ in 0..<3 {
            try await wait(for: part, name: name, viewer: viewer, in: film)
            if let file = await cache.find(name) { return (file, .made) }
        }
        throw Self.gone(name)
    }

    private static func gone(_ name: CacheName) -> StreamingError {
        StreamingError(
            .noSpace, "\(name) was made, and is not in the cache any more.", advice: "Raise --cache-limit.",
            isRetryable: true)
    }

    /// What the viewer will want next of what is not there.
    private func ahead(of viewer: Viewer, in film: OpenFilm, besides part: StreamPart) async -> [StreamPart] {
        guard let session = sessions[viewer.name] else { return [] }
        let window = configuration.window.nanoseconds / 1000
        let places = session.ahead(
            in: film.plan.timeline, window: window, sounds: film.plan.audio.map(\.name))
        let names = places.map { place in
            CacheName(
                film: film.plan.id, rendition: place.rendition, segment: place.segment, container: options.container)
        }
        let missing = await cache.unknown(names)
        var parts: [StreamPart] = []
        for (place, name) in zip(places, names) where missing.contains(name) {
            guard let next = film.plan.part(of: place.rendition, segment: place.segment), next != part,
                !parts.contains(next)
            else { continue }
            parts.append(next)
        }
        return parts
    }

    /// The files that viewers want next, which must stay.
    private func wantedNames() -> Set<CacheName> {
        var names: Set<CacheName> = []
        for session in sessions.values {
            guard let film = films.film(ofPlan: session.film) else { continue }
            let window = configuration.window.nanoseconds / 1000
            for place in session.ahead(in: film.plan.timeline, window: window, sounds: film.plan.audio.map(\.name)) {
                names.insert(
                    CacheName(
                        film: session.film, rendition: place.rendition, segment: place.segment,
                        container: options.container))
            }
        }
        return names
    }

    // MARK: Waiting

    private func wait(for part: StreamPart, name: CacheName, viewer: Viewer, in film: OpenFilm) async throws {
        guard waiters.count(of: viewer.name) < configuration.openRequests else {
            throw StreamingError(
                .tooManyRequests, "Too many requests of this viewer wait already.", isRetryable: true,
                headers: ["Retry-After": "1"])
        }
        let ahead = await ahead(of: viewer, in: film, besides: part)
        try Task.checkCancellation()
        guard !isStopped else { throw StreamingError(.notReady, "The server stops.", isRetryable: true) }
        let number = waiters.newNumber()
        let now = time.now()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = PartWaiters.Waiter(
                    part: part, viewer: viewer.name, wantsInitialization: name.file == CacheName.initialization,
                    deadline: now + configuration.patience, continuation: continuation)
                waiters.add(waiter, as: number)
                perform(machine.wait(number, for: part, viewer: viewer.name, ahead: ahead, now: now))
                if Task.isCancelled { leave(number, CancellationError()) }
            }
        } onCancel: {
            Task { await self.leave(number, CancellationError()) }
        }
    }

    /// Lets somebody go who waits no longer.
    func leave(_ number: Int, _ error: any Error) {
        guard let part = waiters.part(of: number) else { return }
        waiters.end(number, .failure(error))
        perform(machine.leave(number, part: part, now: time.now()))
    }
}
