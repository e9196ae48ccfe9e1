// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import NIOHTTP1

struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "How many users a second are read by id, beside a handler that only sends bytes.",
        discussion: """
            Example:

              scim-bench read --url http://127.0.0.1:8080/scim/v2 --token-file token --users 1000000

            Needs what `load` has loaded, with the same --users and --seed.
            """)

    private static let goal = Goal.atLeast(0.45)
    /// They differ from answer to answer, or the handler's server makes them itself.
    private static let ownHeaders: Set<String> = [
        "content-length", "date", "connection", "transfer-encoding", "server",
    ]

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var directory: DirectoryOptions
    @Option(help: "Users to choose from.") var samples = 1000

    func validate() throws {
        guard (1...10_000).contains(samples) else { throw ValidationError("--samples must be from 1 to 10000") }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: directory.seed) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "32", budget: 60, sides: 2)
        let ids = try await ListSampling(
            client: session.client, users: DirectoryUsers(seed: session.seed), userCount: directory.users,
            sampleCount: samples, deepPage: 1
        ).ids()
        let scenario = ReadScenario(
            target: session.target, token: session.token, ids: ids, seed: session.seed)
        let handler = try await startHandler(session, id: ids.first ?? "")
        let bareTarget = try Target("http://127.0.0.1:\(handler.port)", allowingRemote: false)
        let bareGenerator = LoadGenerator(target: bareTarget, threads: max(1, run.threads))
        let limit = BareHandlerLimit(
            generator: bareGenerator,
            requests: GetRequests(
                target: bareTarget, token: session.token, paths: ids.map { "/Users/\($0)" }, seed: session.seed),
            pid: handler.pid)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: session.generator, plan: plan, meter: session.meter,
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        let rounds: [Round]
        do {
            comparison.progress.begin(steps: comparison.steps, window: plan.window)
            defer { comparison.progress.end() }
            rounds = try await comparison.run()
        } catch {
            await handler.end()
            try? await bareGenerator.shutDown()
            throw error
        }
        await handler.end()
        try await bareGenerator.shutDown()
        return Report(
            scenario: "read", operation: .request, limitName: limit.name, goal: Self.goal, began: session.began,
            seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(notes: [("users", Figure.count(Double(directory.users)))]))
    }

    private func startHandler(_ session: BenchSession, id: String) async throws -> BareHandler {
        let answer = try await session.client.send(.GET, "/Users/\(id)")
        guard answer.status == 200 else { throw session.client.unexpected(answer, to: "GET of a user") }
        let headers = answer.headers.filter { !Self.ownHeaders.contains($0.name.lowercased()) }
        return try await BareHandler.start(
            body: answer.body, headers: headers.map { (name: $0.name, value: $0.value) })
    }
}
