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
    /// What stands for several uses of it that are sent together; nil: nothing does.
    package let gathered: Gathered?

    package init(_ name: String, _ sql: String) { self.init(name, sql, isOneOfMany: false) }

    /// For a read that finds one row at most, by an id in one of its parameters. Of those that a ``PostgresPipeline`` for reads sends together, and that
    /// differ in nothing else, it makes one statement.
    ///
    /// - Parameters:
    ///   - key: The number of that parameter, 2 for `$2`; a `uuid`.
    ///   - gathered: The same for a `uuid[]` in its place. It has one more column, the last, of the type `int8`: for which id of the array a row is, 1 for
    ///     the first.
    package init(_ name: String, _ sql: String, key: Int, gathered: String) {
        self.init(
            name, sql, isOneOfMany: false,
            gathered: Gathered(statement: PostgresStatement("\(name)_gathered", gathered), key: key - 1))
    }

    /// For SQL that is put together at run time and likely to come again with other values. A ``PostgresPipeline`` takes
    /// it as unnamed, and so is everywhere a very long one.
    package init(oneOfMany name: String, _ sql: String) {
        let isShort = sql.utf8.count <= Self.longestOfMany
        self.init(isShort ? name : "", sql, isOneOfMany: isShort)
    }

    /// An unnamed statement is parsed and planned at every use: for SQL that is put together at run time, such as a filter.
    package init(unnamed sql: String) { self.init("", sql) }

    private init(_ name: String, _ sql: String, isOneOfMany: Bool, gathered: Gathered? = nil) {
        self.name = name
        self.sql = sql
        self.isOneOfMany = isOneOfMany
        self.gathered = gathered
    }

    /// The form of a statement for many ids.
    package final class Gathered: Sendable {
        package let statement: PostgresStatement
        /// The index of the parameter that they differ in.
        let key: Int

        init(statement: PostgresStatement, key: Int) {
            self.statement = statement
            self.key = key
        }
    }

    var isNamed: Bool { !name.isEmpty }

    package static func == (left: PostgresStatement, right: PostgresStatement) -> Bool {
        left.name == right.name && left.sql == right.sql && left.isOneOfMany == right.isOneOfMany
    }

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

    /// Whether one statement can stand for both: they differ in the id that they look for at most.
    func isGathered(with other: PostgresCommand) -> Bool {
        guard let gathered = statement.gathered, statement == other.statement, key != nil, other.key != nil,
            parameters.count == other.parameters.count
        else { return false }
        return parameters.indices.allSatisfy { index in
            index == gathered.key || parameters[index].isSameScalar(as: other.parameters[index])
        }
    }

    /// One statement for several, of which each ``isGathered(with:)`` the first.
    static func gathering(_ commands: some Collection<PostgresCommand>) -> PostgresCommand? {
        guard let first = commands.first, let gathered = first.statement.gathered else { return nil }
        var parameters = first.parameters
        parameters[gathered.key] = .uuidArray(commands.map(\.key))
        return PostgresCommand(gathered.statement, parameters)
    }

    /// The id that the command is for, if there is a form of it for many.
    private var key: (high: UInt64, low: UInt64)? {
        guard let gathered = statement.gathered, parameters.indices.contains(gathered.key),
            case .uuid(let high, let low) = parameters[gathered.key]
        else { return nil }
        return (high, low)
    }
}
