// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// The only owner of one `PGresult`, cleared once. libpq never changes a result after handing it out, so any thread
/// may read it: hence `@unchecked Sendable`.
final class ResultHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(adopting pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    func columnName(_ column: Int) -> String {
        guard let name = PQfname(pointer, Int32(column)) else { return "\(column)" }
        return String(cString: name)
    }
}

/// What one statement answered; its rows are decoded when they are asked for.
package struct PostgresResult: Sendable {
    private let handle: ResultHandle
    /// All that there are, or those of one caller, where several share a statement.
    private let rows: Range<Int>

    init(_ handle: ResultHandle) { self.init(handle, rows: 0..<handle.rowCount) }

    init(_ handle: ResultHandle, rows: Range<Int>) {
        self.handle = handle
        self.rows = rows
    }

    package var rowCount: Int { rows.count }

    package var columnCount: Int { handle.columnCount }

    package var columnNames: [String] { (0..<handle.columnCount).map { handle.columnName($0) } }

    /// How many rows INSERT, UPDATE, DELETE, MERGE, SELECT or COPY touched or returned; 0 for other statements.
    package var affectedRows: Int {
        if rows.count < handle.rowCount { return rows.count }
        guard let text = PQcmdTuples(handle.pointer) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// The server's word for what it did, such as `INSERT 0 1` or `ROLLBACK`.
    var commandTag: String {
        guard let text = PQcmdStatus(handle.pointer) else { return "" }
        return String(cString: text)
    }
}

extension PostgresResult: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { rows.count }

    package subscript(row: Int) -> PostgresRow {
        precondition(row >= 0 && row < rows.count, "row \(row) of \(rows.count)")
        return PostgresRow(handle: handle, index: Int32(rows.lowerBound + row))
    }
}
