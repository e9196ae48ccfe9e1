// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension BenchSession {
    /// pgbench on the database of the bridge; nil without `--database-url`. Its ``LimitSchema`` must be removed at the end: see
    /// ``compare(_:limit:)``.
    ///
    /// - Parameter migrations: Their folder.
    func makeLimit(_ work: PgbenchWork, migrations: String, threads: Int) async throws -> PgbenchLimit? {
        guard let server else { return nil }
        let program = try Self.pgbench()
        let schema = try await LimitSchema.create(server.configuration, migrations: migrations)
        do {
            try await schema.fill(users: work.users)
        } catch {
            // What stopped the bench is what its user has to know.
            try? await schema.remove()
            throw error
        }
        return PgbenchLimit(
            program: program, schema: schema, work: work, configuration: server.configuration, threads: threads,
            seed: seed)
    }

    /// Measures one after the other, with one progress bar for all, and removes what the limit has made, also after a failure.
    func compare(_ comparisons: [Comparison], limit: PgbenchLimit? = nil) async throws -> [Round] {
        var rounds: [Round] = []
        do {
            if let first = comparisons.first {
                first.progress.begin(steps: comparisons.reduce(0) { $0 + $1.steps }, window: first.plan.window)
            }
            defer { comparisons.first?.progress.end() }
            for comparison in comparisons { rounds += try await comparison.run() }
        } catch {
            // What stopped the bench is what its user has to know.
            try? await limit?.schema.remove()
            throw error
        }
        try await limit?.schema.remove()
        return rounds
    }

    /// How accepted users are proven.
    func verification(_ choice: VerificationChoice?) throws -> AcceptScenario.Verification {
        switch (choice, server) {
        case (.samples, _), (nil, nil): return .samples
        case (_, let server?): return .database(AcceptedUsers(configuration: server.configuration))
        case (.database, nil): throw BenchFailure("--verify database needs --database-url")
        }
    }

    /// The same seed twice would be answered with conflicts.
    func refuseUsed(_ names: UserNames, _ verification: AcceptScenario.Verification) async throws {
        guard case .database(let users) = verification else { return }
        if try await users.holdsAny(prefix: names.benchPrefix) {
            throw BenchFailure("users of the seed \(names.seed) are in the database already. Use another --seed")
        }
    }
}
