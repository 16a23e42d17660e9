// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// A source that lies at the coordinator, of which the blocks that were read lie in a sparse file here.
///
/// Who reads waits until the bytes are here, however long that takes; only a
/// source that changed, or that the coordinator does not give, is an error.
actor RemoteSource {
    /// What the source holds.
    nonisolated let fingerprint: Fingerprint
    private let path: String
    private let fetcher: BlockFetcher
    private let space: @Sendable (Int64) async -> Void
    private var map: BlockMap
    private var pins: [Int: Int] = [:]
    private var fetches: [Int: Task<Void, any Error>] = [:]
    /// The jobs whose source it is, and how many tasks of each use it now.
    private var users: [JobID: Int] = [:]
    /// Why nothing more can be read.
    private(set) var failure: WorkerError?
    /// How many blocks were fetched.
    private(set) var fetchedBlocks = 0

    /// Makes a source of which nothing is here.
    ///
    /// - Parameters:
    ///   - path: where the sparse file lies; made now.
    ///   - space: called before so many bytes are written.
    init(
        _ fingerprint: Fingerprint, path: String, fetcher: BlockFetcher,
        space: @escaping @Sendable (Int64) async -> Void
    ) throws {
        self.fingerprint = fingerprint
        self.path = path
        self.fetcher = fetcher
        self.space = space
        map = BlockMap(size: fingerprint.size.bytes)
        try fetcher.files.makeSparse(path, size: fingerprint.size.bytes)
    }

    /// The bytes that are here.
    var heldBytes: Int64 { Int64(map.count) * BlockMap.blockSize }

    /// Whether no task uses it.
    var isIdle: Bool { users.isEmpty }

    /// Notes that a task of a job begins to use it.
    func enter(_ job: JobID) {
        users[job, default: 0] += 1
        // Another job asks for it: perhaps the coordinator has it again.
        failure = nil
    }

    /// Notes that a task is done with it. What nobody waits for is fetched no longer.
    func leave(_ job: JobID) {
        guard let count = users[job] else { return }
        users[job] = count > 1 ? count - 1 : nil
        if users.isEmpty { for fetch in fetches.values { fetch.cancel() } }
    }

    /// Bytes of one block, from an offset on, as many as `limit` at most; empty at the end.
    ///
    /// - Parameter ahead: how many blocks behind this one are fetched as well.
    func read(from offset: Int64, limit: Int64, ahead: Int) async throws -> [UInt8] {
        guard offset < map.size else { return [] }
        let block = Int(offset / BlockMap.blockSize)
        pins[block, default: 0] += 1
        defer { pins[block] = pins[block].flatMap { $0 > 1 ? $0 - 1 : nil } }
        for next in block..<min(block + 1 + ahead, map.blocks.upperBound) { begin(next) }
        try await wait(for: block)
        map.use(block)
        let end = min(map.bytes(of: block).upperBound, offset + limit)
        return try await fetcher.files.read(path, bytes: offset..<end)
    }

    /// Fetches what a task will read first: the file's head and end, where indexes are, and these bytes.
    func prefetch(_ bytes: Range<Int64>?) async throws {
        let head = map.blocks(of: 0..<2 * BlockMap.blockSize)
        let end = map.blocks(of: max(0, map.size - 1)..<map.size)
        let blocks = Array(head) + Array(end) + Array(bytes.map { map.blocks(of: $0) } ?? 0..<0)
        for number in blocks.indices {
            for block in blocks[number...].prefix(4) { begin(block) }
            try await wait(for: blocks[number])
        }
    }

    /// Gives back the space of the blocks that were used least lately; answers how much that was.
    func shrink(by bytes: Int64) -> Int64 {
        let count = Int((bytes + BlockMap.blockSize - 1) / BlockMap.blockSize)
        let blocks = map.removeOldest(count) { pins[$0] != nil }
        for block in blocks { try? fetcher.files.release(path, bytes: map.bytes(of: block)) }
        return Int64(blocks.count) * BlockMap.blockSize
    }

    /// Removes the file; nobody may use it any more.
    func remove() {
        for fetch in fetches.values { fetch.cancel() }
        try? fetcher.files.remove(path)
    }

    private func wait(for block: Int) async throws {
        while !map.contains(block) {
            try Task.checkCancellation()
            if let failure { throw failure }
            begin(block)
            do { try await fetches[block]?.value } catch is CancellationError where !Task.isCancelled && !users.isEmpty
            {
                // It was called off for others, who had left.
            }
        }
    }

    private func begin(_ block: Int) {
        guard !map.contains(block), fetches[block] == nil, failure == nil else { return }
        fetches[block] = Task {
            defer { fetches[block] = nil }
            await space(BlockMap.blockSize)
            do {
                try await fetcher.fetch(map.bytes(of: block), of: fingerprint, to: path) { await self.job() }
            } catch let error as WorkerError {
                failure = error
                throw error
            } catch let error as any CodedError {
                let failure = WorkerError(.noSpace, "what was fetched of the source cannot be kept: \(error.message)")
                self.failure = failure
                throw failure
            }
            map.use(block)
            fetchedBlocks += 1
        }
    }

    /// A job that the coordinator may be asked for this source with.
    private func job() -> JobID? { users.keys.min { $0.text < $1.text } }
}
