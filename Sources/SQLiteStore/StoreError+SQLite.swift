// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import CSQLite

extension StoreError {
    /// Turns a result code of SQLite into an error.
    ///
    /// - Parameters:
    ///   - result: the code, extended or not.
    ///   - text: what SQLite says about it.
    ///   - action: what was being done, such as `write to`.
    ///   - path: the database's path.
    ///
    /// Source: <https://www.sqlite.org/rescode.html>
    init(result: Int32, text: String, action: String, path: String) {
        let said = "cannot \(action) the database \(path): \(text)"
        // The low byte is the primary code.
        switch result & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .busy, said, advice: "Another martlet is writing to it; try again when that is done.",
                isRetryable: true)
        case SQLITE_FULL, SQLITE_IOERR:
            self.init(.writeFailed, said, advice: "Free space on that disk; the same command then goes on.")
        case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH:
            self.init(
                .unopenable, said, advice: "Check that the directory exists and may be written to, or choose another.")
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(path: path, reason: text)
        default: self.init(.failed, "\(said) (SQLite code \(result))")
        }
    }

    /// The database is damaged, or is none of ours.
    static func corrupt(path: String, reason: String) -> StoreError {
        StoreError(
            .corrupt, "the database \(path) cannot be used: \(reason)",
            advice: "Move the file and its -wal and -shm neighbours away; what it held then begins anew.")
    }
}
