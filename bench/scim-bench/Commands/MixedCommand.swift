// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct MixedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixed", abstract: "How many requests a second are answered, 80 % reads by id and 20 % creates.",
        discussion: """
            Example, the bridge beside its limit:

              scim-bench mixed --url http://127.0.0.1:8080/scim/v2 --token-file token \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            It creates users without removing them: use a server and a database made for it. A run with errors or missing writes is void, \
            and the exit status is 1.
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
        let plan = try run.plan(connections: "8,32", budget: 90, sides: session.server == nil ? 1 : 2)
        let names = UserNames(seed: session.seed)
        let verification = try session.verification(work.verify)
        let pool = try await work.pool(session, plan, names, verification, isSilent: run.quiet)
        let scenario = MixedScenario(
            generator: session.generator, token: session.token, names: names, ids: pool.ids,
            verification: verification)
        let limit = try await session.makeLimit(
            .mixed(users: work.users), migrations: work.schemaFolder, threads: database.threads)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: session.generator, plan: plan, meter: session.meter,
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        let rounds = try await session.compare([comparison], limit: limit)
        return Report(
            scenario: scenario.name, operation: .request, limitName: limit?.name,
            seriesNames: MixedRequests.Series.names, began: session.began, seed: session.seed, plan: plan,
            rounds: rounds,
            provenance: try await session.provenance(
                usesPgbench: limit != nil, notes: [("users", Figure.count(Double(work.users)))]))
    }
}
