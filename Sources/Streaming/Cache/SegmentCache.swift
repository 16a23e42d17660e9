// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// The segments that were made, on a disk that several nodes may share.
///
/// Whether a file is there decides, and not what this process remembers of it: other nodes add and remove files. A file
/// appears whole, by its rename, and never changes.
package actor SegmentCache {
    /// Where the cache is, and how large it may be.
    package struct Configuration: Sendable {
        /// The directory.
        package var directory: String
        /// The most bytes of all files.
        package var limit: ByteCount
        /// This node's name, one that no other node has at the same time; letters, digits, `.`, `-` and `_`.
        package var node: String
        /// How long a file stays after its last use, whatever the limit: somebody may still be reading it.
        package var rest: Duration = .seconds(10)

        /// Makes a configuration.
        package init(directory: String, limit: ByteCount, node: String) {
            self.directory = directory
            self.limit = limit
            self.node = node
        }
    }

    /// What it works with.
    package struct Surroundings: Sendable {
        /// Writes, publishes and removes files.
        package var files: any FileStore & FileParts
        /// Looks at them.
        package var inventory: any FileInventory
        /// Tells the time.
        package var time: any TimeSource
        /// Counts what happens.
        package var metrics: StreamMetrics

        /// Makes surroundings.
        package init(
            files: any FileStore & FileParts, inventory: any FileInventory, time: any TimeSource,
            metrics: StreamMetrics
        ) {
            self.files = files
            self.inventory = inventory
            self.time = time
            self.metrics = metrics
        }
    }

    private let configuration: Configuration
    private let files: any FileStore & FileParts
    private let inventory: any FileInventory
    private let time: any TimeSource
    private let metrics: StreamMetrics
    private var known = LeastRecentlyUsed()
    private var lastTemporary = 0
    private var takenAt: Moment?
    /// What viewers want next, which stays.
    private var wanted: @Sendable () async -> Set<CacheName> = { [] }
    private var isTrimming = false

    /// What other nodes left behind that ended long ago.
    private static let leftoverAge: Int64 = 3_600_000_000_000
    /// A file's time on the disk is brought up to date so often while it is used.
    private static let touchInterval: Int64 = 60_000_000_000

    /// Makes a cache; nothing is read.
    package init(_ configuration: Configuration, with surroundings: Surroundings) {
        self.configuration = configuration
        files = surroundings.files
        inventory = surroundings.inventory
        time = surroundings.time
        metrics = surroundings.metrics
    }

    /// Where segments lie.
    private nonisolated var place: String { configuration.directory + "/segments" }
    /// Where this node writes files before they are published; it goes when the node begins anew.
    package nonisolated var workplace: String { "\(configuration.directory)/nodes/\(configuration.node)" }
    /// Where ffmpeg may write.
    package nonisolated var scratch: String { workplace + "/scratch" }

    /// Makes the directories, removes what a killed process left behind, and counts what is there.
    ///
    /// - Throws: a `CodedError` when the directory cannot be used.
    package func begin() async throws {
        try files.makeDirectory(place)
        try files.makeDirectory(scratch)
        let now = time.wallMilliseconds() * 1_000_000
        for entry in try await inventory.files(below: configuration.directory + "/nodes") {
            let isOwn = entry.name.hasPrefix(configuration.node + "/")
            // The lock is the process's own, and says nothing of what it guards.
            guard !entry.name.hasSuffix("/lock"), isOwn || now - entry.facts.modifiedNanoseconds > Self.leftoverAge
            else { continue }
            try files.remove("\(configuration.directory)/nodes/\(entry.name)")
        }
        try await take()
        await trim()
    }

    /// What must stay whatever the limit, asked whenever something has to go.
    package func stays(_ names: @escaping @Sendable () async -> Set<CacheName>) { wanted = names }

    // MARK: Reading

    /// A file that is there, from now on in use; `nil` when it is not.
    package func find(_ name: CacheName) async -> CachedFile? {
        let path = path(of: name)
        guard let facts = await inventory.facts(of: path), !facts.isDirectory else {
            known.remove(name)
            return nil
        }
        let now = time.wallMilliseconds() * 1_000_000
        known.note(name, size: facts.size.bytes, usedAt: now)
        if now - facts.modifiedNanoseconds > Self.touchInterval { await inventory.touch(path) }
        return CachedFile(name: name, path: path, size: facts.size)
    }

    /// Those of some files that this process does not know to be there; costs no look at the disk.
    package func unknown(_ names: [CacheName]) -> Set<CacheName> { Set(names.filter { !known.contains($0) }) }

    /// Brings the numbers up to date that are true now.
    func measure() { metrics.cached(bytes: known.bytes, limit: configuration.limit.bytes) }

    /// The bytes of all files, as far as this process knows.
    package var bytes: ByteCount { ByteCount(known.bytes) }

    /// Where a file lies, or would.
    private func path(of name: CacheName) -> String { "\(place)/\(name)" }

    // MARK: Writing

    /// Puts the segments of a part into place, and what stands before them.
    ///
    /// - Throws: `StreamingError` `noSpace` when even removing others makes no room, `differs` when other bytes are there
    ///   under one of the names; what the files throw.
    package func publish(_ packaged: PackagedPart, of part: StreamPart, container: SegmentContainer) async throws {
        let start = time.now()
        if !packaged.initialization.isEmpty {
            let name = CacheName(film: part.film, rendition: part.rendition, file: CacheName.initialization)
            try await store(packaged.initialization, as: name)
        }
        for segment in packaged.segments {
            let name = CacheName(
                film: part.film, rendition: part.rendition, segment: segment.number, container: container)
            try await store(segment.bytes, as: name)
        }
        metrics.stored(after: time.now() - start)
    }

    /// Puts a file into place; nothing happens when it is there already with the same bytes.
    ///
    /// - Throws: as `publish`.
    package func store(_ bytes: [UInt8], as name: CacheName) async throws {
        if let there = await find(name) {
            guard try await isEqual(there, bytes) else {
                throw StreamingError(
                    .differs, "\(name) is in the cache with other bytes.",
                    advice: "Give all nodes the same ffmpeg, or clear the cache directory.")
            }
            return
        }
        do {
            try await write(bytes, as: name)
        } catch let error as any CodedError where error.exitStatus == .writeFailed {
            // Twice the room: what is written at the same time needs some, too.
            await free(max(Int64(bytes.count) * 2, 16 << 20))
            do {
                try await write(bytes, as: name)
            } catch let error as any CodedError where error.exitStatus == .writeFailed {
                throw StreamingError(
                    .noSpace, "No segment can be written to \(configuration.directory): \(error.message)",
                    advice: "Free some space there, or lower --cache-limit.", isRetryable: true)
            }
        }
        known.note(name, size: Int64(bytes.count), usedAt: time.wallMilliseconds() * 1_000_000)
        await trim()
    }

    private func write(_ bytes: [UInt8], as name: CacheName) async throws {
        lastTemporary += 1
        let temporary = "\(workplace)/\(lastTemporary).part"
        do {
            try files.makeDirectory("\(place)/\(name.film)/\(name.rendition)")
            try await files.write(bytes, to: temporary, at: 0)
            try await files.publish(temporary, as: path(of: name))
        } catch {
            try? files.remove(temporary)
            throw error
        }
    }

    private func isEqual(_ file: CachedFile, _ bytes: [UInt8]) async throws -> Bool {
        guard file.size.bytes == Int64(bytes.count) else { return false }
        return try await files.read(file.path, bytes: 0..<file.size.bytes) == bytes
    }

    // MARK: Room

    /// Makes room where the disk is full, as far as something may go.
    package func makeRoom() async { await free(64 << 20) }

    /// Removes what was not used for longest while there is too much.
    private func trim() async {
        guard known.bytes > configuration.limit.bytes, !isTrimming else { return }
        isTrimming = true
        defer { isTrimming = false }
        // Other nodes may have made room already.
        if takenAt.map({ time.now() - $0 > configuration.rest }) ?? true { try? await take() }
        await free(known.bytes - configuration.limit.bytes)
    }

    private func free(_ bytes: Int64) async {
        guard bytes > 0 else { return }
        let spared = await wanted()
        let recent = time.wallMilliseconds() * 1_000_000 - configuration.rest.nanoseconds
        for name in known.victims(bytes: bytes, sparing: spared, usedBefore: recent) {
            let before = known.bytes
            try? files.remove(path(of: name))
            known.remove(name)
            metrics.evicted(bytes: before - known.bytes)
        }
    }

    /// Counts what is there.
    private func take() async throws {
        let entries = try await inventory.files(below: place)
        var counted = LeastRecentlyUsed()
        for entry in entries {
            guard let name = CacheName(path: entry.name) else { continue }
            let used = max(entry.facts.modifiedNanoseconds, known.lastUse(of: name) ?? 0)
            counted.note(name, size: entry.facts.size.bytes, usedAt: used)
        }
        known = counted
        takenAt = time.now()
    }
}
