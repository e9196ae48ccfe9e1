// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One SQL statement with `$1`, `$2` … as parameters, each of them cast (`$1::uuid`), so that types are never guessed.
///
/// A named statement is prepared once per connection, when it is first used there, and again after a reconnect.
/// Two statements may share a name: they are told apart by their text.
package struct PostgresStatement: Sendable, Hashable {
    /// A longer one of many is not worth its memory: what it does takes longer than to plan it.
    private static let longestOfMany = 16_384

    package let name: String
    package let sql: String
    /// Put together at run time, of parts that return: a ``PostgresConnection`` keeps those prepared that were used last.
    package let isOneOfMany: Bool

    package init(_ name: String, _ sql: String) { self.init(name, sql, isOneOfMany: false) }

    /// For SQL that is put together at run time and likely to come again with other values. A ``PostgresPipeline`` takes
    /// it as unnamed, and so is everywhere a very long one.
    package init(oneOfMany name: String, _ sql: String) {
        let isShort = sql.utf8.count <= Self.longestOfMany
        self.init(isShort ? name : "", sql, isOneOfMany: isShort)
    }

    /// An unnamed statement is parsed and planned at every use: for SQL that is put together at run time, such as a filter.
    package init(unnamed sql: String) { self.init("", sql) }

    private init(_ name: String, _ sql: String, isOneOfMany: Bool) {
        self.name = name
        self.sql = sql
        self.isOneOfMany = isOneOfMany
    }

    var isNamed: Bool { !name.isEmpty }

    // Name and length spread statements well enough; hashing the whole text at every execution would not be free.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(sql.utf8.count)
    }
}

/// A statement with the values of its parameters.
package struct PostgresCommand: Sendable {
    package var statement: PostgresStatement
    package var parameters: [PostgresParameter]

    package init(_ statement: PostgresStatement, _ parameters: [PostgresParameter] = []) {
        self.statement = statement
        self.parameters = parameters
    }

    package init(statement: PostgresStatement, parameters: [PostgresParameter]) {
        self.init(statement, parameters)
    }
}
