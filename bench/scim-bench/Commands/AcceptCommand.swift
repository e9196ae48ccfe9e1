// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Postgres

struct AcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "How many new users a second are accepted.",
        discussion: """
            Example, the bridge beside its limit:

              scim-bench accept --url http://127.0.0.1:8080/scim/v2 --token-file token \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Any other SCIM server, without a limit, accepted users read back by GET:

              scim-bench accept --url http://127.0.0.1:9000/scim/v2 --token-file token

            It creates users without removing them: use a server and a database made for it. A run with errors or missing writes is void, \
            and the exit status is 1.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?
    @Option(help: "Folder of the migrations, for the tables of the limit.") var schemaFolder = "schema"
    @Option(help: "How accepted writes are proven: database (the bridge's own), or samples read by GET.")
    var verify: VerificationChoice?

    enum VerificationChoice: String, ExpressibleByArgument, Sendable { case database, samples }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "1,8,32,128", budget: 180, sides: session.server == nil ? 1 : 2)
        let names = UserNames(seed: session.seed)
        let scenario = AcceptScenario(
            generator: session.generator, token: session.token, names: names, verification: try verification(session))
        if case .database(let users) = scenario.verification, try await users.holdsAny(prefix: names.benchPrefix) {
            throw BenchFailure("users of the seed \(names.seed) are in the database already. Use another --seed")
        }
        try await scenario.tryOut(run: 0)
        let limit = try await makeLimit(session)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: session.generator, plan: plan, meter: session.meter,
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        let rounds: [Round]
        do {
            comparison.progress.begin(steps: comparison.steps, window: plan.window)
            defer { comparison.progress.end() }
            rounds = try await comparison.run()
        } catch {
            // What stopped the bench is what its user has to know.
            try? await limit?.schema.remove()
            throw error
        }
        try await limit?.schema.remove()
        return Report(
            scenario: scenario.name, limitName: limit?.name, began: session.began, seed: session.seed, plan: plan,
            rounds: rounds, provenance: try await session.provenance(usesPgbench: limit != nil))
    }

    private func verification(_ session: BenchSession) throws -> AcceptScenario.Verification {
        switch (verify, session.server) {
        case (.samples, _), (nil, nil): return .samples
        case (_, let server?): return .database(AcceptedUsers(configuration: server.configuration))
        case (.database, nil): throw BenchFailure("--verify database needs --database-url")
        }
    }

    private func makeLimit(_ session: BenchSession) async throws -> PgbenchLimit? {
        guard let server = session.server else { return nil }
        let program = try BenchSession.pgbench()
        return PgbenchLimit(
            program: program, schema: try await LimitSchema.create(server.configuration, migrations: schemaFolder),
            configuration: server.configuration, threads: database.threads, seed: session.seed)
    }
}
