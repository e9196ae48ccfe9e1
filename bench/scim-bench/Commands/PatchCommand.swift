// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct PatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "How many changes of one attribute a second are accepted.",
        discussion: """
            Example, the bridge beside its limit:

              scim-bench patch --url http://127.0.0.1:8080/scim/v2 --token-file token \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Any other SCIM server, without a limit, changed users read back by GET:

              scim-bench patch --url http://127.0.0.1:9000/scim/v2 --token-file token --users 1000

            It creates users of its own and does not remove them: use a server and a database made for it. No worker may be running on the \
            database. A run with errors or missing writes is void, and the exit status is 1.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var work: WorkOptions

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: work.seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "1,8,32,128", budget: 180, sides: session.server == nil ? 1 : 2)
        let names = UserNames(seed: session.seed)
        let verification = try session.verification(work.verify)
        let pool = try await work.pool(session, plan, names, verification, isSilent: run.quiet)
        var changes: AcceptedChanges?
        if case .database(let users) = verification {
            changes = AcceptedChanges(
                configuration: users.configuration, namePrefix: names.prefix(run: UserPool.run))
        }
        let scenario = PatchScenario(
            generator: session.generator, token: session.token, names: names, ids: pool.ids, changes: changes)
        try await scenario.tryOut(run: 0)
        let limit = try await session.makeLimit(
            .updates(users: work.users), migrations: work.schemaFolder, threads: database.threads)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: session.generator, plan: plan, meter: session.meter,
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        let rounds = try await session.compare([comparison], limit: limit)
        return Report(
            scenario: scenario.name, limitName: limit?.name, began: session.began, seed: session.seed, plan: plan,
            rounds: rounds,
            provenance: try await session.provenance(
                usesPgbench: limit != nil, notes: [("users", Figure.count(Double(work.users)))]))
    }
}

/// Of the commands that make users for themselves.
struct WorkOptions: ParsableArguments {
    @Option(help: "Users to work on; they are created first.") var users = 10_000
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?
    @Option(help: "Folder of the migrations, for the tables of the limit.") var schemaFolder = "schema"
    @Option(help: "How accepted writes are proven: database (the bridge's own), or samples read by GET.")
    var verify: VerificationChoice?

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
}
