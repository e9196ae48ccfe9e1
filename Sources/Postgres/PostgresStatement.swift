// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One SQL statement with `$1`, `$2` … as parameters, each of them cast (`$1::uuid`), so that types are never guessed.
///
/// A named statement is prepared once per connection, when it is first used there, and again after a reconnect.
/// Two statements may share a name: they are told apart by their text.
package struct PostgresStatement: Sendable, Hashable {
    package let name: String
    package let sql: String

    package init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }

    /// An unnamed statement is parsed at every use: for SQL that is put together at run time, such as a filter.
    package init(unnamed sql: String) { self.init("", sql) }

    var isNamed: Bool { !name.isEmpty }

    // The name alone spreads statements well enough; hashing the whole text at every execution would not be free.
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
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
