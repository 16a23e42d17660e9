// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPlanning
package import MartletPorts
internal import MartletWire

/// Streams whose parts come from several workers, behind playlists of the coordinator's.
///
/// Where every segment begins and ends is known before anything is encoded, so every worker makes the same bytes of a
/// part, and any can stand in for any. A viewer's request is answered when a worker has the part, with where that is;
/// who fails or is gone meanwhile is replaced by the next in the part's own order of workers. Nothing is encoded here,
/// and no part goes through here.
package actor Meshes {
    /// What meshes work with.
    package struct Surroundings: Sendable {
        /// Calls workers.
        package var caller: any HTTPTransfers
        /// Reads films.
        package var reader: any MediaProber & SoundScanner
        /// Sees when a film is replaced.
        package var files: any FileInventory
        /// Keeps streams.
        package var records: RecordFiles<MeshRecord>
        /// Tells the time.
        package var time: any TimeSource
        /// Finds what a user named, and where that lies here; throws a `CodedError` when that is in no media root.
        package var locate: @Sendable (String) throws -> (address: MediaAddress, path: String)
        /// Makes names of jobs, no two alike.
        package var newID: @Sendable () -> JobID

        /// Makes surroundings.
        package init(
            caller: any HTTPTransfers, reader: any MediaProber & SoundScanner, files: any FileInventory,
            records: RecordFiles<MeshRecord>, time: any TimeSource,
            locate: @escaping @Sendable (String) throws -> (address: MediaAddress, path: String),
            newID: @escaping @Sendable () -> JobID
        ) {
            self.caller = caller
            self.reader = reader
            self.files = files
            self.records = records
            self.time = time
            self.locate = locate
            self.newID = newID
        }
    }

    /// How many segments are made ahead of a viewer.
    private static let ahead = 3
    /// How long a viewer waits for a worker that comes, or makes what none could make at first.
    private static let patience = Duration.seconds(30)
    /// How long after all workers have failed they are asked once more; twice as long after every time.
    private static let pause = Duration.milliseconds(250)

    private let surroundings: Surroundings
    private let service: ClusterService
    private let plainWorkers: PlainWorkers
    private let search: PartSearch
    private var records: [JobID: MeshRecord] = [:]
    private var plans: [JobID: Task<(plan: StreamPlan, order: [UInt8]), any Error>] = [:]
    /// What is being made, by its address at the workers.
    private var making: [String: Task<PartSearch.Outcome, Never>] = [:]
    /// The films that could be read in this life.
    private var readable: Set<JobID> = []
    private var broadcast = Broadcast()

    /// Makes it.
    ///
    /// - Parameters:
    ///   - service: knows who is connected, and with which ffmpeg.
    ///   - plainWorkers: knows where workers listen.
    package init(service: ClusterService, plainWorkers: PlainWorkers, with surroundings: Surroundings) {
        self.service = service
        self.plainWorkers = plainWorkers
        self.surroundings = surroundings
        search = PartSearch(caller: surroundings.caller, time: surroundings.time)
    }

    /// Takes up the streams of an earlier life.
    ///
    /// - Throws: when they cannot be read.
    package func begin() async throws {
        for (_, record) in try await surroundings.records.all() { records[record.id] = record }
    }

    // MARK: Users

    /// Whether anybody makes parts.
    func hasWorkers() async -> Bool { await !service.connectedBuilds().isEmpty }

    /// Takes a stream in, and reads its film, so that what is wrong with it is known before anybody watches.
    ///
    /// - Throws: a `CodedError` when the source is in no media root, or is no file.
    func submit(_ submission: JobSubmission) async throws -> JobView {
        let (source, path) = try surroundings.locate(submission.source)
        guard let facts = await surroundings.files.facts(of: path), !facts.isDirectory else {
            throw CoordinatorError(.badPath, "there is no \(source)", advice: "Check the name.")
        }
        let record = MeshRecord(
            id: surroundings.newID(), submission: submission, source: source,
            createdMs: surroundings.time.wallMilliseconds())
        try await keep(record)
        broadcast.send(.jobSubmitted(record.id))
        return await opened(record)
    }

    /// All streams.
    func jobs(state: JobState?) async -> [JobView] {
        let hasWorkers = await hasWorkers()
        return records.values.map { $0.view(hasWorkers: hasWorkers) }.filter { state == nil || $0.state == state }
    }

    /// One stream; `nil` when there is none of that name.
    func job(_ id: JobID) async -> JobView? {
        guard let record = records[id] else { return nil }
        return await view(of: record)
    }

    /// Ends a stream; `nil` when there is none of that name.
    func cancel(_ id: JobID) async throws -> JobView? {
        guard var record = records[id] else { return nil }
        if record.endedMs == nil {
            record.endedMs = surroundings.time.wallMilliseconds()
            try await keep(record)
            plans.removeValue(forKey: id)?.cancel()
            broadcast.send(.jobStateChanged(id, .cancelled))
        }
        return await view(of: record)
    }

    /// Lets an ended stream be watched again; `nil` when there is none of that name.
    func retry(_ id: JobID) async throws -> JobView? {
        guard var record = records[id] else { return nil }
        guard record.endedMs != nil else { throw CoordinatorError(.wrongState, "The stream \(id) is not over.") }
        (record.endedMs, record.failure) = (nil, nil)
        try await keep(record)
        return await opened(record)
    }

    private func opened(_ record: MeshRecord) async -> JobView {
        broadcast.send(.jobStateChanged(record.id, .processing))
        Task { try? await self.plan(of: record.id) }
        return await view(of: record)
    }

    /// Ends a stream whose film cannot be watched.
    private func fail(_ id: JobID, _ error: any CodedError) async throws {
        guard var record = records[id], record.endedMs == nil else { return }
        record.endedMs = surroundings.time.wallMilliseconds()
        record.failure = ProblemView(error)
        try await keep(record)
        broadcast.send(.jobFailed(id, code: error.codeName, message: error.message))
    }

    /// Everything that happens from now on.
    func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let listener = broadcast.add(continuation)
        continuation.onTermination = { [weak self] _ in Task { await self?.forget(listener) } }
        return stream
    }

    private func forget(_ listener: Int) { broadcast.remove(listener) }

    private func keep(_ record: MeshRecord) async throws {
        try await surroundings.records.keep(record, as: record.id.text)
        records[record.id] = record
    }

    private func view(of record: MeshRecord) async -> JobView { record.view(hasWorkers: await hasWorkers()) }

    /// What a stream reads; `nil` when none of that name can be watched.
    func source(of id: JobID) -> MediaAddress? { records[id].flatMap { $0.endedMs == nil ? $0.source : nil } }

    // MARK: Viewers

    /// A playlist: the master without a rendition.
    ///
    /// - Throws: `CoordinatorError` `unknownJob`, `wrongState`, `APIError` `notFound`, and what the film is refused with.
    func playlist(of id: JobID, rendition: String?, query: String) async throws -> String {
        let plan = try await plan(of: id).plan
        let query = plan.editionQuery + (query.isEmpty ? "" : "&" + query)
        let start = records[id]?.submission.startTime ?? 0
        guard let rendition else { return plan.master(query: query) }
        guard let text = plan.playlist(of: rendition, query: query) else {
            throw APIError(.notFound, "The stream \(id) has no \(rendition).")
        }
        guard start > 0 else { return text }
        let lines = text.split(separator: "\n", maxSplits: 1)
        return lines[0] + "\n#EXT-X-START:TIME-OFFSET=\(start),PRECISE=YES\n" + (lines.count > 1 ? lines[1] : "")
    }

    /// What a worker must know to make parts of a stream, as JSON.
    func order(of id: JobID) async throws -> [UInt8] { try await plan(of: id).order }

    /// The address of a file of a stream at a worker that has it.
    ///
    /// - Parameter edition: the film's content that is meant; `nil` means what is there.
    /// - Throws: as `playlist`; `APIError` `notReady` when no worker makes it, `CoordinatorError` `sourceChanged` when the
    ///   film is another one.
    func address(of file: String, rendition: String, job id: JobID, edition: String?) async throws -> String {
        let plan = try await plan(of: id).plan
        guard plan.isMeant(by: edition) else {
            throw CoordinatorError(
                .sourceChanged, "The film of the stream \(id) is not what it was when its playlist was read",
                advice: "Open it again.")
        }
        let isText = plan.isText(file, rendition: rendition)
        guard let segment = plan.segment(ofFile: file, rendition: rendition) ?? (isText ? 0 : nil) else {
            throw APIError(.notFound, "The stream \(id) has no \(rendition)/\(file).")
        }
        let place = "\(id.text)/\(plan.edition)/\(rendition)"
        let address = try await persistent("\(place)/\(file)", segment: segment, rendition: rendition, plan)
        let last = plan.timeline.count - 1
        for next in segment + 1..<max(segment + 1, min(last, segment + Self.ahead) + 1) where file.hasSuffix(".m4s") {
            Task { await self.ensured("\(place)/\(next).m4s", segment: next, rendition: rendition, plan) }
        }
        return address
    }

    /// Has a part made, and does not give up at the first failure: one worker may just have died, and another one come.
    private func persistent(
        _ key: String, segment: Int, rendition: String, _ plan: StreamPlan
    ) async throws -> String {
        let deadline = surroundings.time.now() + Self.patience
        var pause = Self.pause
        while true {
            if await makers(build: plan.options.build).isEmpty {
                await someoneComes(with: plan.options.build, until: deadline)
            }
            switch await ensured(key, segment: segment, rendition: rendition, plan) {
            case .found(let address): return address
            case .nobody(let reasons, let mayPass):
                guard mayPass || reasons.isEmpty, surroundings.time.now() + pause < deadline else {
                    let said = reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"
                    throw APIError(
                        .notReady, "No worker makes \(key) now\(said).", advice: "Ask again in a little while.",
                        headers: ["Retry-After": "1"])
                }
            }
            try await surroundings.time.sleep(until: surroundings.time.now() + pause)
            pause *= 2
        }
    }

    /// Has a part made by whose turn it is, each worker being asked once.
    @discardableResult
    private func ensured(
        _ key: String, segment: Int, rendition: String, _ plan: StreamPlan
    ) async -> PartSearch.Outcome {
        if let task = making[key] { return await task.value }
        let thing = plan.part(of: rendition, segment: segment)?.description ?? key
        let search = search
        let task = Task {
            let makers = await self.makers(build: plan.options.build)
            return await search.address(
                of: "/mesh/" + key, part: thing, kind: "\(plan.id)/\(rendition)", makers: makers)
        }
        making[key] = task
        defer { making[key] = nil }
        return await task.value
    }

    /// Waits until a worker comes, or says for the first time where it listens, or for too long.
    private func someoneComes(with build: String, until deadline: Moment) async {
        let (time, said, come) = (surroundings.time, await plainWorkers.events(), await service.events())
        guard await makers(build: build).isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            for events in [said, come] {
                group.addTask {
                    for await event in events {
                        if case .workerRegistered = event { return }
                    }
                }
            }
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Where the workers listen that are connected now, and have an ffmpeg (`nil`: any).
    private func makers(build: String?) async -> [WorkerID: String] {
        var makers: [WorkerID: String] = [:]
        for (worker, own) in await service.connectedBuilds() where build == nil || own == build {
            makers[worker] = await plainWorkers.authority(of: worker)
        }
        return makers
    }

    private func plan(of id: JobID) async throws -> (plan: StreamPlan, order: [UInt8]) {
        guard let record = records[id] else {
            throw CoordinatorError(.unknownJob, "There is no stream \(id) that several workers make.")
        }
        guard record.endedMs == nil else {
            let reason = record.failure.map { "has failed: \($0.message)" } ?? "was cancelled."
            throw CoordinatorError(.wrongState, "The stream \(id) \(reason)")
        }
        if let known = plans[id] {
            let made = try await known.value
            // Those who could make it may be gone, and others have come with another ffmpeg.
            let builds = await service.connectedBuilds().values
            let isMakeable = builds.isEmpty || builds.contains(made.plan.options.build)
            if isMakeable, await isThere(made.plan.film.source, record) { return made }
            if plans[id] == known { plans[id] = nil }
        }
        let task = plans[id] ?? Task { try await self.planned(record) }
        plans[id] = task
        do {
            let made = try await task.value
            readable.insert(id)
            return made
        } catch {
            guard plans[id] == task else { throw error }
            plans[id] = nil
            // A film that could be read before may come back.
            if let error = error as? any CodedError, !error.isRetryable, !readable.contains(id) {
                try? await fail(id, error)
            }
            throw error
        }
    }

    /// Whether a film is still the one that was read.
    private func isThere(_ source: SourceDescription, _ record: MeshRecord) async -> Bool {
        guard let path = try? surroundings.locate(record.source.description).path,
            let facts = await surroundings.files.facts(of: path)
        else { return false }
        return facts.size == source.fingerprint.size
            && facts.modifiedNanoseconds == source.fingerprint.modifiedNanoseconds
    }

    private func planned(_ record: MeshRecord) async throws -> (plan: StreamPlan, order: [UInt8]) {
        let path = try surroundings.locate(record.source.description).path
        let source = try await surroundings.reader.describe(path: path)
        guard let picture = source.mainVideo else {
            throw PlanningError(.nothingToEncode, "\(record.source) has no picture, so there is nothing to stream.")
        }
        async let index = surroundings.reader.index(of: source, stream: picture.index, method: .packets)
        async let sounds = surroundings.reader.sounds(of: source)
        let build = try await service.roster.build()
        let facts = EncoderAvailability(
            codecMajorVersion: build.codecMajorVersion, compiledIn: build.encoders, filters: build.filters)
        let codec = record.submission.params?.codec.flatMap { VideoCodec(rawValue: $0) } ?? .h264
        // Hardware of one worker makes other bytes than that of another.
        let choice = try EncoderSelection.choose(codec: .codec(codec), hardware: .none, availability: facts)
        let options = StreamOptions(
            encoder: choice.profile.name, build: build.digest, codecMajorVersion: build.codecMajorVersion)
        let film = StreamFilm(source: source, index: try await index, sounds: try await sounds)
        let order = MeshOrder(film: film, options: options, sourcePath: record.source.pathBelowRoots)
        return (try StreamPlan(film: film, options: options), try JSONText.bytes(order))
    }
}
