// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Tasks, their results and their history.
extension SQLiteJobStore {
    package func insert(_ tasks: [TaskRecord]) async throws {
        try connection.transaction { try add(tasks) }
    }

    package func apply(_ changes: [TaskChange]) async throws {
        try connection.transaction {
            for change in changes {
                switch change {
                case .insert(let tasks): try add(tasks)
                case .update(let tasks): _ = try replace(tasks)
                case .record(let attempt): try write(attempt)
                }
            }
        }
    }

    package func tasks(of job: JobID) async throws -> [TaskRecord] {
        var last: FFmpegCommand?
        return try connection.rows(
            """
            SELECT task, specification_json, state, epoch, failures, file_name, size_bytes, sha256, count,
                payload_bytes, score, holder
            FROM tasks JOIN specifications USING (job, task) LEFT JOIN artifacts USING (job, task)
            WHERE job = ?1 ORDER BY task
            """, [.text(job.text)]
        ) { row in
            let id = TaskID(row.text(0) ?? "")
            let artifact = row.text(5).map { fileName in
                Artifact(
                    task: id, fileName: fileName, size: ByteCount(Int64(row.integer(6) ?? 0)),
                    digest: row.text(7) ?? "", count: row.integer(8) ?? 0,
                    payload: ByteCount(Int64(row.integer(9) ?? 0)), score: row.real(10))
            }
            var specification = try json.decode(TaskSpecification.self, row.text(1))
            if let last { specification.command.share(with: last) }
            last = specification.command
            return TaskRecord(
                job: job, specification: specification,
                state: try known(TaskState(rawValue: row.text(2) ?? ""), "task state"), epoch: row.integer(3) ?? 0,
                failures: row.integer(4) ?? 0, artifact: artifact, holder: row.text(11).map { WorkerID($0) })
        }
    }

    package func update(_ task: TaskRecord) async throws -> Bool {
        try await update([task]).isEmpty
    }

    package func update(_ tasks: [TaskRecord]) async throws -> [TaskID] {
        try connection.transaction { try replace(tasks) }
    }

    package func record(_ attempt: AttemptRecord) async throws { try write(attempt) }

    package func attempts(of job: JobID) async throws -> [AttemptRecord] { try readAttempts(of: job, "") }

    package func openAttempts(of job: JobID) async throws -> [AttemptRecord] {
        try readAttempts(of: job, "AND result_json IS NULL")
    }

    private func readAttempts(of job: JobID, _ condition: String) throws -> [AttemptRecord] {
        try connection.rows(
            """
            SELECT task, epoch, worker, started_ms, ended_ms, result_json FROM attempts
            WHERE job = ?1 \(condition) ORDER BY number
            """, [.text(job.text)]
        ) { row in
            AttemptRecord(
                job: job, task: TaskID(row.text(0) ?? ""), epoch: row.integer(1) ?? 0,
                worker: WorkerID(row.text(2) ?? ""), startedMilliseconds: Int64(row.integer(3) ?? 0),
                endedMilliseconds: row.integer(4).map { Int64($0) },
                result: try row.text(5).map { try json.decode(AttemptResult.self, $0) })
        }
    }

    // MARK: Within a transaction

    func add(_ tasks: [TaskRecord]) throws {
        for task in tasks {
            let key: [SQLValue] = [.text(task.job.text), .text(task.specification.id.text)]
            let changed = try connection.run(
                """
                INSERT INTO tasks (job, task, state, epoch, failures, holder)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1)
                ON CONFLICT DO NOTHING
                """, key + changeable(task))
            guard changed == 1 else { continue }
            try connection.run(
                "INSERT INTO specifications (job, task, specification_json) VALUES (?1, ?2, ?3)",
                key + [try json.encode(task.specification)])
            try write(task.artifact, key: key)
        }
    }

    private func replace(_ tasks: [TaskRecord]) throws -> [TaskID] {
        var refused: [TaskID] = []
        for task in tasks {
            let key: [SQLValue] = [.text(task.job.text), .text(task.specification.id.text)]
            let changed = try connection.run(
                """
                UPDATE tasks SET state = ?3, epoch = ?4, failures = ?5, holder = ?6
                WHERE job = ?1 AND task = ?2 AND epoch <= ?4
                """, key + changeable(task))
            if changed == 1 {
                try write(task.artifact, key: key)
            } else {
                refused.append(task.specification.id)
            }
        }
        return refused
    }

    private func write(_ attempt: AttemptRecord) throws {
        try connection.run(
            """
            INSERT INTO attempts (job, task, epoch, worker, started_ms, ended_ms, result_json)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1)
            ON CONFLICT (job, task, epoch) DO UPDATE SET worker = excluded.worker,
                started_ms = excluded.started_ms, ended_ms = excluded.ended_ms, result_json = excluded.result_json
            """,
            [
                .text(attempt.job.text), .text(attempt.task.text), .integer(attempt.epoch),
                .text(attempt.worker.text), .integer(Int(attempt.startedMilliseconds)),
                .optional(attempt.endedMilliseconds.map { Int($0) }),
                try attempt.result.map { try json.encode($0) } ?? .null,
            ])
    }

    /// What changes in the life of a task, in the order of its columns.
    private func changeable(_ task: TaskRecord) -> [SQLValue] {
        [
            .text(task.state.rawValue), .integer(task.epoch), .integer(task.failures),
            .optional(task.holder?.text),
        ]
    }

    private func write(_ artifact: Artifact?, key: [SQLValue]) throws {
        guard let artifact else {
            try connection.run("DELETE FROM artifacts WHERE job = ?1 AND task = ?2", key)
            return
        }
        try connection.run(
            """
            INSERT INTO artifacts (job, task, file_name, size_bytes, sha256, count, payload_bytes, score)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (job, task) DO UPDATE SET file_name = excluded.file_name, size_bytes = excluded.size_bytes,
                sha256 = excluded.sha256, count = excluded.count, payload_bytes = excluded.payload_bytes,
                score = excluded.score
            """,
            key + [
                .text(artifact.fileName), .integer(Int(artifact.size.bytes)), .text(artifact.digest),
                .integer(artifact.count), .integer(Int(artifact.payload.bytes)), .optional(artifact.score),
            ])
    }
}
