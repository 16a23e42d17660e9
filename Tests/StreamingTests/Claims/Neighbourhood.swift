// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Synchronization

/// A claim store that can be out of reach.
final class DistantStore: ClaimStore {
    /// Why it does not answer.
    struct OutOfReach: Error {}

    /// What it was asked for, but for looks.
    let calls = Journal<String>()
    private let memory: MemoryClaimStore
    private let state = Mutex((isAway: false, listeners: [AsyncStream<ClaimNews>.Continuation]()))

    init(_ memory: MemoryClaimStore) { self.memory = memory }

    /// Lets it answer no more, or again; who listens hears no more.
    func isAway(_ isAway: Bool) {
        let listeners = state.withLock { state in
            state.isAway = isAway
            defer { if isAway { state.listeners = [] } }
            return isAway ? state.listeners : []
        }
        for listener in listeners { listener.finish() }
    }

    private func reach(_ call: String) throws {
        calls.note(call)
        if state.withLock({ $0.isAway }) { throw OutOfReach() }
    }

    func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        try reach("claim")
        return try await memory.claim(key, owner: owner, ttl: ttl)
    }

    func announce(_ owner: String, for time: Duration) async throws {
        try reach("announce")
        try await memory.announce(owner, for: time)
    }

    func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        try reach("renew")
        return try await memory.renew(claim, ttl: ttl)
    }

    func release(_ claim: Claim) async throws -> Bool {
        try reach("release")
        return try await memory.release(claim)
    }

    func complete(_ claim: Claim, note: String) async throws -> Bool {
        try reach("complete")
        return try await memory.complete(claim, note: note)
    }

    func completion(of key: String) async throws -> Completion? {
        if state.withLock({ $0.isAway }) { throw OutOfReach() }
        return try await memory.completion(of: key)
    }

    func forget(_ completion: Completion) async throws {
        try reach("forget")
        try await memory.forget(completion)
    }

    func news() async throws -> AsyncStream<ClaimNews> {
        try reach("news")
        let source = try await memory.news()
        let (stream, listener) = AsyncStream.makeStream(of: ClaimNews.self)
        state.withLock { $0.listeners.append(listener) }
        Task { for await news in source { listener.yield(news) } }
        return stream
    }
}

/// Nodes that share claims, each with a cache of its own or all with one.
final class Neighbourhood: Sendable {
    /// One of them.
    struct Node: Sendable {
        let name: String
        let cache: SegmentCache
        let worker: PartWorker
        let metrics: StreamMetrics
        let notices: Journal<PartNotice>
        let ear = Ear()
        /// Where its cache is, as long as there is a node.
        let place: TemporaryDirectory
    }

    /// What a node hears.
    final class Ear: PartListener {
        enum Word: Equatable, Sendable {
            case completed(StreamPart)
            case freed(StreamPart?)
        }

        let words = Journal<Word>()
        private let files = Mutex<[StreamPart: [CacheName]]>([:])

        /// Wants a part from now on.
        func want(_ part: StreamPart) { files.withLock { $0[part] = Neighbourhood.files(of: part) } }

        func wanted(_ part: StreamPart) async -> [CacheName]? { files.withLock { $0[part] } }
        func completed(_ part: StreamPart) async { words.note(.completed(part)) }
        func freed(_ part: StreamPart?) async { words.note(.freed(part)) }
    }

    let time: any TimeSource
    let claims: any ClaimStore
    let place: TemporaryDirectory
    private let street = Street()

    /// - Parameter claims: what they share; a memory when missing.
    init(time: any TimeSource, claims: (any ClaimStore)? = nil) throws {
        self.time = time
        self.claims = claims ?? MemoryClaimStore(time: time)
        place = try TemporaryDirectory()
    }

    /// A node; others reach it at `http://<name>`.
    ///
    /// - Parameters:
    ///   - directory: its cache; its own when missing.
    ///   - room: how many bytes its disk takes; all when missing.
    func node(_ name: String, directory: String? = nil, room: Int64? = nil) async throws -> Node {
        let files = LocalFiles()
        let disk: any FileStore & FileParts = room.map { TightDisk(room: $0) } ?? files
        let metrics = StreamMetrics()
        let cache = SegmentCache(
            .init(
                directory: place.file(directory ?? name), limit: ByteCount(1 << 30), node: name),
            with: .init(files: disk, inventory: files, time: time, metrics: metrics))
        try await cache.begin()
        var configuration = PartWorker.Configuration(owner: name)
        configuration.token = "secret"
        let notices = Journal<PartNotice>()
        let worker = PartWorker(
            configuration,
            with: .init(
                claims: claims, cache: cache, caller: street, time: time, metrics: metrics
            ) { notices.note($0) })
        if directory == nil { worker.isReached(at: "http://\(name)") }
        street.houses.withLock { $0[name] = cache }
        return Node(name: name, cache: cache, worker: worker, metrics: metrics, notices: notices, place: place)
    }

    static let part = StreamPart(film: "film", rendition: "360p", number: 3)

    static func files(of part: StreamPart) -> [CacheName] {
        [
            CacheName(film: part.film, rendition: part.rendition, file: CacheName.initialization),
            CacheName(film: part.film, rendition: part.rendition, segment: part.number, container: .mp4),
        ]
    }

    static func packaged(_ part: StreamPart) -> PackagedPart {
        PackagedPart(
            initialization: Array("init".utf8), segments: [(part.number, Array("bytes of \(part)".utf8))],
            codecName: nil)
    }

    /// Gives out the files of nodes, to those who know the secret.
    private final class Street: HTTPTransfers {
        let houses = Mutex<[String: SegmentCache]>([:])

        func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
            let parts = call.url.split(separator: "/").map(String.init)
            guard parts.count == 6, let cache = houses.withLock({ $0[parts[1]] }) else {
                throw InProcessCaller.unreachable
            }
            guard call.headers["Authorization"] == "Bearer secret" else { return HTTPAnswer(status: 401) }
            if parts[2] == "hls" {
                guard call.headers["Martlet-Relieved"] != nil else { return HTTPAnswer(status: 500) }
                return HTTPAnswer(
                    status: 206, headers: ["Content-Type": "video/mp4", "Set-Cookie": "a=b"],
                    body: Array("\(call.url) \(call.headers["Range"] ?? "")".utf8))
            }
            let name = CacheName(film: parts[3], rendition: parts[4], file: parts[5])
            guard parts[2] == "parts", let file = await cache.find(name) else { return HTTPAnswer(status: 404) }
            return HTTPAnswer(
                status: 200, body: try await LocalFiles().read(file.path, bytes: 0..<file.size.bytes))
        }

        func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer { throw InProcessCaller.unreachable }

        func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
            throw InProcessCaller.unreachable
        }
    }
}

extension Neighbourhood.Node {
    /// Makes a part; `work` is done before it is there.
    func make(
        _ part: StreamPart = Neighbourhood.part, work: @escaping @Sendable () async throws -> Void = {}
    ) async -> PartOutcome {
        await worker.make(part, files: Neighbourhood.files(of: part)) {
            try await work()
            return Neighbourhood.packaged(part)
        } publish: { [cache] packaged in
            try await cache.publish(packaged, of: part, container: .mp4)
        }
    }

    /// Whether a part is in its cache.
    func has(_ part: StreamPart = Neighbourhood.part) async -> Bool {
        for file in Neighbourhood.files(of: part) where await cache.find(file) == nil { return false }
        return true
    }
}
