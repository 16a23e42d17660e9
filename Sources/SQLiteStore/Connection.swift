// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import CSQLite

/// One connection to a database file. Used by one thread at a time.
final class Connection {
    /// The C handle; closed when the last statement that uses it is gone.
    final class Handle {
        let pointer: OpaquePointer
        let path: String

        init(path: String) throws {
            var pointer: OpaquePointer?
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
            let result = sqlite3_open_v2(path, &pointer, flags, nil)
            guard result == SQLITE_OK, let pointer else {
                let text = String(cString: sqlite3_errstr(result))
                sqlite3_close_v2(pointer)
                throw StoreError(result: result, text: text, action: "open", path: path)
            }
            self.pointer = pointer
            self.path = path
        }

        deinit { sqlite3_close_v2(pointer) }

        func error(_ result: Int32, while action: String) -> StoreError {
            StoreError(
                result: result, text: String(cString: sqlite3_errmsg(pointer)), action: action, path: path)
        }
    }

    private let handle: Handle
    private var statements: [String: Statement] = [:]

    /// Opens the database, makes it when it is missing, and sets it up so that
    /// a committed transaction survives a loss of power.
    ///
    /// - Parameter busyMilliseconds: how long to wait for other processes.
    init(path: String, busyMilliseconds: Int32 = 5000) throws {
        handle = try Handle(path: path)
        sqlite3_busy_timeout(handle.pointer, busyMilliseconds)
        // In WAL mode only FULL syncs at every commit: <https://www.sqlite.org/pragma.html#pragma_synchronous>
        try execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    }

    /// The database's path.
    var path: String { handle.path }

    /// Runs statements without values, one after the other.
    func execute(_ sql: String) throws {
        let result = sqlite3_exec(handle.pointer, sql, nil, nil, nil)
        guard result == SQLITE_OK else { throw handle.error(result, while: "set up") }
    }

    /// Runs one statement to its end; returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue] = []) throws -> Int {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
        return Int(sqlite3_changes(handle.pointer))
    }

    /// Runs one statement and reads its rows.
    func rows<Row>(_ sql: String, _ values: [SQLValue] = [], read: (Statement) throws -> Row) throws -> [Row] {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(values)
        var rows: [Row] = []
        while try statement.step() { rows.append(try read(statement)) }
        return rows
    }

    /// Runs `body` in a transaction that holds the write lock from its start; undone when it throws.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try run("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            // SQLite may have rolled back on its own (disk full); the first error is the one that counts.
            if sqlite3_get_autocommit(handle.pointer) == 0 { _ = try? run("ROLLBACK") }
            throw error
        }
    }

    private func prepared(_ sql: String) throws -> Statement {
        if let statement = statements[sql] { return statement }
        let statement = try Statement(sql, on: handle)
        statements[sql] = statement
        return statement
    }
}
