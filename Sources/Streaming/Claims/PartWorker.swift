// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
internal import Synchronization

/// Makes parts that any of several nodes may make: claims each before it is encoded, and takes from others what they
/// have made.
package final class PartWorker: PartMaking {
    /// How it behaves.
    package struct Configuration: Sendable {
        /// This process; no other has the same name.
        package var owner: String
        /// How long a claim is valid without being renewed. It is renewed three times in that time.
        package var claimTime: Duration = .seconds(60)
        /// How long others take this node to live after it said so. While it holds claims it says so three times in
        /// that time.
        package var presence: Duration = .seconds(6)
        /// What the other nodes want to be shown.
        package var token: String?
        /// How long a shared directory may hide a file that another node has put there.
        package var hiding: Duration = .seconds(3)

        /// Makes a configuration.
        package init(owner: String) { self.owner = owner }
    }

    /// What it works with.
    package struct Surroundings: Sendable {
        /// Says who makes what.
        package var claims: any ClaimStore
        /// What was made.
        package var cache: SegmentCache
        /// Reaches other nodes.
        package var caller: any HTTPTransfers
        /// Tells the time.
        package var time: any TimeSource
        /// Counts what happens.
        package var metrics: StreamMetrics
        /// Is told what is being made.
        package var told: @Sendable (PartNotice) -> Void

        /// Makes surroundings.
        package init(
            claims: any ClaimStore, cache: SegmentCache, caller: any HTTPTransfers, time: any TimeSource,
            metrics: StreamMetrics, told: @escaping @Sendable (PartNotice) -> Void = { _ in }
        ) {
            self.claims = claims
            self.cache = cache
            self.caller = caller
            self.time = time
            self.metrics = metrics
            self.told = told
        }
    }

    /// The most bytes that a file of another node may have.
    private static let fileLimit = 1 << 30
    /// How often a part is asked for whose files are said to be there and are not.
    private static let rounds = 4

    private let configuration: Configuration
    private let surroundings: Surroundings
    private let presence: OwnPresence
    private let known = Mutex(Known())

    /// What is known of addresses.
    private struct Known {
        /// This node's own; empty where it has none.
        var own = ""
        /// Those of other nodes, the one that was heard of last first.
        var others: [String] = []
    }

    /// Makes a worker.
    package init(_ configuration: Configuration, with surroundings: Surroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
        presence = OwnPresence(
            of: configuration.owner, lasting: configuration.presence, in: surroundings.claims, time: surroundings.time)
    }

    /// Says from now on where other nodes fetch this one's files, such as `http://10.0.0.7:8080`; empty where they cannot.
    package func isReached(at address: String) { known.withLock { $0.own = address } }

    private var address: String { known.withLock { $0.own } }

    /// Where other nodes are reached, the one that was heard of last first.
    var neighbours: [String] { known.withLock { $0.others } }

    /// What other nodes want to be shown.
    var authorization: String? { configuration.token.map { "Bearer \($0)" } }

    /// How long another node may need for an answer.
    var patience: Duration { max(.seconds(90), configuration.claimTime + .seconds(30)) }

    /// Remembers where a completion comes from.
    private func note(_ completion: Completion) {
        known.withLock { known in
            guard completion.owner != configuration.owner, !completion.note.isEmpty, completion.note != known.own,
                known.others.first != completion.note
            else { return }
            known.others = [completion.note] + known.others.filter { $0 != completion.note }.prefix(15)
        }
    }

    /// Counts a request that another node answered.
    func noteRelief() { surroundings.metrics.relieved() }

    /// The answer to a call, whole.
    func fetchWhole(_ call: HTTPCall) async throws -> HTTPAnswer {
        try await surroundings.caller.call(call, limit: Self.fileLimit)
    }

    /// Whether parts can be made now, as far as claims go.
    package func readiness() async -> Readiness {
        if let store = claims as? FallbackClaimStore { return store.isAlone ? .alone : .ready }
        do {
            _ = try await claims.completion(of: "")
            return .ready
        } catch {
            let reason = (error as? any CodedError)?.message ?? "\(error)"
            return .notReady("Segments that are not there cannot be claimed: \(reason).")
        }
    }

    private var claims: any ClaimStore { surroundings.claims }
    private var cache: SegmentCache { surroundings.cache }
    private var time: any TimeSource { surroundings.time }

    package func make(
        _ part: StreamPart, files: [CacheName], work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome {
        do {
            for _ in 0..<Self.rounds {
                try Task.checkCancellation()
                if await areThere(files) { return .found }
                await presence.show()
                let start = time.now()
                let wish = try await claims.claim(
                    part.description, owner: configuration.owner, ttl: configuration.claimTime)
                switch wish {
                case .held(_, let remaining): return .held(remaining)
                case .completed(let completion):
                    note(completion)
                    switch await bring(files, of: completion) {
                    case .there: return .found
                    // To make it once more would need the same room.
                    case .full(let reason): return .full(reason: reason)
                    // It had to go from the cache, or its node is gone.
                    case .gone: try await claims.forget(completion)
                    }
                case .granted(let claim):
                    return await run(claim, since: start, for: part, work: work, publish: publish)
                }
            }
        } catch {
            return PartOutcome(error)
        }
        return .failed(reason: "\(part) was made elsewhere, and cannot be had from there.", isRetryable: true)
    }

    // MARK: Under a claim

    private func run(
        _ claim: Claim, since start: Moment, for part: StreamPart,
        work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async -> PartOutcome {
        surroundings.told(.began(part, fence: claim.fence))
        let working = Task {
            let packaged = try await work()
            try await publish(packaged)
            return packaged.segments.count
        }
        let keeping = Task { [self] in
            guard await !keep(claim, since: start) else { return false }
            working.cancel()
            return true
        }
        let result = await withTaskCancellationHandler {
            await working.result
        } onCancel: {
            working.cancel()
        }
        keeping.cancel()
        switch result {
        case .success(let segments):
            surroundings.metrics.made(segments: segments)
            // Before others can begin it.
            surroundings.told(.ended(part, fence: claim.fence, .made))
            // Whoever took the part over makes the same bytes.
            _ = try? await claims.complete(claim, note: address)
            return .made
        case .failure(let error):
            let wasLost = await keeping.value
            if wasLost { surroundings.metrics.lostClaim() }
            let outcome = wasLost ? .stopped : PartOutcome(error)
            // Before others can begin it.
            surroundings.told(
                .ended(part, fence: claim.fence, wasLost ? .lost : outcome == .stopped ? .stopped : .failed))
            _ = try? await claims.release(claim)
            return outcome
        }
    }

    /// Renews a claim again and again, and shows that this node lives; `false` when it is lost, `true` when the calling task
    /// is cancelled.
    private func keep(_ claim: Claim, since start: Moment) async -> Bool {
        let whole = configuration.claimTime
        var end = start + whole
        var next = start + whole / 3
        var gaps = presence.gaps
        while true {
            do { try await time.sleep(until: min(next, presence.due)) } catch { return true }
            await presence.show()
            let (asked, isMissed) = (time.now(), presence.gaps != gaps)
            // Who was missed may have lost the claim.
            guard isMissed || asked >= next else { continue }
            gaps = presence.gaps
            do {
                guard try await claims.renew(claim, ttl: whole) else { return Task.isCancelled }
                end = asked + whole
                next = asked + whole / 3
            } catch {
                // It is still valid for a while, and the next try may be heard.
                let now = time.now()
                guard now < end else { return Task.isCancelled }
                next = min(now + whole / 12, end)
            }
        }
    }

    // MARK: What others made

    private func areThere(_ files: [CacheName]) async -> Bool {
        for file in files where await cache.find(file) == nil { return false }
        return true
    }

    /// What came of the wish to have the files of a part that another node has made.
    private enum Bringing {
        /// They are in the cache.
        case there
        /// They cannot be had.
        case gone
        /// They can be had, and cannot be kept.
        case full(reason: String)
    }

    /// Sees to it that the files of a part are in the cache that another node has made.
    private func bring(_ files: [CacheName], of completion: Completion) async -> Bringing {
        if await areThere(files) { return .there }
        if completion.owner == configuration.owner { return .gone }
        if !completion.note.isEmpty, completion.note != address,
            let result = await fetch(files, from: completion.note)
        {
            return result
        }
        let deadline = time.now() + configuration.hiding
        var pause: Duration = .milliseconds(50)
        while time.now() < deadline {
            guard (try? await time.sleep(until: min(time.now() + pause, deadline))) != nil else { return .gone }
            if await areThere(files) { return .there }
            pause = min(pause * 2, .milliseconds(500))
        }
        return .gone
    }

    /// Fetches files from another node; `nil` when it is not reached.
    private func fetch(_ files: [CacheName], from address: String) async -> Bringing? {
        var headers = HTTPHeaders()
        headers["Authorization"] = authorization
        for file in files where await cache.find(file) == nil {
            let call = HTTPCall(
                "GET", "\(address)/parts/\(file)", headers: headers, connectTimeout: .seconds(2),
                stallTimeout: .seconds(5))
            guard let answer = try? await fetchWhole(call) else {
                surroundings.metrics.fetched(.unreachable)
                return nil
            }
            guard answer.status == 200 else {
                surroundings.metrics.fetched(.refused)
                return .gone
            }
            do {
                try await cache.store(answer.body, as: file)
            } catch {
                surroundings.metrics.fetched(.refused)
                let known = error as? any CodedError
                return known?.exitStatus == .writeFailed ? .full(reason: known?.message ?? "\(error)") : .gone
            }
            surroundings.metrics.fetched(.taken)
        }
        return .there
    }

    // MARK: News

    /// Tells of what other nodes do, until the calling task is cancelled.
    package func listen(for listener: any PartListener) async {
        while !Task.isCancelled {
            guard let news = try? await claims.news() else {
                try? await time.sleep(until: time.now() + .seconds(1))
                continue
            }
            // Anything may have happened while nobody listened.
            await listener.freed(nil)
            await withDiscardingTaskGroup { group in
                for await item in news {
                    switch item {
                    case .released(let key):
                        if let part = StreamPart(key) { await listener.freed(part) }
                    case .completed(let completion):
                        note(completion)
                        guard completion.owner != configuration.owner, let part = StreamPart(completion.key) else {
                            continue
                        }
                        group.addTask { await self.take(part, of: completion, for: listener) }
                    }
                }
                group.cancelAll()
            }
        }
    }

    private func take(_ part: StreamPart, of completion: Completion, for listener: any PartListener) async {
        guard let files = await listener.wanted(part) else { return }
        if case .there = await bring(files, of: completion) {
            await listener.completed(part)
        } else {
            await listener.freed(part)
        }
    }
}
