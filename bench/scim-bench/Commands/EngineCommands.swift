// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "How long a process takes from its start until it is ready.",
        discussion: """
            Example:

              scim-bench start --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --roles api --roles worker --roles api,worker

            Processes of the bench's own are started on a database that is migrated, one after the other, and ended as soon as /health/ready says ok, \
            which asks PostgreSQL, Redis and UDM. They need the settings of the bridge in the environment; ports are free ones.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Roles of a process, such as api,worker; may be repeated.") var roles: [String] = ["api", "worker"]
    @Option(help: "Starts of each.") var starts = 10

    func validate() throws {
        guard (1...1000).contains(starts) else { throw ValidationError("--starts must be from 1 to 1000") }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, seed: 1) { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        let found = try await StartScenario(roles: roles, repeats: starts).run { roles in
            try worker.start(roles: roles, with: ["HTTP_ADDRESS": "127.0.0.1:\(try LoopbackPort.free())"])
        }
        return FigureReport(
            scenario: "start",
            summary:
                "\(starts) starts of a process with each of these roles, from the start until /health/ready says ok.",
            began: session.began, seed: session.seed, entries: found.flatMap(\.entries), problems: [],
            provenance: try await session.provenance())
    }
}

struct PickupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pickup", abstract: "How soon a write is on its way to UDM while nothing else is to do.",
        discussion: """
            Example:

              scim-bench pickup --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password

            The time is that from the commit, as PostgreSQL has recorded it (track_commit_timestamp=on; otherwise from before the commit), to the \
            arrival of the first request about the user at the UDM double. No other worker may be running. It needs the settings of the bridge \
            in its environment.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Writes, one at a time.") var writes = 300
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    func validate() throws {
        guard (1...100_000).contains(writes) else { throw ValidationError("--writes must be from 1 to 100000") }
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
        let scenario = PickupScenario(session: session, count: writes, isSilent: run.quiet)
        let found = try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control, latency: worker.udmLatency) { try worker.start() }
        }
        return FigureReport(
            scenario: "pickup",
            summary:
                "\(Figure.count(Double(writes))) creates, each when the one before was in UDM and nothing else was to do.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance(notes: worker.notes))
    }
}

struct RecoveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery", abstract: "How soon the work of a killed worker goes on.",
        discussion: """
            Example:

              scim-bench recovery --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --udm-latency 500 --bridge .build/release/scim-bridge \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Two workers of the bench's own share the work; one is killed by SIGKILL, and its leases are watched until another has taken each of them. \
            No other worker may be running. It needs the settings of the bridge in its environment. A write that is not in UDM once at the end \
            makes the run void.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @Option(help: "Users to be created for each kill.") var jobs = 2000
    @Option(help: "Workers that are killed, one after the other.") var kills = 3
    @Option(help: "Of all names; another one for each run on one database.") var seed: UInt64 = 1

    func validate() throws {
        guard (100...1_000_000).contains(jobs) else { throw ValidationError("--jobs must be from 100 to 1000000") }
        guard (1...100).contains(kills) else { throw ValidationError("--kills must be from 1 to 100") }
        try worker.check(database)
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed) { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let lease = try worker.value(of: "LEASE_SECONDS").flatMap { Double($0) } ?? Self.standardLease
        let scenario = RecoveryScenario(
            session: session, jobs: jobs, kills: kills, latency: worker.udmLatency, lease: lease, isSilent: run.quiet)
        let found = try await withJobTable(server, worker) { table, control in
            try await scenario.run(table, control) { number in try worker.start(name: "\(number)") }
        }
        return FigureReport(
            scenario: "recovery",
            summary: "\(kills) workers killed by SIGKILL, one after the other, while another one shares the work: "
                + "\(worker.inFlight) in flight together at most, UDM takes \(Figure.shortest(worker.udmLatency)) ms.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance(notes: worker.notes))
    }

    /// Of the bridge, unless set.
    private static let standardLease = 15.0
}

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "How many events a second reach the Provisioning double.",
        discussion: """
            Example:

              scim-bench events --url http://127.0.0.1:8080/scim/v2 --token-file token --bridge .build/release/scim-bridge \\
                --provisioning-url http://127.0.0.1:7777 --provisioning-password-file provisioning-password \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password --events 50000

            The events are made directly in the database, then a process with the role events sends them, and those that waited there before. Nobody \
            else may send: no other process with this role. It needs the settings of the bridge in its environment, those of the role events included.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "The Provisioning double.") var provisioningUrl: String
    @Option(help: "Events account at the double.") var provisioningUsername = "udm"
    @Option(help: "File with its password.") var provisioningPasswordFile: String
    @Option(help: "The program of the sender.") var bridge = ".build/release/scim-bridge"
    @Option(help: "File for the sender's log.") var workerLog = "worker.log"
    @Option(help: "Events, four of each resource.") var events = 50_000

    func validate() throws {
        guard (100...5_000_000).contains(events) else { throw ValidationError("--events must be from 100 to 5000000") }
        guard database.databaseUrl != nil else {
            throw ValidationError("--database-url is needed: the events are made there")
        }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: 1) { session in try await command.measure(session) }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let password = try Secret.read(provisioningPasswordFile, for: "--provisioning-password-file")
        let scenario = EventScenario(
            count: events, provisioning: try Target(provisioningUrl, allowingRemote: false),
            credentials: "\(provisioningUsername):\(password)", limit: .seconds(run.budgetSeconds ?? 600),
            isSilent: run.quiet)
        let table = try await JobTable.open(server.configuration)
        let result: Result<EventScenario.Found, any Error>
        do {
            result = .success(
                try await scenario.run(EventTable(connection: table.connection)) {
                    let own = ["OPS_ADDRESS": "127.0.0.1:\(try LoopbackPort.free())"]
                    return try BridgeProcess.start(bridge, roles: "events", settings: own, log: workerLog)
                })
        } catch {
            result = .failure(error)
        }
        await table.close()
        let found = try result.get()
        return FigureReport(
            scenario: "events",
            summary:
                "\(Figure.count(Double(events))) events, \(EventTable.perResource) of each resource, from the outbox to the "
                + "Provisioning double by one process with the role events.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance())
    }
}
