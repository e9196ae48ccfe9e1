// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The statements that one session of the server has prepared, each under a name of its own.
///
/// Of those that are put together at run time there is no end, and each takes memory here and on the server: only the
/// ones that were used last stay.
struct PreparedStatements {
    /// Of ``PostgresStatement/isOneOfMany``.
    static let largestCount = 32

    private var names: [PostgresStatement: String] = [:]
    /// Of those that are one of many: when each was used, in numbers that rise.
    private var uses: [PostgresStatement: UInt64] = [:]
    private var lastUse: UInt64 = 0

    func contains(_ statement: PostgresStatement) -> Bool { names[statement] != nil }

    /// - Returns: nil when it is not prepared.
    mutating func nameForUse(of statement: PostgresStatement) -> String? {
        guard let name = names[statement] else { return nil }
        noteUse(of: statement)
        return name
    }

    mutating func add(_ statement: PostgresStatement, as name: String) {
        names[statement] = name
        noteUse(of: statement)
    }

    mutating func remove(_ statement: PostgresStatement) {
        names[statement] = nil
        uses[statement] = nil
    }

    /// What to give up next, the one that was not used for longest; nil as long as there are not too many.
    var excess: (statement: PostgresStatement, name: String)? {
        guard uses.count > Self.largestCount, let oldest = uses.min(by: { $0.value < $1.value })?.key else {
            return nil
        }
        return names[oldest].map { (oldest, $0) }
    }

    private mutating func noteUse(of statement: PostgresStatement) {
        guard statement.isOneOfMany else { return }
        lastUse += 1
        uses[statement] = lastUse
    }
}
