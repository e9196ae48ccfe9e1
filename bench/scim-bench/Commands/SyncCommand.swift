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
            --setting OUTCOME_BATCH=1.

            No other worker may be running: the jobs are accepted first, then a worker of the bench's own takes them. It needs the settings of \
            the bridge (DATABASE_URL, REDIS_URL and the others) in its environment.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Users to be created.") var jobs = 20_000
    @Option(help: "Of all names; another one for each run on one database.") var seed: UInt64 = 1

    func validate() throws {
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
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let udm = try worker.udm()
        let scenario = SyncScenario(
            session: session, udm: udm, credentials: try worker.credentials(), count: jobs, inFlight: worker.inFlight,
            latency: worker.udmLatency, limit: .seconds(run.budgetSeconds ?? 900),
            isStrict: try worker.value(of: "OUTCOME_BATCH") == "1", isSilent: run.quiet)
        let found = try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control) { try worker.start() }
        }
        let strictness = worker.setting.isEmpty ? "" : ", \(worker.setting.joined(separator: " "))"
        return FigureReport(
            scenario: found.name,
            summary: "\(Figure.count(Double(jobs))) creates, \(worker.inFlight) in flight, UDM takes "
                + "\(Figure.shortest(worker.udmLatency)) ms\(strictness). The worker's start, with 8 calls at once, is in all times.",
            began: session.began, seed: seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance())
    }
}
