// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct OutageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outage", abstract: "What clients notice while UDM is away, and how long the backlog takes.",
        discussion: """
            Example:

              scim-bench outage --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password --away 60

            No other worker may be running. The bench starts one, finds out how much is accepted at most, waits until all of it is in UDM, and \
            sends half as much a second at an even pace, whatever the answers do. It needs the settings of the bridge (DATABASE_URL, \
            REDIS_URL and the others) in its environment. A write that is not in UDM once at the end makes the run void.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var outage: OutageOptions
    @Option(help: "How UDM is away: dropBeforeCommit, hang, directoryDown, or another effect of the double.")
    var effect = "dropBeforeCommit"

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: outage.seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.outage.measure("outage", session, command.run, command.worker) { control in
                UDMTrouble(control: control, effect: command.effect)
            }
        }
    }

    func validate() throws { try worker.check(database) }
}

struct RedisLossCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redis-loss", abstract: "What clients notice while Redis is away, and what happens to the queue.",
        discussion: """
            Example; --stop and --start are commands of whoever owns the process, which the shell runs:

              scim-bench redis-loss --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/ \\
                --udm-password-file udm-password --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim \\
                --database-password-file password --stop 'kill -9 $(cat redis.pid)' --start 'redis-server redis.conf --daemonize yes'

            As `outage`, with Redis away instead of UDM. If --start brings it back empty, the queue is made anew from the database.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var outage: OutageOptions
    @Option(help: "Command that stops Redis.") var stop: String
    @Option(help: "Command that starts it again and ends when that is done.") var start: String

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: outage.seed ?? .random(in: 0...UInt64.max)) { session in
            try await command.outage.measure("redis-loss", session, command.run, command.worker) { _ in
                CommandTrouble(name: "Redis away", stop: command.stop, start: command.start)
            }
        }
    }

    func validate() throws { try worker.check(database) }
}

/// How long what is away, and how much is sent meanwhile.
struct OutageOptions: ParsableArguments {
    @Option(help: "Seconds before.") var before = 15
    @Option(help: "Seconds while it is away.") var away = 60
    @Option(help: "Seconds of load after its return.") var after = 15
    @Option(help: "Writes a second; otherwise half of what is accepted at most.") var rate: Double?
    @Option(help: "Begin of all user names; otherwise random.") var seed: UInt64?

    func validate() throws {
        guard [before, away, after].allSatisfy({ (1...600).contains($0) }) else {
            throw ValidationError("--before, --away and --after must be from 1 to 600 seconds")
        }
        guard rate.map({ (0.1...100_000).contains($0) }) ?? true else {
            throw ValidationError("--rate must be from 0.1 to 100000")
        }
    }

    func measure(
        _ name: String, _ session: BenchSession, _ run: RunOptions, _ worker: WorkerOptions,
        _ trouble: @Sendable (UDMDoubleControl) -> some Trouble
    ) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let connections = try BenchPlan.connections(run.connections ?? "64")
        guard connections.count == 1, let count = connections.first, (1...1024).contains(count) else {
            throw BenchFailure("--connections must be one number from 1 to 1024")
        }
        let scenario = OutageScenario(
            session: session,
            plan: OutageScenario.Plan(
                before: .seconds(before), away: .seconds(away), after: .seconds(after), connections: count, rate: rate,
                drainLimit: .seconds(run.budgetSeconds ?? 900)),
            users: AcceptedUsers(configuration: server.configuration), isSilent: run.quiet)
        let (found, troubleName) = try await withJobTable(server, worker) { table, control in
            let used = trouble(control)
            return (try await observe(scenario, used, table, control, worker), used.name)
        }
        return FigureReport(
            scenario: name,
            summary:
                "\(Figure.count(found.rate)) writes a second at an even pace over \(count) connections, the worker running: "
                + "\(before) s before, \(away) s with \(troubleName), \(after) s after. Latencies count from the moment at which a "
                + "request was due.",
            began: session.began, seed: session.seed, entries: found.entries, problems: found.problems,
            charts: found.charts, provenance: try await session.provenance(notes: worker.notes))
    }

    private func observe(
        _ scenario: OutageScenario, _ trouble: some Trouble, _ table: JobTable, _ control: UDMDoubleControl,
        _ options: WorkerOptions
    ) async throws -> OutageFound {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        try await control.reset()
        try await control.setLatency(milliseconds: options.udmLatency)
        let before = try await control.evidence()
        let worker = try options.start()
        var found: OutageFound
        do {
            found = try await scenario.run(trouble, table) { worker.isRunning }
        } catch {
            await worker.stop()
            throw error
        }
        await worker.stop()
        let drained = try await table.drained(after: order)
        let evidence = try await control.evidence()
        if drained.done != found.accepted {
            found.problems.append(
                "\(found.accepted) writes were accepted, but \(drained.done) jobs are done and \(drained.dead) dead")
        }
        if evidence.users - before.users != found.accepted {
            found.problems.append(
                "\(found.accepted) users were accepted, but UDM has \(evidence.users - before.users) more than before")
        }
        if !evidence.isSound {
            found.problems.append("the UDM double found overlapping writes or an identifier twice")
        }
        return found
    }
}
