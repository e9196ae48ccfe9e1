// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How much the database holds of each user, and of each write: measured, for others to be worked out from.
struct DirectorySize: Sendable, Equatable {
    struct Table: Sendable, Equatable {
        let name: String
        /// Bytes for each of ``of``, without indexes.
        let heap: Double
        let indexes: Double

        var all: Double { heap + indexes }
    }

    /// What is there as long as a user is.
    private static let userTables = ["resource", "unique_claim", "external_id", "resource_sync", "udm_object"]
    /// What a write leaves for `HISTORY_DAYS`.
    private static let writeTables = ["job_history"]

    let users: Int
    let writes: Int
    /// For each user.
    let ofUser: [Table]
    /// For each write.
    let ofWrite: [Table]

    var bytesOfUser: Double { ofUser.reduce(0) { $0 + $1.all } }
    var bytesOfWrite: Double { ofWrite.reduce(0) { $0 + $1.all } }

    /// After a VACUUM, so that nothing is counted that is on its way out.
    static func measure(_ sizes: TableSizes) async throws -> DirectorySize? {
        try await sizes.vacuum(userTables + writeTables)
        let users = Int(try await sizes.count("resource"))
        let writes = Int(try await sizes.count("job_history"))
        guard users > 0, writes > 0 else { return nil }
        let found = try await sizes.sizes(of: userTables + writeTables)
        func tables(_ names: [String], _ count: Int) -> [Table] {
            names.compactMap { name in
                found[name].map {
                    Table(
                        name: name, heap: Double($0.heap) / Double(count), indexes: Double($0.indexes) / Double(count))
                }
            }
        }
        return DirectorySize(
            users: users, writes: writes, ofUser: tables(userTables, users), ofWrite: tables(writeTables, writes))
    }
}
