// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "What grows while reads and writes go on: memory of the processes, tables.",
        discussion: """
            Example, an hour:

              scim-bench soak --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password --seconds 3600 --rate 1000

            Of five requests three read a user, one creates one, one changes one, at an even pace that the worker can keep up with. With \
            --provisioning-url a process with the role events sends what is recorded. No other worker may be running. It needs the settings of the \
            bridge in its environment. A write that is not found at the end, in the database, in UDM once and among the events, makes the run void.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Requests a second, two of five write.") var rate = 1000.0
    @Option(help: "Users that are read and changed; they are created first.") var users = 5000
    @Option(help: "The Provisioning double, if events are to be sent.") var provisioningUrl: String?
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    func validate() throws {
        guard (1...100_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 100000") }
        guard (100...1_000_000).contains(users) else { throw ValidationError("--users must be from 100 to 1000000") }
        guard (10...604_800).contains(length) else { throw ValidationError("--seconds must be from 10 to 604800") }
        try worker.check(database)
    }

    private static let standardLength = 180
    private var length: Int { run.seconds ?? Self.standardLength }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let connections = try BenchPlan.connections(run.connections ?? "32")
        guard connections.count == 1, let count = connections.first, (1...users).contains(count) else {
            throw BenchFailure("--connections must be one number, at most that of the --users")
        }
        let scenario = SoakScenario(
            session: session, server: server,
            plan: SoakScenario.Plan(
                length: .seconds(length), rate: rate, connections: count, users: users,
                drainLimit: .seconds(run.budgetSeconds ?? 600)), isSilent: run.quiet)
        let receiver = try provisioningUrl.map { try ProvisioningDoubleControl($0) }
        let found: SoakFound
        do {
            found = try await withJobTable(server, worker) { table, control in
                try await scenario.run(
                    table, control, latency: worker.udmLatency, start: { try start() }, receiver: receiver)
            }
        } catch {
            // What stopped the bench is what its user has to know.
            try? await receiver?.shutDown()
            throw error
        }
        try await receiver?.shutDown()
        return FigureReport(
            scenario: "soak",
            summary:
                "\(Figure.count(rate)) requests a second at an even pace over \(count) connections for \(length) s, two of five write; "
                + "a worker brings them to UDM\(receiver == nil ? "" : ", a sender their events to the Provisioning double"). Slopes by least "
                + "squares, without the first quarter; autovacuum is on.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            charts: found.charts, provenance: try await session.provenance(notes: worker.notes))
    }

    private func start() throws -> [String: BridgeProcess] {
        var processes = ["worker": try worker.start()]
        if provisioningUrl != nil { processes["sender of events"] = try worker.start(roles: "events", name: "events") }
        return processes
    }
}
