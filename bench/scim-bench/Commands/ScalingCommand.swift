// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Postgres

struct ScalingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "What several API and worker processes reach, and what follows for large directories.",
        discussion: """
            Example:

              scim-bench scaling --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password --processes 1,2,4 --document docs/scaling.md

            For each number, so many API processes of the bench's own take users, then as many workers bring them to the UDM double; the same with a \
            queue and a database for each (scim_bench_queue_2 and so on, made and removed by the bench: its role must be allowed to). No other \
            worker may be running. It needs the settings of the bridge in its environment. The users stay.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Numbers of processes of each role; with 1.") var processes = "1,2,4"
    @Flag(help: "One queue only, no databases beside that of the bridge.") var oneQueue = false
    @Option(help: "Page whose section between its marks is written anew, such as docs/scaling.md.") var document:
        String?
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    private var repeats: Int { run.repeats ?? RunOptions.standardRepeats }

    func validate() throws {
        let numbers = try BenchPlan.connections(processes)
        guard numbers.contains(1), numbers.count > 1, numbers.allSatisfy({ (1...64).contains($0) }),
            Set(numbers).count == numbers.count
        else { throw ValidationError("--processes must be 1 and other numbers up to 64, such as 1,2,4") }
        guard (1...600).contains(run.seconds ?? 1) else { throw ValidationError("--seconds must be from 1 to 600") }
        guard (1...20).contains(repeats) else { throw ValidationError("--repeats must be from 1 to 20") }
        try worker.check(database)
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func setups() throws -> [ScalingScenario.Setup] {
        let numbers = try BenchPlan.connections(processes).sorted()
        let one = numbers.map { ScalingScenario.Setup(processes: $0, queues: 1) }
        return one + (oneQueue ? [] : numbers.filter { $0 > 1 }.map { .init(processes: $0, queues: $0) })
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let connections = try BenchPlan.connections(run.connections ?? "32")
        guard connections.count == 1, let count = connections.first, (1...1024).contains(count) else {
            throw BenchFailure("--connections must be one number from 1 to 1024")
        }
        let scenario = ScalingScenario(
            session: session, worker: worker, connections: count,
            window: LoadWindow(
                warmUp: .seconds(run.warmUp), measured: .seconds(run.seconds ?? 5),
                maximumRequests: run.maximumRequests),
            drainLimit: .seconds(run.budgetSeconds ?? 600), isSilent: run.quiet)
        var found = ScalingFound(
            runs: [], size: nil, cores: ProcessInfo.processInfo.activeProcessorCount, connections: count)
        let runs = try await withJobTable(server, worker) { table, control in
            try await runAll(scenario, server, table, control)
        }
        found.runs = runs
        if found.problems.isEmpty { found.size = try await size(server) }
        let report = FigureReport(
            scenario: "scaling",
            summary: "\(processes) API and worker processes on one PostgreSQL and one Redis, UDM takes "
                + "\(Figure.shortest(worker.udmLatency)) ms.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            charts: found.charts, appendix: found.section,
            provenance: try await session.provenance(notes: worker.notes))
        if let document, found.problems.isEmpty { try write(found, report, to: document) }
        return report
    }

    /// Forwards, then backwards, so that what changes with time meets all alike.
    private func runAll(
        _ scenario: ScalingScenario, _ server: DatabaseServer, _ table: JobTable, _ control: UDMDoubleControl
    ) async throws -> [ScalingScenario.Run] {
        let setups = try setups()
        let databases = try await BenchDatabases.create(
            setups.map(\.queues).reduce(1, max), beside: server, table.connection, bridge: worker.bridge)
        let bar = CountBar("measurements", total: setups.count * repeats, isSilent: run.quiet)
        defer { bar.end() }
        var runs: [ScalingScenario.Run] = []
        do {
            for repetition in 0..<repeats {
                for setup in repetition % 2 == 0 ? setups : setups.reversed() {
                    runs.append(try await scenario.run(setup, number: runs.count, databases.places, control))
                    bar.add(1)
                }
            }
        } catch {
            // What stopped the bench is what its user has to know.
            try? await databases.remove()
            throw error
        }
        try await databases.remove()
        return runs
    }

    private func size(_ server: DatabaseServer) async throws -> DirectorySize? {
        let sizes = try await TableSizes.open(server.configuration)
        let result: Result<DirectorySize?, any Error>
        do {
            result = .success(try await DirectorySize.measure(sizes))
        } catch {
            result = .failure(error)
        }
        await sizes.close()
        return try result.get()
    }

    private func write(_ found: ScalingFound, _ report: FigureReport, to path: String) throws {
        let machine = report.provenance.machine
        let origin =
            "Commit \(report.provenance.commit), \(report.day), \(machine.processor), \(machine.cores) cores, "
            + "\(Figure.decimal(machine.memoryGiB, places: 0)) GiB, load average \(report.provenance.loadAverageBefore) before.\n\n"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let page = ScalingDocument.page(text, with: origin + found.section)
        else {
            throw BenchFailure("\(path) cannot be read, or has no \(ScalingDocument.begin) and \(ScalingDocument.end)")
        }
        try Data(page.utf8).write(to: URL(fileURLWithPath: path))
    }
}
