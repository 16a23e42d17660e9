// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
package import MartletPorts

/// The sources that a worker reads from its coordinator, one for each content, within a bound on the disk.
///
/// The bound is half of what the disk has for it: what is held and what is
/// free. Sources that no task uses go first, then the blocks that were used
/// least lately.
package actor SourceCache {
    private let directory: String
    private let fetcher: BlockFetcher
    private var sources: [String: RemoteSource] = [:]
    /// The names in `sources`, the one that was used last at the end.
    private var order: [String] = []
    private var leases: [LeaseToken: String] = [:]

    /// Makes an empty cache.
    ///
    /// - Parameter directory: its own; made where missing, and emptied.
    package init(
        directory: String, files: any FileStore & FileParts, coordinator: CoordinatorAddress, caller: any HTTPCaller,
        time: any TimeSource
    ) throws {
        self.directory = directory
        fetcher = BlockFetcher(coordinator: coordinator, caller: caller, files: files, time: time)
        try files.remove(directory)
        try files.makeDirectory(directory)
    }

    /// The name that a source has here: its entity tag without quotes.
    static func name(of fingerprint: Fingerprint) -> String { "\(fingerprint.digest)-\(fingerprint.size.bytes)" }

    /// The source of this name, when a task uses it.
    func source(named name: String) -> RemoteSource? { sources[name] }

    /// Notes that a task uses a source, until `leave`.
    func enter(_ lease: LeaseToken, _ fingerprint: Fingerprint) async throws {
        guard leases[lease] == nil else { return }
        let (name, source) = try open(fingerprint)
        leases[lease] = name
        await source.enter(lease.job)
    }

    /// Notes that a task is over; answers whether it had a source here, and why that could not be read to the end.
    func leave(_ lease: LeaseToken) async -> (isHere: Bool, failure: WorkerError?) {
        guard let name = leases.removeValue(forKey: lease), let source = sources[name] else { return (false, nil) }
        let failure = await source.failure
        await source.leave(lease.job)
        return (true, failure)
    }

    /// Fetches what a task that comes soon will read first.
    func prefetch(_ assignment: TaskAssignment) async {
        guard let (_, source) = try? open(assignment.fingerprint) else { return }
        await source.enter(assignment.lease.job)
        try? await source.prefetch(assignment.sourceBytes)
        await source.leave(assignment.lease.job)
    }

    /// Removes everything.
    func close() async {
        for source in sources.values { await source.remove() }
        sources = [:]
        order = []
    }

    private func open(_ fingerprint: Fingerprint) throws -> (String, RemoteSource) {
        let name = Self.name(of: fingerprint)
        order.removeAll { $0 == name }
        order.append(name)
        if let source = sources[name] { return (name, source) }
        let source = try RemoteSource(fingerprint, path: "\(directory)/\(name)", fetcher: fetcher) {
            [weak self] bytes in
            await self?.makeRoom(for: bytes)
        }
        sources[name] = source
        return (name, source)
    }

    /// Lets go of what was used least lately until this many bytes are within the bound.
    private func makeRoom(for bytes: Int64) async {
        var held: [String: Int64] = [:]
        for (name, source) in sources { held[name] = await source.heldBytes }
        let total = held.values.reduce(0, +)
        guard let free = try? fetcher.files.freeSpace(at: directory) else { return }
        var excess = total + bytes - max((total + free.bytes) / 2, 8 * BlockMap.blockSize)
        guard excess > 0 else { return }
        for name in order where excess > 0 {
            guard let source = sources[name], await source.isIdle, sources[name] === source,
                !leases.values.contains(name)
            else { continue }
            sources[name] = nil
            order.removeAll { $0 == name }
            excess -= held[name] ?? 0
            await source.remove()
        }
        // More than is needed now, so that this is not done for every block.
        for name in order where excess > 0 {
            if let source = sources[name] { excess -= await source.shrink(by: excess + 8 * BlockMap.blockSize) }
        }
    }
}
