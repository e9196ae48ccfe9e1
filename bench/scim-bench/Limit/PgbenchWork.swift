// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What pgbench does in turn with a scenario.
struct PgbenchWork: Sendable, CustomStringConvertible {
    struct Script: Sendable {
        let text: String
        /// How often it is run beside the others.
        var weight = 1
        /// What each of its transactions adds to the tables.
        let adds: LimitSchema.Counts
    }

    /// As in the report.
    let name: String
    let scripts: [Script]
    /// Variables of the scripts; pgbench sends them as parameters.
    var definitions: [(name: String, value: String)] { [LimitScript.definition] }
    /// How many writes a transaction is.
    var operations = 1
    /// Users that are there before: ``LimitSchema/fill(users:)``.
    var users = 0

    var description: String { name }

    private static let create = LimitSchema.Counts(resources: 1, claims: 2, jobs: 1)

    static let creates = PgbenchWork(
        name: "pgbench -M prepared, one statement", scripts: [Script(text: LimitScript.text(users: 1), adds: create)])

    /// - Parameter size: Users of a transaction.
    static func bulk(size: Int) -> PgbenchWork {
        let each = Int64(size)
        return PgbenchWork(
            name: "pgbench -M prepared, one statement for \(size) users",
            scripts: [
                Script(
                    text: LimitScript.text(users: size),
                    adds: LimitSchema.Counts(resources: each, claims: 2 * each, jobs: each))
            ], operations: size)
    }

    /// - Parameter users: At least as many as there are clients.
    static func updates(users: Int) -> PgbenchWork {
        PgbenchWork(
            name: "pgbench -M prepared, read and update",
            scripts: [Script(text: LimitScript.updateText, adds: LimitSchema.Counts(jobs: 1, changes: 1))], users: users
        )
    }

    static func mixed(users: Int) -> PgbenchWork {
        PgbenchWork(
            name: "pgbench -M prepared, \(MixedRequests.readsPerCreate) reads for each create",
            scripts: [
                Script(
                    text: LimitScript.readText, weight: MixedRequests.readsPerCreate, adds: LimitSchema.Counts()),
                Script(text: LimitScript.text(users: 1), adds: create),
            ], users: users)
    }
}
