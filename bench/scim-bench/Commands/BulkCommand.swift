// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct BulkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk", abstract: "How many new users a second are accepted through /Bulk.",
        discussion: """
            Example, the bridge beside its limit:

              scim-bench bulk --url http://127.0.0.1:8080/scim/v2 --token-file token --size 100 \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            It creates users without removing them: use a server and a database made for it. A run with errors or missing writes is void, \
            and the exit status is 1.
            """)

    @OptionGroup var write: WriteOptions
    @Option(help: "Users in a request.") var size = 100

    func validate() throws {
        guard (1...1000).contains(size) else { throw ValidationError("--size must be from 1 to 1000") }
    }

    func run() async throws {
        let command = self
        try await write.bench { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try write.plan(session, connections: "1,8", budget: 90)
        let names = UserNames(seed: session.seed)
        let scenario = BulkScenario(
            generator: session.generator, token: session.token, names: names, size: size,
            verification: try session.verification(write.verify))
        try await session.refuseUsed(names, scenario.verification)
        try await scenario.tryOut(run: 0)
        let (rounds, limitName) = try await write.compare(session, scenario, .bulk(size: size), plan)
        return Report(
            scenario: scenario.name, limitName: limitName, began: session.began, seed: session.seed, plan: plan,
            rounds: rounds,
            provenance: try await session.provenance(
                usesPgbench: limitName != nil, notes: [("users in a request", "\(size); latencies are of requests")]))
    }
}
