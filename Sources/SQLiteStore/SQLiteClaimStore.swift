// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import Glibc
internal import MartletModel
package import MartletPorts

/// A `ClaimStore` in an SQLite file, for any number of processes of one machine.
///
/// The file MUST be on a local disk, since WAL needs shared memory:
/// <https://www.sqlite.org/wal.html>. Claims end with the machine's uptime; a
/// loss of power may cost the last completions, and what they told of is made
/// again. A second file, `<path>-news`, wakes those who listen.
package actor SQLiteClaimStore: ClaimStore {
    /// How many pieces of news are kept for listeners that are slow.
    private static let newsLimit = 10_000
    /// After how many changes what is old is removed.
    private static let changesBetweenSweeps = 256

    private nonisolated let executor: QueueExecutor
    private let connection: Connection
    private let time: any TimeSource
    private let retention: Duration
    private let boot: String
    private let bell: Bell
    private var changes = 0

    private var listeners: [Int: AsyncStream<ClaimNews>.Continuation] = [:]
    private var lastListener = 0
    /// Up to which number the listeners know the news.
    private var lastTold = 0
    /// While there are listeners.
    private var watch: FileWatch?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The file that is written to when there are news.
    private final class Bell: Sendable {
        let path: String
        private let descriptor: Int32

        init(path: String) throws {
            self.path = path
            descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw StoreError(
                    .unopenable, "cannot open \(path): \(String(cString: strerror(errno)))",
                    advice: "Check that the directory exists and may be written to, or choose another.")
            }
        }

        deinit { close(descriptor) }

        func ring() throws {
            var byte: UInt8 = 0
            guard pwrite(descriptor, &byte, 1, 0) == 1 else {
                throw StoreError(
                    .writeFailed, "cannot write to \(path): \(String(cString: strerror(errno)))",
                    advice: "Free space on that disk.")
            }
        }
    }

    /// Opens the file, and makes it when it is missing. Its directory must exist.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - time: the machine's clock; all processes that use the file MUST read the same.
    ///   - retention: how long completions are kept, and who is missed is remembered.
    ///   - busyTimeout: how long a call waits for other processes.
    /// - Throws: `StoreError`: `unopenable`, `corrupt`, `newerSchema`, `busy`, `writeFailed`.
    package static func open(
        path: String, time: any TimeSource, retention: Duration = .seconds(86_400), busyTimeout: Duration = .seconds(5)
    ) async throws -> SQLiteClaimStore {
        let executor = QueueExecutor(label: "martlet.claims")
        return try await executor.run {
            try SQLiteClaimStore(
                path: path, time: time, retention: retention, busyTimeout: busyTimeout, executor: executor)
        }
    }

    private init(
        path: String, time: any TimeSource, retention: Duration, busyTimeout: Duration, executor: QueueExecutor
    ) throws {
        self.executor = executor
        self.time = time
        self.retention = retention
        connection = try Connection(
            path: path, busyMilliseconds: Int32(clamping: busyTimeout.nanoseconds / 1_000_000))
        // A commit that power takes away is one that nobody who is still alive was told of.
        try connection.execute("PRAGMA synchronous = NORMAL")
        try ClaimSchema.prepare(connection)
        bell = try Bell(path: path + "-news")
        let text = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id")
        boot = String(decoding: text ?? Data(), as: UTF8.self)
    }

    // MARK: Claims

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        try connection.transaction {
            let now = time.now()
            if let completion = try recorded(key) { return .completed(completion) }
            if let held = try holder(of: key, now: now) {
                let end = min(held.until, try missing(of: held.claim.owner) ?? held.until)
                if now < end { return .held(owner: held.claim.owner, remaining: end - now) }
            }
            let fences = try connection.rows("UPDATE fences SET last = last + 1 RETURNING last") { $0.integer(0) ?? 0 }
            let claim = Claim(key: key, owner: owner, fence: Int64(fences.first ?? 0))
            try connection.run(
                """
                INSERT INTO claims (key, fence, owner, boot, until_ns) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (key) DO UPDATE SET fence = excluded.fence, owner = excluded.owner, boot = excluded.boot,
                    until_ns = excluded.until_ns
                """,
                [
                    .text(key), .integer(Int(claim.fence)), .text(owner), .text(boot),
                    .integer(Int((now + ttl).nanoseconds)),
                ])
            return .granted(claim)
        }
    }

    package func announce(_ owner: String, for time: Duration) async throws {
        try connection.run(
            """
            INSERT INTO owners (owner, boot, until_ns) VALUES (?1, ?2, ?3)
            ON CONFLICT (owner) DO UPDATE SET boot = excluded.boot, until_ns = excluded.until_ns
            """,
            [.text(owner), .text(boot), .integer(Int((self.time.now() + time).nanoseconds))])
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        try connection.transaction {
            let now = time.now()
            guard try isValid(claim, now: now) else { return false }
            try connection.run(
                "UPDATE claims SET until_ns = ?2 WHERE key = ?1",
                [.text(claim.key), .integer(Int((now + ttl).nanoseconds))])
            return true
        }
    }

    package func release(_ claim: Claim) async throws -> Bool {
        try connection.transaction {
            guard try isValid(claim, now: time.now()) else { return false }
            try connection.run("DELETE FROM claims WHERE key = ?1", [.text(claim.key)])
            try tell([.text(claim.key), .null, .null, .null])
            return true
        }
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        try connection.transaction {
            guard try isValid(claim, now: time.now()) else { return false }
            let values: [SQLValue] = [.text(claim.key), .integer(Int(claim.fence)), .text(claim.owner), .text(note)]
            try connection.run("DELETE FROM claims WHERE key = ?1", [.text(claim.key)])
            try connection.run(
                "INSERT INTO completions (key, fence, owner, note, made_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                values + [.integer(Int(time.wallMilliseconds()))])
            try tell(values)
            return true
        }
    }

    package func completion(of key: String) async throws -> Completion? { try recorded(key) }

    package func forget(_ completion: Completion) async throws {
        try connection.run(
            "DELETE FROM completions WHERE key = ?1 AND fence = ?2 AND owner = ?3",
            [.text(completion.key), .integer(Int(completion.fence)), .text(completion.owner)])
    }

    /// Gives back what processes claimed that ended without doing so: every claim of owners whose names begin with
    /// `prefix`.
    ///
    /// The caller MUST know that none of them is alive, as who holds a lock does.
    package func releaseAll(ofOwnersNamed prefix: String) async throws {
        try connection.transaction {
            let keys = try connection.rows(
                "DELETE FROM claims WHERE substr(owner, 1, length(?1)) = ?1 RETURNING key", [.text(prefix)]
            ) { $0.text(0) ?? "" }
            for key in keys { try tell([.text(key), .null, .null, .null]) }
        }
    }

    // MARK: News

    package func news() async throws -> AsyncStream<ClaimNews> {
        if listeners.isEmpty {
            let told = try connection.rows("SELECT max(number) FROM news") { $0.integer(0) ?? 0 }
            lastTold = told.first ?? 0
            // What was recorded since is found by the look below.
            watch = try executor.watch(bell.path) { [weak self] in
                guard let self else { return }
                Task { await self.look() }
            }
        }
        // A new listener hears only of what comes from now on.
        look()
        let (stream, listener) = AsyncStream.makeStream(of: ClaimNews.self)
        lastListener += 1
        let number = lastListener
        listeners[number] = listener
        listener.onTermination = { [weak self] _ in
            guard let self else { return }
            Task { await self.leave(number) }
        }
        return stream
    }

    private func leave(_ number: Int) {
        listeners[number] = nil
        if listeners.isEmpty { watch = nil }
    }

    /// Tells the listeners what is new; ends their streams where that cannot be found out.
    private func look() {
        do {
            // Whoever rang may not have committed yet, and holds the lock until then.
            let (first, news) = try connection.transaction {
                let first = try connection.rows("SELECT min(number) FROM news") { $0.integer(0) }
                let news = try connection.rows(
                    "SELECT number, key, fence, owner, note FROM news WHERE number > ?1 ORDER BY number",
                    [.integer(lastTold)]
                ) { row in (number: row.integer(0) ?? 0, news: Self.news(row)) }
                return (first.first ?? nil, news)
            }
            if let first, first > lastTold + 1, !news.isEmpty {
                // Some of it was removed before it could be told.
                endAll()
            }
            for (number, news) in news {
                for listener in listeners.values { listener.yield(news) }
                lastTold = number
            }
        } catch {
            endAll()
        }
    }

    private func endAll() {
        for listener in listeners.values { listener.finish() }
        listeners = [:]
        watch = nil
    }

    private static func news(_ row: Statement) -> ClaimNews {
        let key = row.text(1) ?? ""
        guard let fence = row.integer(2) else { return .released(key: key) }
        return .completed(
            Completion(key: key, owner: row.text(3) ?? "", fence: Int64(fence), note: row.text(4) ?? ""))
    }

    // MARK: Within a transaction

    private func recorded(_ key: String) throws -> Completion? {
        try connection.rows("SELECT fence, owner, note FROM completions WHERE key = ?1", [.text(key)]) { row in
            Completion(
                key: key, owner: row.text(1) ?? "", fence: Int64(row.integer(0) ?? 0), note: row.text(2) ?? "")
        }.first
    }

    /// The valid claim of a key; `nil` when there is none.
    private func holder(of key: String, now: Moment) throws -> (claim: Claim, until: Moment)? {
        try connection.rows(
            "SELECT fence, owner, until_ns FROM claims WHERE key = ?1 AND boot = ?2 AND until_ns > ?3",
            [.text(key), .text(boot), .integer(Int(now.nanoseconds))]
        ) { row in
            (
                Claim(key: key, owner: row.text(1) ?? "", fence: Int64(row.integer(0) ?? 0)),
                Moment(nanoseconds: Int64(row.integer(2) ?? 0))
            )
        }.first
    }

    /// When an owner is or was missed; `nil` when it never said that it lives.
    private func missing(of owner: String) throws -> Moment? {
        try connection.rows(
            "SELECT until_ns FROM owners WHERE owner = ?1 AND boot = ?2", [.text(owner), .text(boot)]
        ) { Moment(nanoseconds: Int64($0.integer(0) ?? 0)) }.first
    }

    private func isValid(_ claim: Claim, now: Moment) throws -> Bool {
        try holder(of: claim.key, now: now)?.claim == claim
    }

    private func tell(_ values: [SQLValue]) throws {
        try connection.run("INSERT INTO news (key, fence, owner, note) VALUES (?1, ?2, ?3, ?4)", values)
        changes += 1
        if changes.isMultiple(of: Self.changesBetweenSweeps) { try sweep() }
        // Before the commit: a process that is killed behind it has told of it. Who hears it waits for the lock.
        try bell.ring()
    }

    private func sweep() throws {
        try connection.run(
            "DELETE FROM news WHERE number <= (SELECT max(number) FROM news) - ?1", [.integer(Self.newsLimit)])
        try connection.run(
            "DELETE FROM completions WHERE made_ms < ?1",
            [.integer(Int(time.wallMilliseconds() - retention.nanoseconds / 1_000_000))])
        try connection.run(
            "DELETE FROM claims WHERE boot != ?1 OR until_ns <= ?2",
            [.text(boot), .integer(Int(time.now().nanoseconds))])
        try connection.run(
            "DELETE FROM owners WHERE boot != ?1 OR until_ns <= ?2",
            [.text(boot), .integer(Int(time.now().nanoseconds - retention.nanoseconds))])
    }
}
