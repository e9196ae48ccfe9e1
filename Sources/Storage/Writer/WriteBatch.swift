// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

/// Operations that share one transaction: at most one statement a kind and tenant, deletes first and creates last.
///
/// No two of them touch the same resource or claim.
struct WriteBatch {
    /// Whether a statement waits for a locked row or leaves it out, as a batch does.
    enum Locking { case skips, waits }

    let commands: [PostgresCommand]
    /// Of each command, the operations that its result is about.
    private let subjects: [[Int]]
    private let operations: [WriteOperation]

    /// - Parameter generation: Of the prepared statements, see ``PlannedStatement``.
    init(_ operations: [WriteOperation], locking: Locking, generation: Int) {
        self.operations = operations
        var commands: [PostgresCommand] = []
        var subjects: [[Int]] = []
        for (tenant, indices) in Self.byTenant(operations) {
            var creates: [Int] = []
            var updates: [Int] = []
            var deletes: [Int] = []
            // Rows in the order of their ids: so are the locks.
            for index in indices.sorted(by: { operations[$0].id < operations[$1].id }) {
                switch operations[index].action {
                case .create: creates.append(index)
                case .update: updates.append(index)
                case .delete: deletes.append(index)
                }
            }
            func add(
                _ statement: PlannedStatement, _ indices: [Int],
                _ parameters: ([WriteOperation]) -> [PostgresParameter]
            ) {
                guard !indices.isEmpty else { return }
                let columns = parameters(indices.map { operations[$0] })
                commands.append(
                    PostgresCommand(statement.statement(generation: generation), [.text(tenant)] + columns))
                subjects.append(indices)
            }
            if !deletes.isEmpty {
                add(WriteStatements.lockDeleted, deletes) { [.textArray($0.map(\.type.rawValue)), .ids($0.map(\.id))] }
                add(WriteStatements.lockGroups, deletes) { [.ids($0.map(\.id))] }
                add(WriteStatements.delete, deletes, Self.deleteColumns)
            }
            add(locking == .skips ? WriteStatements.update : WriteStatements.updateAlone, updates, Self.updateColumns)
            add(WriteStatements.create, creates, Self.createColumns)
        }
        self.commands = commands
        self.subjects = subjects
    }

    /// - Parameter results: One for each command.
    func outcomes(_ results: [PostgresResult]) throws(PostgresError) -> [WriteOutcome] {
        var outcomes = [WriteOutcome](repeating: .unmatched, count: operations.count)
        for (indices, result) in zip(subjects, results) where !indices.isEmpty && result.columnCount > 0 {
            var answers: [ResourceID: WriteOutcome] = [:]
            answers.reserveCapacity(result.rowCount)
            for row in result { answers[try row.id(0)] = try Self.outcome(row) }
            for index in indices { outcomes[index] = answers[operations[index].id] ?? .unmatched }
        }
        return outcomes
    }

    private static func outcome(_ row: PostgresRow) throws(PostgresError) -> WriteOutcome {
        if let revision = try row.optionalInt(1) {
            return .written(revision: revision, order: try row.int(2), created: try row.time(3))
        }
        let kind = try row.string(4)
        guard let kind = UniqueClaim.Kind(rawValue: kind) else {
            throw PostgresError(kind: .decoding, message: "unknown kind of claim: \(kind)")
        }
        return .clash(UniqueClaim(kind: kind, value: try row.string(5)))
    }

    /// In the order of the tenants, so that batches of two processes lock in the same order.
    private static func byTenant(_ operations: [WriteOperation]) -> [(String, [Int])] {
        guard let first = operations.first else { return [] }
        guard operations.contains(where: { $0.tenant != first.tenant }) else {
            return [(first.tenant, Array(operations.indices))]
        }
        return Dictionary(grouping: operations.indices) { operations[$0].tenant }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    // MARK: - Columns

    private static func createColumns(_ operations: [WriteOperation]) -> [PostgresParameter] {
        contentColumns(operations) + claimColumns(operations, \.newClaims)
    }

    private static func updateColumns(_ operations: [WriteOperation]) -> [PostgresParameter] {
        contentColumns(operations) + [.intArray(operations.map(\.expectedRevision))]
            + claimColumns(operations, \.newClaims) + claimColumns(operations, \.removedClaims)
    }

    private static func deleteColumns(_ operations: [WriteOperation]) -> [PostgresParameter] {
        [
            .ids(operations.map(\.id)), .textArray(operations.map(\.type.rawValue)), .times(operations.map(\.time)),
            .ids(operations.map(\.jobID)),
        ] + contextColumns(operations) + [.intArray(operations.map(\.expectedRevision))]
    }

    private static func contentColumns(_ operations: [WriteOperation]) -> [PostgresParameter] {
        [
            .ids(operations.map(\.id)), .textArray(operations.map(\.type.rawValue)),
            .jsonArray(operations.map { $0.content?.attributes }), .times(operations.map(\.time)),
            .textArray(operations.map { $0.content?.externalId }), .ids(operations.map(\.jobID)),
        ] + contextColumns(operations) + [.bytesArray(operations.map { $0.content?.secret })]
    }

    private static func contextColumns(_ operations: [WriteOperation]) -> [PostgresParameter] {
        [
            .textArray(operations.map(\.context.client)), .textArray(operations.map(\.context.requestID)),
            .textArray(operations.map(\.context.traceParent)), .textArray(operations.map(\.context.lane)),
        ]
    }

    private static func claimColumns(
        _ operations: [WriteOperation], _ claims: (WriteOperation) -> [UniqueClaim]
    ) -> [PostgresParameter] {
        var ids: [ResourceID] = []
        var kinds: [String?] = []
        var values: [String?] = []
        for operation in operations {
            for claim in claims(operation) {
                ids.append(operation.id)
                kinds.append(claim.kind.rawValue)
                values.append(claim.value)
            }
        }
        return [.ids(ids), .textArray(kinds), .textArray(values)]
    }
}
