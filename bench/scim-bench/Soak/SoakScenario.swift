// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Reads, creates and changes at an even pace for a while, with a worker and, if asked for, a sender of events: what grows with the writes.
struct SoakScenario: Sendable {
    struct Plan: Sendable {
        var length: Duration
        /// Requests a second, reads and writes.
        var rate: Double
        var connections: Int
        /// Users that are read and changed; they are created first.
        var users: Int
        /// Until nothing is owed, after the load.
        var drainLimit: Duration
    }

    /// What takes rows in and gives them up again, and what stays.
    static let tables = [
        "job", "job_history", "event_outbox", "event_delivery", "resource", "resource_sync", "udm_object",
        "unique_claim",
    ]

    private static let interval: Duration = .seconds(1)
    private static let run = 1
    private static let mostRequests = 20_000_000

    let session: BenchSession
    let server: DatabaseServer
    let plan: Plan
    let isSilent: Bool

    private var names: UserNames { UserNames(seed: session.seed) }

    /// - Parameters:
    ///   - start: Starts the processes, by their names in the report.
    ///   - latency: Of UDM, in milliseconds.
    ///   - receiver: Of the events; nil when nobody sends.
    func run(
        _ table: JobTable, _ control: UDMDoubleControl, latency: Double,
        start: @Sendable () throws -> [String: BridgeProcess], receiver: ProvisioningDoubleControl?
    ) async throws -> SoakFound {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        try await control.reset()
        try await control.setLatency(milliseconds: latency)
        let before = (
            users: try await control.evidence().users, events: try await receiver?.evidence().arrived ?? 0
        )
        let sizes = try await TableSizes.open(server.configuration)
        let processes = try start()
        let result: Result<SoakFound, any Error>
        do {
            var found = try await measure(table, sizes, processes)
            let drained = try await table.drained(after: order)
            let evidence = try await control.evidence()
            found.note(drained, usersInUDM: evidence.users - before.users, isSound: evidence.isSound)
            if let receiver {
                try await waitForEvents(sizes)
                let arrived = try await receiver.evidence()
                found.note(events: arrived.arrived - before.events, isSound: arrived.isSound)
            }
            result = .success(found)
        } catch {
            result = .failure(error)
        }
        for process in processes.values { await process.stop() }
        await sizes.close()
        return try result.get()
    }

    private func measure(
        _ table: JobTable, _ sizes: TableSizes, _ processes: [String: BridgeProcess]
    ) async throws -> SoakFound {
        for process in processes.values { try await process.waitUntilReady() }
        let pool = try await UserPool.create(
            plan.users, names: names, generator: session.generator, token: session.token, isSilent: isSilent)
        let alive: @Sendable () -> Bool = { processes.values.allSatisfy { $0.isRunning } }
        try await table.waitUntilEmpty(within: plan.drainLimit, isAlive: alive)
        let created = AcceptedUsers(configuration: server.configuration)
        let changed = AcceptedChanges(
            configuration: server.configuration, namePrefix: names.prefix(run: UserPool.run))
        try await changed.begin()
        var watched = processes.mapValues(\.pid)
        if let api = session.meter.server { watched["API"] = api }
        let watch = try await SoakWatch(
            sizes: sizes, jobs: table, processes: watched, tables: Self.tables, interval: Self.interval)
        let load: LoadResult
        do {
            load = try await self.load(pool)
        } catch {
            await watch.end()
            throw error
        }
        let samples = await watch.end()
        let ended = ContinuousClock.now
        try await table.waitUntilEmpty(within: plan.drainLimit, isAlive: alive)
        var problems = load.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
        problems += try await created.verify(
            count: load.accepted(series: SoakRequests.Series.create), prefix: names.prefix(run: Self.run))
        problems += try await changed.verify(
            count: load.accepted(series: SoakRequests.Series.change), titles: PatchUsers.prefix(run: Self.run))
        return SoakFound(
            plan: plan, load: load, samples: samples, pool: pool.accepted,
            drainSeconds: (ContinuousClock.now - ended) / .seconds(1), problems: problems)
    }

    private func load(_ pool: UserPool) async throws -> LoadResult {
        guard plan.rate * (plan.length / .seconds(1)) < Double(Self.mostRequests) else {
            throw BenchFailure("this would be more than \(Self.mostRequests) requests; use a lower --rate")
        }
        let bar = CountBar(
            "requests", total: Int(plan.rate * (plan.length / .seconds(1))), isSilent: isSilent)
        defer { bar.end() }
        let shown = RateWatch()
        let window = LoadWindow(
            warmUp: .zero, measured: plan.length, answerLimit: .seconds(30), maximumRequests: Self.mostRequests)
        return try await session.generator.run(
            SoakRequests(
                target: session.target, token: session.token, ids: pool.ids, names: names, run: Self.run),
            connections: plan.connections, window: window, rate: plan.rate, meter: session.meter
        ) { counters in
            bar.add(shown.difference(counters.accepted))
        }
    }

    private func waitForEvents(_ sizes: TableSizes) async throws {
        let deadline = ContinuousClock.now + plan.drainLimit
        while true {
            let left = try await sizes.count("event_delivery")
            if left == 0 { return }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("\(left) events are left when the time is over. Allow more --budget-seconds")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
