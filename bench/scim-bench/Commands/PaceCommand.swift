// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct PaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pace", abstract: "How long accepting a new user takes at half of the highest rate.",
        discussion: """
            Example:

              scim-bench pace --url http://127.0.0.1:8080/scim/v2 --token-file token \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            It finds out how much is accepted at most, then sends half as much a second at an even pace, whatever the answers do; latencies \
            count from the moment at which a request was due. It creates users without removing them. A run with errors or missing writes \
            is void, and the exit status is 1.
            """)

    /// Of p99, in milliseconds.
    private static let goal = Goal.atMost(10)
    private static let maximumWindow = LoadWindow(warmUp: .seconds(1), measured: .seconds(5))

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "Requests a second; otherwise half of what is accepted at most.") var rate: Double?
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?
    @Option(help: "How accepted writes are proven: database (the bridge's own), or samples read by GET.")
    var verify: VerificationChoice?

    func validate() throws {
        guard rate.map({ (0.1...100_000).contains($0) }) ?? true else {
            throw ValidationError("--rate must be from 0.1 to 100000")
        }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "128", budget: 60, sides: 1)
        guard let connections = plan.connections.first, plan.connections.count == 1 else {
            throw BenchFailure("--connections must be one number")
        }
        let names = UserNames(seed: session.seed)
        let scenario = AcceptScenario(
            generator: session.generator, token: session.token, names: names,
            verification: try session.verification(verify))
        try await session.refuseUsed(names, scenario.verification)
        try await scenario.tryOut(run: 0)
        var pace = rate
        var notes: [(name: String, value: String)] = []
        if pace == nil {
            let most = try await findMaximum(session, scenario, connections: connections)
            pace = max(1, most / 2)
            notes.append(("accepted at most", "\(Figure.count(most))/s, \(connections) connections in a closed loop"))
        }
        let rounds = try await session.compare([
            Comparison(
                scenario: scenario, limit: nil, generator: session.generator, plan: plan, rate: pace,
                meter: session.meter, progress: ProgressBar(isSilent: run.quiet), firstRun: 2)
        ])
        if let p99 = ReportRow(rounds)?.p99?.median {
            let verdict = Self.goal.verdict(p99) ?? "-"
            notes.append(("p99", "\(Figure.decimal(p99, places: 2)) ms (goal \(Self.goal.text): \(verdict))"))
        }
        return Report(
            scenario: "pace", limitName: nil, began: session.began, seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(
                notes: [("pace", "\(Figure.count(pace ?? 0)) requests/s, even, whatever the answers do")] + notes))
    }

    private func findMaximum(
        _ session: BenchSession, _ scenario: AcceptScenario, connections: Int
    ) async throws -> Double {
        let most = try await session.generator.run(
            scenario.requests(run: 1), connections: connections, window: Self.maximumWindow)
        let problems =
            most.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
            + (try await scenario.verify(most, run: 1))
        guard problems.isEmpty else {
            throw BenchFailure("the highest rate cannot be told: \(problems.joined(separator: "; "))")
        }
        return most.rate
    }
}
