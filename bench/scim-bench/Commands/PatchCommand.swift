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

    /// By connections.
    private static let goals: [Int: Goal] = [32: .atLeast(1)]

    @OptionGroup var write: WriteOptions
    @OptionGroup var users: PoolOptions

    func run() async throws {
        let command = self
        try await write.bench { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try write.plan(session, connections: "1,8,32,128", budget: 180)
        let names = UserNames(seed: session.seed)
        let verification = try session.verification(write.verify)
        let pool = try await users.pool(session, plan, names, verification, isSilent: write.run.quiet)
        var changes: AcceptedChanges?
        if case .database(let users) = verification {
            changes = AcceptedChanges(
                configuration: users.configuration, namePrefix: names.prefix(run: UserPool.run))
        }
        let scenario = PatchScenario(
            generator: session.generator, token: session.token, names: names, ids: pool.ids, changes: changes)
        try await scenario.tryOut(run: 0)
        let (rounds, limitName) = try await write.compare(session, scenario, .updates(users: users.users), plan)
        return Report(
            scenario: scenario.name, limitName: limitName, goals: limitName == nil ? [:] : Self.goals,
            began: session.began, seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(usesPgbench: limitName != nil, notes: [users.note]))
    }
}
