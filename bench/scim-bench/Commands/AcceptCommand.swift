// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

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

    /// By connections.
    private static let goals: [Int: Goal] = [
        1: .atLeast(0.5), 8: .atLeast(0.65), 32: .atLeast(1.1), 128: .atLeast(1.6),
    ]

    /// Microseconds of the server for a write.
    private static let timeGoals: [Int: Goal] = [128: .atMost(80)]

    @OptionGroup var write: WriteOptions

    func run() async throws {
        let command = self
        try await write.bench { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try write.plan(session, connections: "1,8,32,128", budget: 180)
        let names = UserNames(seed: session.seed)
        let scenario = AcceptScenario(
            generator: session.generator, token: session.token, names: names,
            verification: try session.verification(write.verify))
        try await session.refuseUsed(names, scenario.verification)
        try await scenario.tryOut(run: 0)
        let (rounds, limitName) = try await write.compare(session, scenario, .creates, plan)
        return Report(
            scenario: scenario.name, limitName: limitName, goals: limitName == nil ? [:] : Self.goals,
            timeGoals: Self.timeGoals, began: session.began, seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(usesPgbench: limitName != nil))
    }
}
