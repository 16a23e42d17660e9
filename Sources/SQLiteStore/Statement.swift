// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import CSQLite

/// A value that goes into a statement.
enum SQLValue: Equatable {
    case null
    case integer(Int)
    case real(Double)
    case text(String)

    /// A text that may be missing.
    static func optional(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    /// A whole number that may be missing.
    static func optional(_ number: Int?) -> SQLValue { number.map(SQLValue.integer) ?? .null }
    /// A number that may be missing.
    static func optional(_ number: Double?) -> SQLValue { number.map(SQLValue.real) ?? .null }
}

/// One prepared statement. Used by one thread at a time.
///
/// Source: <https://www.sqlite.org/c3ref/stmt.html>
final class Statement {
    private let handle: OpaquePointer
    private let connection: Connection.Handle

    /// Compiles `sql`, to be kept for long.
    init(_ sql: String, on connection: Connection.Handle) throws {
        var handle: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let result = sqlite3_prepare_v3(connection.pointer, sql, -1, flags, &handle, nil)
        guard result == SQLITE_OK, let handle else { throw connection.error(result, while: "prepare a statement for") }
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// Sets all parameters, the first is `?1`.
    func bind(_ values: [SQLValue]) throws {
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            let result =
                switch value {
                case .null: sqlite3_bind_null(handle, position)
                case .integer(let number): sqlite3_bind_int64(handle, position, Int64(number))
                case .real(let number): sqlite3_bind_double(handle, position, number)
                case .text(let text): sqlite3_bind_text(handle, position, text, -1, martlet_sqlite_transient())
                }
            guard result == SQLITE_OK else { throw connection.error(result, while: "hand values to") }
        }
    }

    /// Goes to the next row; `false` when there is none.
    func step() throws -> Bool {
        let result = sqlite3_step(handle)
        switch result {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw connection.error(result, while: sqlite3_stmt_readonly(handle) == 0 ? "write to" : "read")
        }
    }

    /// Makes it ready for other values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// The text in a column of the current row, from 0; `nil` for NULL.
    func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        return String(cString: bytes)
    }

    /// The whole number in a column of the current row, from 0; `nil` for NULL.
    func integer(_ column: Int32) -> Int? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        return Int(sqlite3_column_int64(handle, column))
    }

    /// The number with a fraction in a column of the current row, from 0; `nil` for NULL.
    func real(_ column: Int32) -> Double? {
        guard sqlite3_column_type(handle, column) != SQLITE_NULL else { return nil }
        return sqlite3_column_double(handle, column)
    }
}
