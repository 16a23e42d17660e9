// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// A `JobStore` in an SQLite file.
///
/// Every call is one transaction, synced to the disk (WAL, `synchronous =
/// FULL`) before it returns. Several processes may use one file at a time; the
/// file MUST be on a local disk, since WAL needs shared memory:
/// <https://www.sqlite.org/wal.html>.
///
/// Calls wait for the disk on a queue of the store's own.
package actor SQLiteJobStore: JobStore {
    private nonisolated let executor: QueueExecutor
    let connection: Connection
    let json: JSONText
    /// The plans that are known to be in the file, with the revision at which they were.
    private var plans: [JobID: (revision: Int, plan: JobPlan?)] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the database, and makes it when it is missing. Its directory must exist.
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - busyTimeout: how long a call waits for other processes, default 5 s.
    /// - Throws: `StoreError`: `unopenable`, `corrupt`, `newerSchema`, `busy`, `writeFailed`.
    package static func open(path: String, busyTimeout: Duration = .seconds(5)) async throws -> SQLiteJobStore {
        let executor = QueueExecutor(label: "martlet.job-store")
        return try await executor.run {
            try SQLiteJobStore(path: path, busyTimeout: busyTimeout, executor: executor)
        }
    }

    private init(path: String, busyTimeout: Duration, executor: QueueExecutor) throws {
        self.executor = executor
        connection = try Connection(
            path: path, busyMilliseconds: Int32(clamping: busyTimeout.nanoseconds / 1_000_000))
        json = JSONText(path: path)
        try Schema.migrate(connection)
    }

    // MARK: Jobs

    package func insert(_ job: JobRecord) async throws -> Bool {
        let values: [SQLValue] = [
            .text(job.id.text), .text(job.name), .text(job.source), try json.encode(job.fingerprint),
            .text(job.output), try json.encode(job.parameters), .integer(job.priority.rawValue),
            .text(job.state.rawValue), .optional(job.failure), .integer(job.revision),
            .integer(Int(job.createdMilliseconds)), try encoded(job.publication), try encoded(job.service),
            .text(job.verification.rawValue), .integer(job.overwrite ? 1 : 0),
        ]
        let isNew = try connection.transaction {
            let changed = try connection.run(
                """
                INSERT INTO jobs (id, name, source, fingerprint_json, output, parameters_json, priority, state,
                    failure, revision, created_ms, publication_json, service_json, verification, overwrite)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING
                """, values)
            if changed == 1 { try write(job.plan, of: job.id) }
            return changed == 1
        }
        if isNew { plans[job.id] = (job.revision, job.plan) }
        return isNew
    }

    package func job(_ id: JobID) async throws -> JobRecord? {
        if let kept = plans[id] {
            guard var job = try readJobs("WHERE id = ?1", [.text(id.text)], hasPlans: false).first else { return nil }
            if kept.revision == job.revision {
                job.plan = kept.plan
                return job
            }
        }
        guard let job = try readJobs("WHERE id = ?1", [.text(id.text)]).first else { return nil }
        // What is over changes no more, and is looked at for as long as there are users.
        if !job.state.isFinal { plans[id] = (job.revision, job.plan) }
        return job
    }

    package func jobs() async throws -> [JobRecord] {
        try readJobs("ORDER BY created_ms, jobs.rowid", [])
    }

    package func jobs(_ query: JobQuery) async throws -> [JobRecord] {
        var conditions: [String] = []
        var values: [SQLValue] = [.integer(query.limit)]
        func place(_ value: SQLValue) -> String {
            values.append(value)
            return "?\(values.count)"
        }
        if !query.states.isEmpty {
            let states = query.states.map { place(.text($0.rawValue)) }
            conditions.append("state IN (\(states.joined(separator: ", ")))")
        }
        if let after = query.after {
            let (time, id) = (place(.integer(Int(after.createdMilliseconds))), place(.text(after.id.text)))
            conditions.append("(created_ms, id) < (\(time), \(id))")
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try readJobs("\(filter) ORDER BY created_ms DESC, id DESC LIMIT ?1", values, hasPlans: false)
    }

    package func jobCounts() async throws -> [JobState: Int] {
        let rows = try connection.rows("SELECT state, count(*) FROM jobs GROUP BY state") { row in
            (try known(JobState(rawValue: row.text(0) ?? ""), "job state"), row.integer(1) ?? 0)
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    package func taskCounts(of job: JobID) async throws -> [TaskState: Int] {
        let rows = try connection.rows(
            "SELECT state, count(*) FROM tasks WHERE job = ? GROUP BY state", [.text(job.text)]
        ) { row in
            (try known(TaskState(rawValue: row.text(0) ?? ""), "task state"), row.integer(1) ?? 0)
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    package func update(_ job: JobRecord) async throws -> Int? { try update(job) {} }

    package func renew(_ job: JobRecord, tasks: [TaskRecord]) async throws -> Int? {
        try update(job) {
            for table in ["attempts", "artifacts", "tasks", "specifications"] { try clear(table, of: job.id) }
            try add(tasks)
        }
    }

    /// As the other, and does more in the same transaction when the job's revision is right.
    private func update(_ job: JobRecord, andThen more: () throws -> Void) throws -> Int? {
        var values: [SQLValue] = [
            .text(job.id.text), .integer(job.revision), .text(job.name), .text(job.source),
            try json.encode(job.fingerprint), .text(job.output), try json.encode(job.parameters),
        ]
        values += [.integer(job.priority.rawValue), .text(job.state.rawValue), .optional(job.failure)]
        values += [try encoded(job.publication), try encoded(job.service)]
        values += [.text(job.verification.rawValue), .integer(job.overwrite ? 1 : 0)]
        // A plan can be a megabyte, and states change often: it is written only when it changed.
        let isPlanKept = plans[job.id].map { $0.revision == job.revision && $0.plan == job.plan } ?? false
        let isCurrent = try connection.transaction {
            let changed = try connection.run(
                """
                UPDATE jobs SET revision = revision + 1, name = ?3, source = ?4, fingerprint_json = ?5,
                    output = ?6, parameters_json = ?7, priority = ?8, state = ?9, failure = ?10,
                    publication_json = ?11, service_json = ?12, verification = ?13, overwrite = ?14
                WHERE id = ?1 AND revision = ?2
                """, values)
            guard changed == 1 else { return false }
            if !isPlanKept { try write(job.plan, of: job.id) }
            try more()
            return true
        }
        plans[job.id] = isCurrent && !job.state.isFinal ? (job.revision + 1, job.plan) : nil
        return isCurrent ? job.revision + 1 : nil
    }

    package func remove(_ job: JobID) async throws {
        plans[job] = nil
        try connection.transaction {
            for table in ["attempts", "artifacts", "tasks", "specifications", "plans"] { try clear(table, of: job) }
            try connection.run("DELETE FROM jobs WHERE id = ?1", [.text(job.text)])
        }
    }

    private func clear(_ table: String, of job: JobID) throws {
        try connection.run("DELETE FROM \(table) WHERE job = ?1", [.text(job.text)])
    }

    private func encoded(_ value: (some Encodable)?) throws -> SQLValue {
        try value.map { try json.encode($0) } ?? .null
    }

    private func write(_ plan: JobPlan?, of job: JobID) throws {
        guard let plan else {
            try connection.run("DELETE FROM plans WHERE job = ?1", [.text(job.text)])
            return
        }
        try connection.run(
            """
            INSERT INTO plans (job, plan_json) VALUES (?1, ?2)
            ON CONFLICT (job) DO UPDATE SET plan_json = excluded.plan_json
            """, [.text(job.text), try json.encode(plan)])
    }

    private func readJobs(_ clause: String, _ values: [SQLValue], hasPlans: Bool = true) throws -> [JobRecord] {
        let (plan, source) =
            hasPlans ? ("plan_json", "jobs LEFT JOIN plans ON plans.job = jobs.id") : ("NULL", "jobs")
        return try connection.rows(
            """
            SELECT id, name, source, fingerprint_json, output, parameters_json, priority, state, \(plan), failure,
                revision, created_ms, publication_json, service_json, verification, overwrite
            FROM \(source) \(clause)
            """, values
        ) { row in
            JobRecord(
                id: JobID(row.text(0) ?? ""), name: row.text(1) ?? "", source: row.text(2) ?? "",
                fingerprint: try json.decode(Fingerprint.self, row.text(3)), output: row.text(4) ?? "",
                parameters: try json.decode(TranscodeParameters.self, row.text(5)),
                priority: try known(Priority(rawValue: row.integer(6) ?? -1), "priority"),
                verification: try known(VerificationLevel(rawValue: row.text(14) ?? ""), "verification"),
                overwrite: row.integer(15) == 1,
                state: try known(JobState(rawValue: row.text(7) ?? ""), "job state"),
                plan: try row.text(8).map { try json.decode(JobPlan.self, $0) }, failure: row.text(9),
                publication: try row.text(12).map { try json.decode(Publication.self, $0) },
                service: try row.text(13).map { try json.decode(ServiceFacts.self, $0) },
                revision: row.integer(10) ?? 0, createdMilliseconds: Int64(row.integer(11) ?? 0))
        }
    }

    /// The value, or an error when the text in the file has no meaning here.
    func known<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else {
            throw StoreError.corrupt(path: connection.path, reason: "it has an unknown \(name)")
        }
        return value
    }
}
