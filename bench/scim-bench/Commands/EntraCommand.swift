// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct EntraCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "entra",
        abstract: "How long the requests of Microsoft Entra ID take at its own pace, and at ten times that.",
        discussion: """
            Example:

              scim-bench entra --url http://127.0.0.1:8080/scim/v2 --token-file token --rates 25,250 \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            For each user: a filter by userName, a POST, a PATCH. The requests come at an even pace, whatever the answers do, and latencies \
            count from the moment at which a request was due. It creates users without removing them. A run with errors or missing writes \
            is void, and the exit status is 1.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "Requests a second, one after the other.") var rates = "25,250"
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?
    @Option(help: "How accepted writes are proven: database (the bridge's own), or samples read by GET.")
    var verify: VerificationChoice?

    func validate() throws { _ = try paces() }

    private func paces() throws -> [Double] {
        let paces = rates.split(separator: ",").map { Double($0.filter { $0 != " " }) }
        guard !paces.isEmpty, paces.allSatisfy({ $0.map { (0.1...100_000).contains($0) } ?? false }) else {
            throw ValidationError("--rates must be numbers from 0.1 to 100000, such as 25,250")
        }
        return paces.compactMap { $0 }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let paces = try paces()
        let plan = try run.plan(connections: "8", budget: 120, sides: 1, subjects: paces.count)
        let names = UserNames(seed: session.seed)
        let scenario = EntraScenario(
            generator: session.generator, token: session.token, names: names,
            verification: try session.verification(verify))
        try await session.refuseUsed(names, scenario.verification)
        let progress = ProgressBar(isSilent: run.quiet)
        let runs = plan.connections.count * plan.repeats
        let comparisons = paces.enumerated().map { number, pace in
            Comparison(
                subject: "\(Figure.shortest(pace)) requests/s", scenario: scenario, limit: nil,
                generator: session.generator, plan: plan, rate: pace, meter: session.meter, progress: progress,
                firstRun: 1 + number * runs)
        }
        let rounds = try await session.compare(comparisons)
        return Report(
            scenario: scenario.name, operation: .request, limitName: nil, seriesNames: EntraRequests.Series.names,
            began: session.began, seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(
                notes: [("pace", "even, whatever the answers do; latencies from the moment a request was due")]))
    }
}
