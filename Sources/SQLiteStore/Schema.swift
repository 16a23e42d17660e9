// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The tables, and how older ones become newer ones.
///
/// `PRAGMA user_version` says how many of `migrations` a database has seen.
/// What is large and never changes (plans, specifications) has tables of its
/// own, so that a change of state writes a few bytes only.
enum Schema {
    /// The steps from an empty database to the present one. Steps are only ever added.
    static let migrations = [
        """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            source TEXT NOT NULL,
            fingerprint_json TEXT NOT NULL,
            output TEXT NOT NULL,
            parameters_json TEXT NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL,
            failure TEXT,
            revision INTEGER NOT NULL,
            created_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE plans (
            job TEXT PRIMARY KEY,
            plan_json TEXT NOT NULL
        ) STRICT;
        CREATE TABLE specifications (
            job TEXT NOT NULL,
            task TEXT NOT NULL,
            specification_json TEXT NOT NULL,
            PRIMARY KEY (job, task)
        ) STRICT;
        CREATE TABLE tasks (
            job TEXT NOT NULL,
            task TEXT NOT NULL,
            state TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            failures INTEGER NOT NULL,
            PRIMARY KEY (job, task)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE artifacts (
            job TEXT NOT NULL,
            task TEXT NOT NULL,
            file_name TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            count INTEGER NOT NULL,
            payload_bytes INTEGER NOT NULL,
            PRIMARY KEY (job, task)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE attempts (
            number INTEGER PRIMARY KEY,
            job TEXT NOT NULL,
            task TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            worker TEXT NOT NULL,
            started_ms INTEGER NOT NULL,
            ended_ms INTEGER,
            result_json TEXT,
            UNIQUE (job, task, epoch)
        ) STRICT;
        """,
        "ALTER TABLE artifacts ADD COLUMN score REAL;",
        "ALTER TABLE jobs ADD COLUMN publication_json TEXT;",
        """
        ALTER TABLE jobs ADD COLUMN service_json TEXT;
        CREATE INDEX jobs_by_time ON jobs (created_ms, id);
        CREATE INDEX jobs_by_state ON jobs (state, created_ms, id);
        """,
        "ALTER TABLE tasks ADD COLUMN holder TEXT;",
        """
        ALTER TABLE jobs ADD COLUMN verification TEXT NOT NULL DEFAULT 'counts';
        ALTER TABLE jobs ADD COLUMN overwrite INTEGER NOT NULL DEFAULT 0;
        """,
    ]

    /// Brings a database up to date.
    ///
    /// - Throws: `StoreError`: `newerSchema`, `corrupt` when it holds somebody
    ///   else's tables, or what SQLite says.
    static func migrate(_ connection: Connection) throws {
        guard try version(of: connection) < migrations.count else { return }
        try connection.transaction {
            // Another process may have been faster.
            let version = try version(of: connection)
            if version == 0 {
                let foreign = try connection.rows("SELECT name FROM sqlite_schema LIMIT 1") { $0.text(0) ?? "" }
                if let table = foreign.first {
                    throw StoreError.corrupt(
                        path: connection.path, reason: "it belongs to another program (it has a table \(table))")
                }
            }
            for (index, migration) in migrations.enumerated().dropFirst(version) {
                try connection.execute(migration)
                try connection.execute("PRAGMA user_version = \(index + 1)")
            }
        }
    }

    private static func version(of connection: Connection) throws -> Int {
        let version = try connection.rows("PRAGMA user_version") { $0.integer(0) ?? 0 }.first ?? 0
        guard version <= migrations.count else {
            throw StoreError(
                .newerSchema,
                "the job database \(connection.path) has version \(version), and this martlet knows up to \(migrations.count)",
                advice: "Update martlet, or choose another directory for its state.")
        }
        return version
    }
}
