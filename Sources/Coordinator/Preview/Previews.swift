// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
package import MartletPorts

/// Shows what jobs have made before they are done, as streams that grow.
///
/// Nothing is encoded for that: finished segments are put into another container, each when a viewer asks for it, and
/// kept until nobody has asked for an hour. What a watched job has made is kept when it is completed, so that its
/// viewers see the end.
package actor Previews {
    /// What previews work with.
    package struct Surroundings: Sendable {
        /// Makes segments for players.
        package var packager: any StreamPackager & TrackPackager
        /// Keeps files.
        package var files: any FileStore
        /// Tells the time.
        package var time: any TimeSource
        /// Where segments for players are kept; of no use to the next life.
        package var directory: String
        /// Where jobs have what they make, one directory each; on the same file system.
        package var jobsDirectory: String

        /// Makes surroundings.
        package init(
            packager: any StreamPackager & TrackPackager, files: any FileStore, time: any TimeSource,
            directory: String, jobsDirectory: String
        ) {
            self.packager = packager
            self.files = files
            self.time = time
            self.directory = directory
            self.jobsDirectory = jobsDirectory
        }
    }

    /// A job that somebody watches.
    private struct Entry {
        var film: PreviewFilm
        /// The picture's codec, as its first segment says.
        var codec: String?
        var isOver = false
        var lastUse: Moment
    }

    /// How long a preview is kept that nobody asks for.
    private static let idleTime = Duration.seconds(3600)
    /// How many segments of sound are made at once: each time the track is read from its begin.
    private static let soundBatch = 32

    private let surroundings: Surroundings
    private var entries: [JobID: Entry] = [:]
    /// What is being made now, by the path that it goes to.
    private var making: [String: Task<Void, any Error>] = [:]
    private var sweeping: Task<Void, Never>?

    /// Makes it; what an earlier life left behind is removed.
    ///
    /// - Throws: a `CodedError` when that cannot be done.
    package init(with surroundings: Surroundings) throws {
        self.surroundings = surroundings
        try surroundings.files.remove(surroundings.directory)
    }

    /// A job has made this much; what of it can be watched.
    ///
    /// - Throws: `CoordinatorError` `wrongState` when nothing of it can be watched, ever.
    func film(of job: JobID, _ results: PreviewFilm.Results) throws -> PreviewFilm {
        let now = surroundings.time.now()
        guard var film = PreviewFilm(plan: results.plan, index: results.index) else {
            throw CoordinatorError(
                .wrongState, "job \(job) encodes no picture in segments that players take",
                advice: "Fetch its output when it is completed.")
        }
        film.note(results.tasks)
        if let known = entries[job] {
            // Planned anew, such as for software: what was made before does not fit.
            if known.film.timeline != film.timeline || known.film.encoder != film.encoder { drop(job) }
        }
        entries[job, default: Entry(film: film, lastUse: now)].film = film
        // It may have been taken up again.
        entries[job]?.isOver = false
        entries[job]?.lastUse = now
        sweepLater()
        return film
    }

    /// What is known of a job that is not at work any more; `nil` when nobody watched it.
    func film(ofEnded job: JobID) -> PreviewFilm? {
        entries[job]?.lastUse = surroundings.time.now()
        return entries[job]?.film
    }

    /// Whether nothing more comes of a job.
    func isOver(_ job: JobID) -> Bool { entries[job]?.isOver ?? false }

    /// A job is over: what viewers of a completed one will ask for is kept, and nobody watches a cancelled one.
    ///
    /// - Parameter tasks: reads everything that it made; asked for only when somebody watches the job.
    /// - Throws: what `tasks` throws.
    func ended(
        _ job: JobID, as state: JobState, tasks: @Sendable () async throws -> [TaskRecord]
    ) async throws {
        guard entries[job] != nil else { return }
        guard state != .cancelled else { return drop(job) }
        let made = try await tasks()
        entries[job]?.film.note(made)
        entries[job]?.isOver = true
        guard state == .completed else { return }
        do {
            try surroundings.files.makeDirectory(directory(of: job))
            try await surroundings.files.publish("\(surroundings.jobsDirectory)/\(job)", as: results(of: job))
        } catch {
            // Then nothing more than what was asked for by now can be watched.
        }
    }

    // MARK: Files

    /// The name of the picture's codec, RFC 6381; `nil` where it is not known.
    func codec(of job: JobID) async throws -> String? {
        if let codec = entries[job]?.codec { return codec }
        let made = try await packagedPicture(0, of: job)
        entries[job]?.codec = made?.codecName
        return entries[job]?.codec
    }

    /// The path of a file of the picture; `nil` when there is none such.
    func pictureFile(_ name: String, of job: JobID) async throws -> String? {
        guard let film = entries[job]?.film, let piece = Self.number(name, below: film.finishedPieces) else {
            return nil
        }
        let path = "\(directory(of: job))/\(name)"
        try await once(path) { _ = try await self.packagedPicture(piece, of: job) }
        return path
    }

    /// The path of a file of a sound track; `nil` when there is none such.
    func soundFile(_ name: String, track: String, of job: JobID) async throws -> String? {
        guard let film = entries[job]?.film, let sound = film.sounds.first(where: { $0.name == track }),
            film.artifact(of: sound) != nil, let piece = Self.number(name, below: film.timeline.pieces.count)
        else { return nil }
        let path = "\(directory(of: job))/\(track)/\(name)"
        let batch = piece / Self.soundBatch
        try await once(path, as: "\(directory(of: job))/\(track)/\(batch)") {
            try await self.packageSound(sound, batch: batch, of: job)
        }
        return path
    }

    /// The piece that a file is about: `init.mp4` comes with the first.
    private static func number(_ name: String, below count: Int) -> Int? {
        if name == "init.mp4" { return count > 0 ? 0 : nil }
        guard name.hasSuffix(".m4s"), let number = Int(name.dropLast(4)), "\(number).m4s" == name,
            (0..<count).contains(number)
        else { return nil }
        return number
    }

    /// Has something made that is not there, by one at a time.
    private func once(
        _ path: String, as key: String? = nil, _ make: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard !surroundings.files.exists(path) else { return }
        let key = key ?? path
        let task = making[key] ?? Task { try await make() }
        making[key] = task
        defer { if making[key] == task { making[key] = nil } }
        try await task.value
    }

    @discardableResult
    private func packagedPicture(_ piece: Int, of job: JobID) async throws -> PackagedPart? {
        guard let film = entries[job]?.film, piece < film.timeline.pieces.count,
            let artifact = film.artifact(of: piece)
        else { return nil }
        let timeline = film.timeline
        let packager = surroundings.packager
        let made = try await packaged(artifact, of: job) { path in
            try await packager.package(
                EncodedPart(
                    path: path, start: .afterPackets(0),
                    pieces: [.init(segment: piece, packets: timeline.pieces[piece].frames.count)],
                    timeBase: timeline.timeBase, times: timeline.times(of: piece), depth: timeline.depth,
                    container: .mp4))
        }
        try await keep(made, in: directory(of: job))
        return made
    }

    private func packageSound(_ sound: PreviewFilm.Sound, batch: Int, of job: JobID) async throws {
        guard let film = entries[job]?.film, let artifact = film.artifact(of: sound) else { return }
        let count = film.timeline.pieces.count
        let range = batch * Self.soundBatch..<min(count, (batch + 1) * Self.soundBatch)
        let stream = sound.stream
        let (packager, timeline) = (surroundings.packager, film.timeline)
        let made = try await packaged(artifact, of: job) { path in
            try await packager.package(
                EncodedTrack(
                    path: path, start: stream.startTime.map { MediaTime(ticks: $0, timeBase: stream.timeBase) },
                    shift: stream.soundResultShift, originMicroseconds: timeline.originMicroseconds,
                    offsetSeconds: StreamTimeline.offsetSeconds,
                    edges: (range.lowerBound...range.upperBound).map(timeline.startMicroseconds),
                    firstSegment: range.lowerBound, isEnd: range.upperBound == count))
        }
        try await keep(made, in: "\(directory(of: job))/\(sound.name)")
    }

    /// Packages a result where it lies, also when its job ends meanwhile and it is moved.
    private func packaged(
        _ artifact: Artifact, of job: JobID, _ package: @Sendable (String) async throws -> PackagedPart
    ) async throws -> PackagedPart {
        let place = path(of: artifact, job)
        do { return try await package(place) } catch {
            let now = path(of: artifact, job)
            guard now != place else { throw error }
            return try await package(now)
        }
    }

    /// Puts segments where viewers find them. All parts of a rendition must begin with the same head.
    private func keep(_ part: PackagedPart, in directory: String) async throws {
        let files = surroundings.files
        try files.makeDirectory(directory)
        let head = "\(directory)/init.mp4"
        if files.exists(head) {
            guard try await files.digest(of: head) == files.digest(of: part.initialization) else {
                throw CoordinatorError(.damagedResult, "a segment of \(directory) does not fit those before it")
            }
        }
        let all = part.segments.map { ("\($0.number).m4s", $0.bytes) } + [("init.mp4", part.initialization)]
        for (name, bytes) in all where !files.exists("\(directory)/\(name)") {
            let temporary = "\(directory)/.\(name).new"
            try files.remove(temporary)
            try await files.write(bytes, to: temporary, at: 0)
            try await files.publish(temporary, as: "\(directory)/\(name)")
        }
    }

    private func directory(of job: JobID) -> String { "\(surroundings.directory)/\(job)" }

    private func results(of job: JobID) -> String { "\(directory(of: job))/results" }

    private func path(of artifact: Artifact, _ job: JobID) -> String {
        let kept = "\(results(of: job))/\(artifact.fileName)"
        return surroundings.files.exists(kept) ? kept : "\(surroundings.jobsDirectory)/\(job)/\(artifact.fileName)"
    }

    // MARK: The end

    private func drop(_ job: JobID) {
        entries[job] = nil
        try? surroundings.files.remove(directory(of: job))
    }

    /// Removes what nobody asks for, when its time is over.
    private func sweepLater() {
        guard sweeping == nil, let first = entries.values.map(\.lastUse).min() else { return }
        let time = surroundings.time
        sweeping = Task { [weak self] in
            try? await time.sleep(until: first + Self.idleTime)
            if !Task.isCancelled { await self?.sweep() }
        }
    }

    private func sweep() {
        sweeping = nil
        let now = surroundings.time.now()
        for (job, entry) in entries where now - entry.lastUse >= Self.idleTime { drop(job) }
        sweepLater()
    }
}
