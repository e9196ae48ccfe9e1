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

    @OptionGroup var write: WriteOptions
    @OptionGroup var users: PoolOptions

    func run() async throws {
        let command = self
        try await write.bench { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try write.plan(session, connections: "8,32", budget: 90)
        let names = UserNames(seed: session.seed)
        let verification = try session.verification(write.verify)
        let pool = try await users.pool(session, plan, names, verification, isSilent: write.run.quiet)
        let scenario = MixedScenario(
            generator: session.generator, token: session.token, names: names, ids: pool.ids,
            verification: verification)
        let (rounds, limitName) = try await write.compare(session, scenario, .mixed(users: users.users), plan)
        return Report(
            scenario: scenario.name, operation: .request, limitName: limitName,
            seriesNames: MixedRequests.Series.names, began: session.began, seed: session.seed, plan: plan,
            rounds: rounds,
            provenance: try await session.provenance(usesPgbench: limitName != nil, notes: [users.note]))
    }
}
