// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// Of the commands that write beside pgbench: the target, the runs, the database with the limit, and how accepted writes are proven.
struct WriteOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?
    @Option(help: "Folder of the migrations, for the tables of the limit.") var schemaFolder = "schema"
    @Option(help: "How accepted writes are proven: database (the bridge's own), or samples read by GET.")
    var verify: VerificationChoice?

    /// See ``BenchSession/run(_:_:_:seed:measure:)``.
    func bench(_ measure: @escaping @Sendable (BenchSession) async throws -> any BenchResult) async throws {
        try await BenchSession.run(
            target, run, database, seed: seed ?? .random(in: 0...UInt64.max), measure: measure)
    }

    /// - Parameters:
    ///   - connections: Unless they are given.
    ///   - budget: In seconds, unless it is given.
    func plan(_ session: BenchSession, connections: String, budget: Int) throws -> BenchPlan {
        try run.plan(connections: connections, budget: budget, sides: session.server == nil ? 1 : 2)
    }

    /// The scenario in turn with pgbench, which does the same work; alone without a database.
    ///
    /// - Returns: With the name of the limit, if there was one.
    func compare(
        _ session: BenchSession, _ scenario: some Scenario, _ work: PgbenchWork, _ plan: BenchPlan
    ) async throws -> (rounds: [Round], limitName: String?) {
        let limit = try await session.makeLimit(work, migrations: schemaFolder, threads: database.threads)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: session.generator, plan: plan, meter: session.meter,
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        return (try await session.compare([comparison], limit: limit), limit?.name)
    }
}

/// Of those that make users for themselves.
struct PoolOptions: ParsableArguments {
    @Option(help: "Users to work on; they are created first.") var users = 10_000

    func validate() throws {
        guard (1...1_000_000).contains(users) else { throw ValidationError("--users must be from 1 to 1000000") }
    }

    /// The users, created now.
    func pool(
        _ session: BenchSession, _ plan: BenchPlan, _ names: UserNames, _ verification: AcceptScenario.Verification,
        isSilent: Bool
    ) async throws -> UserPool {
        guard users >= plan.connections.reduce(0, max) else {
            throw BenchFailure("--users must be at least the number of connections: no two change the same user")
        }
        try await session.refuseUsed(names, verification)
        return try await UserPool.create(
            users, names: names, generator: session.generator, token: session.token, isSilent: isSilent)
    }

    /// For the report.
    var note: (name: String, value: String) { ("users", Figure.count(Double(users))) }
}
