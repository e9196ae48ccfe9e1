// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Queue

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "How long a worker takes to fill an empty Redis, and what a deep queue costs.",
        discussion: """
            Example:

              scim-bench rebuild --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password --resources 1000000

            It makes the resources and their open jobs directly in the database, EMPTIES the Redis, and starts a worker. The resources stay: use a \
            database and a Redis made for it, and no other worker. It needs the settings of the bridge (DATABASE_URL, REDIS_URL and the others) in \
            its environment; OPS_ADDRESS there is that of the API.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Resources with an open job.") var resources = 1_000_000
    @Option(help: "Seconds for which users are accepted at that depth; 0: none are.") var loadSeconds = 5
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    func validate() throws {
        guard (100...20_000_000).contains(resources) else {
            throw ValidationError("--resources must be from 100 to 20000000")
        }
        guard (0...600).contains(loadSeconds) else { throw ValidationError("--load-seconds must be from 0 to 600") }
        try worker.check(database)
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let redisServer = try await RedisServer.open(redis, allowingRemote: target.allowRemote)
        let found: RebuildScenario.Found
        do {
            found = try await measure(session, server, redisServer)
        } catch {
            await redisServer.close()
            throw error
        }
        await redisServer.close()
        return FigureReport(
            scenario: "rebuild",
            summary:
                "\(Figure.count(Double(resources))) users with an open job in PostgreSQL, an empty Redis, and one worker, which "
                + "works on them meanwhile: \(worker.inFlight) at once, UDM takes \(Figure.shortest(worker.udmLatency)) ms.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.voidTexts,
            provenance: try await session.provenance(notes: worker.notes))
    }

    private func measure(
        _ session: BenchSession, _ server: DatabaseServer, _ redisServer: RedisServer
    ) async throws -> RebuildScenario.Found {
        let scenario = RebuildScenario(
            session: session, server: server, redis: redisServer,
            queue: WorkQueue(client: redisServer.client, name: redis.queueName), count: resources,
            latency: worker.udmLatency, limit: .seconds(run.budgetSeconds ?? 600), loadSeconds: loadSeconds,
            isSilent: run.quiet)
        return try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control) { try worker.start() }
        }
    }
}

/// Lends a look at the jobs and the switches of the UDM double, and closes both, also after a failure.
func withJobTable<Value: Sendable>(
    _ server: DatabaseServer, _ worker: WorkerOptions, _ body: (JobTable, UDMDoubleControl) async throws -> Value
) async throws -> Value {
    let table = try await JobTable.open(server.configuration)
    let control: UDMDoubleControl
    do {
        control = try UDMDoubleControl(try worker.udm())
    } catch {
        await table.close()
        throw error
    }
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(table, control))
    } catch {
        result = .failure(error)
    }
    await table.close()
    // What stopped the bench is what its user has to know.
    try? await control.shutDown()
    return try result.get()
}
