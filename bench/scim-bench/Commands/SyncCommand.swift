// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "How many jobs a second a worker brings to the UDM double, beside a client that does nothing else.",
        discussion: """
            Example:

              scim-bench sync --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \
                --database-password-file password --jobs 20000 --in-flight 64 --udm-latency 50

            An import, as long as UDM alone would take for it: --jobs 100000 --in-flight 32 --udm-latency 100. One outcome in each transaction: \
            --setting OUTCOME_BATCH=1. UDM as Univention's server was measured, one request at a time: --udm-pace real --in-flight 8 --jobs 400. \
            With --repeats 2 worker and bare client are measured twice, in turn, each time with other users.

            No other worker may be running, and nobody may send events: the jobs are accepted first, then a worker of the bench's own takes them. It \
            needs the settings of the bridge (DATABASE_URL, REDIS_URL and the others) in its environment.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var redis: RedisOptions
    @Option(help: "How UDM takes its time, instead of --udm-latency: real.") var udmPace: Pace?
    @Option(help: "Users to be created in each run.") var jobs = 20_000
    @Option(help: "Of all names; another one for each run on one database.") var seed: UInt64 = 1

    /// A pace that has a name.
    enum Pace: String, ExpressibleByArgument, Sendable { case real }

    var repeats: Int { run.repeats ?? 1 }

    var pace: UDMPace {
        switch udmPace {
        case .real: .real
        case nil: .fixed(milliseconds: worker.udmLatency)
        }
    }

    func validate() throws {
        guard (1...20).contains(repeats) else { throw ValidationError("--repeats must be from 1 to 20") }
        guard udmPace == nil || worker.udmLatency == 0 else {
            throw ValidationError("--udm-pace and --udm-latency say two things; give one of them")
        }
        guard (100...5_000_000).contains(jobs) else { throw ValidationError("--jobs must be from 100 to 5000000") }
        try worker.check(database)
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        let redisServer = try await RedisServer.open(redis, allowingRemote: target.allowRemote)
        let runs: [SyncScenario.Found]
        do {
            runs = try await measure(session, redisServer)
        } catch {
            await redisServer.close()
            throw error
        }
        await redisServer.close()
        return FigureReport(
            scenario: runs.first?.name ?? "sync", summary: summary, began: session.began, seed: session.seed,
            entries: .medians(of: runs.map(\.entries)), problems: Self.problems(of: runs),
            provenance: try await session.provenance())
    }

    private func measure(_ session: BenchSession, _ redisServer: RedisServer) async throws -> [SyncScenario.Found] {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let scenario = SyncScenario(
            session: session, redis: redisServer, queue: redis.queueName, udm: try worker.udm(),
            credentials: try worker.credentials(),
            count: jobs, inFlight: worker.inFlight, pace: pace, limit: .seconds(run.budgetSeconds ?? 900),
            isStrict: try worker.value(of: "OUTCOME_BATCH") == "1", repeats: repeats, isSilent: run.quiet)
        return try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control) { number in
                try worker.start(name: repeats > 1 ? "\(number)" : nil)
            }
        }
    }

    private var summary: String {
        let strictness = worker.setting.isEmpty ? "" : ", \(worker.setting.joined(separator: " "))"
        let runs =
            repeats == 1 ? "" : " Medians (least-greatest) of \(repeats) runs of worker and bare client in turn."
        return "\(Figure.count(Double(jobs))) creates, \(worker.inFlight) in flight, UDM \(pace.text)\(strictness)."
            + " The worker's start, with 8 calls at once, is in all times.\(runs)"
    }

    static func problems(of runs: [SyncScenario.Found]) -> [String] {
        guard runs.count > 1 else { return runs.flatMap(\.problems) }
        return runs.enumerated().flatMap { index, run in run.problems.map { "run \(index + 1): \($0)" } }
    }
}
