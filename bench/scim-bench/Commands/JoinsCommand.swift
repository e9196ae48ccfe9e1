// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct JoinsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "joins", abstract: "How many writes it is for a slow UDM when users join a group one by one.",
        discussion: """
            Example:

              scim-bench joins --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --udm-latency 1000 --bridge .build/release/scim-bridge \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Users and an empty group are brought to UDM first; then changes of UDM become slow (--udm-latency), and each user joins by a PATCH of its own while a worker of the \
            bench's own runs. No other worker may be running, and nobody may send events. It needs the settings of the bridge in its environment. A \
            user who is no member in UDM at the end, or a join without an event, makes the run void.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var redis: RedisOptions
    @Option(help: "Users who join, one request each.") var users = 1000
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    func validate() throws {
        guard (10...20_000).contains(users) else { throw ValidationError("--users must be from 10 to 20000") }
        try worker.check(database)
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        let connections = try BenchPlan.connections(run.connections ?? "1")
        guard connections.count == 1, let atOnce = connections.first, (1...64).contains(atOnce) else {
            throw BenchFailure("--connections must be one number from 1 to 64")
        }
        let redisServer = try await RedisServer.open(redis, allowingRemote: target.allowRemote)
        let found: JoinsScenario.Found
        do {
            found = try await measure(session, redisServer, connections: atOnce)
        } catch {
            await redisServer.close()
            throw error
        }
        await redisServer.close()
        return FigureReport(
            scenario: "joins",
            summary:
                "\(Figure.count(Double(users))) users join one group, each by a request of its own, \(atOnce) at once, while UDM takes "
                + "\(Figure.shortest(worker.udmLatency)) ms for a change and 4 ms for a GET.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance(notes: worker.notes.filter { $0.name != "UDM" }))
    }

    private func measure(
        _ session: BenchSession, _ redisServer: RedisServer, connections: Int
    ) async throws -> JoinsScenario.Found {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let scenario = JoinsScenario(
            session: session, redis: redisServer, queue: redis.queueName, count: users, connections: connections,
            latency: worker.udmLatency,
            limit: .seconds(run.budgetSeconds ?? 300), isSilent: run.quiet)
        return try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control) { try worker.start() }
        }
    }
}
