// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The tables of a claim store.
enum ClaimSchema {
    private static let version = 2
    private static let tables = """
        CREATE TABLE claims (
            key TEXT PRIMARY KEY,
            fence INTEGER NOT NULL,
            owner TEXT NOT NULL,
            boot TEXT NOT NULL,
            until_ns INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE completions (
            key TEXT PRIMARY KEY,
            fence INTEGER NOT NULL,
            owner TEXT NOT NULL,
            note TEXT NOT NULL,
            made_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX completions_by_time ON completions (made_ms);
        CREATE TABLE news (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            fence INTEGER,
            owner TEXT,
            note TEXT
        ) STRICT;
        CREATE TABLE fences (last INTEGER NOT NULL) STRICT;
        INSERT INTO fences VALUES (0);
        """
    /// What came with version 2.
    private static let owners = """
        CREATE TABLE owners (
            owner TEXT PRIMARY KEY,
            boot TEXT NOT NULL,
            until_ns INTEGER NOT NULL
        ) STRICT;
        """

    /// Makes the tables where they are missing, and adds what an older version did not have.
    ///
    /// - Throws: `StoreError`: `newerSchema`, `corrupt` when it holds somebody else's tables, or what SQLite says.
    static func prepare(_ connection: Connection) throws {
        try connection.transaction {
            switch try connection.rows("PRAGMA user_version", read: { $0.integer(0) ?? 0 }).first ?? 0 {
            case version: return
            case 1: try connection.execute(owners)
            case 0:
                let foreign = try connection.rows("SELECT name FROM sqlite_schema LIMIT 1") { $0.text(0) ?? "" }
                if let table = foreign.first {
                    throw StoreError.corrupt(
                        path: connection.path, reason: "it belongs to another program (it has a table \(table))")
                }
                try connection.execute(tables)
                try connection.execute(owners)
            case let other:
                throw StoreError(
                    .newerSchema,
                    "the claims in \(connection.path) have version \(other), and this martlet knows version \(version)",
                    advice: "Update martlet, or choose another file.")
            }
            try connection.execute("PRAGMA user_version = \(version)")
        }
    }
}
