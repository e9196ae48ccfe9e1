// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The same work by different numbers of API and worker processes on one PostgreSQL and one Redis.
struct ScalingScenario: Sendable {
    /// So many processes of each role, spread over so many queues (with a database each).
    struct Setup: Sendable, Hashable {
        let processes: Int
        let queues: Int
    }

    /// One measurement of a setup.
    struct Run: Sendable {
        var setup: Setup
        /// Writes a second.
        var accepted: Double
        /// Jobs a second.
        var synced: Double
        /// Of all processors of the machine, from 0 to 1.
        var busyAccepting: Double?
        var busySyncing: Double?
        var problems: [String]
    }

    let session: BenchSession
    let worker: WorkerOptions
    /// Of all processes together.
    let connections: Int
    let window: LoadWindow
    let drainLimit: Duration
    let isSilent: Bool

    private var names: UserNames { UserNames(seed: session.seed) }

    /// - Parameter places: At least as many as the setup has queues; no job is open in any.
    func run(
        _ setup: Setup, number: Int, _ places: [BenchDatabases.Place], _ control: UDMDoubleControl
    ) async throws -> Run {
        var run = Run(setup: setup, accepted: 0, synced: 0, problems: [])
        var tables: [JobTable] = []
        let result: Result<Run, any Error>
        do {
            for place in places.prefix(setup.queues) { tables.append(try await JobTable.open(place.configuration)) }
            try await measure(&run, number, places, tables, control)
            result = .success(run)
        } catch {
            result = .failure(error)
        }
        for table in tables { await table.close() }
        return try result.get()
    }

    private func measure(
        _ run: inout Run, _ number: Int, _ places: [BenchDatabases.Place], _ tables: [JobTable],
        _ control: UDMDoubleControl
    ) async throws {
        var orders: [Int64] = []
        for table in tables {
            try await table.requireEmpty()
            orders.append(try await table.latestOrder())
        }
        try await control.reset()
        try await control.setLatency(milliseconds: worker.udmLatency)
        let before = try await control.evidence()
        let accepted = try await accept(&run, number, places)
        try await sync(&run, number, places, tables)
        var spans: [JobTable.Drained] = []
        for (table, order) in zip(tables, orders) { spans.append(try await table.drained(after: order)) }
        let done = spans.reduce(0) { $0 + $1.done }
        // Of all together, from the first outcome anywhere to the last.
        let first = spans.compactMap(\.firstFinished).min() ?? 0
        let last = spans.compactMap(\.lastFinished).max() ?? 0
        if last > first { run.synced = Double(done - 1) * 1e6 / Double(last - first) }
        let evidence = try await control.evidence()
        if done != accepted { run.problems.append("\(accepted) writes were accepted, but \(done) jobs are done") }
        if evidence.users - before.users != accepted {
            run.problems.append("\(accepted) users were accepted, but UDM has \(evidence.users - before.users) more")
        }
        if !evidence.isSound { run.problems.append("the UDM double found overlapping writes or an identifier twice") }
    }

    // MARK: - The two halves

    /// - Returns: How many writes were accepted, all found in the databases.
    private func accept(_ run: inout Run, _ number: Int, _ places: [BenchDatabases.Place]) async throws -> Int {
        var processes: [BridgeProcess] = []
        var ports: [Int] = []
        let setup = run.setup
        do {
            for index in 0..<setup.processes {
                let port = try LoopbackPort.free()
                let own = ["HTTP_ADDRESS": "127.0.0.1:\(port)"]
                processes.append(
                    try worker.start(
                        roles: "api",
                        with: places[index % setup.queues].settings.merging(own) { _, given in given },
                        name: "api-\(index)"))
                ports.append(port)
            }
            for process in processes { try await process.waitUntilReady() }
            let before = ProcessorLoad.current
            let results = try await load(ports, number, setup)
            run.busyAccepting = ProcessorLoad.current?.share(since: before)
            for process in processes { await process.stop() }
            processes = []
            for (index, result) in results.enumerated() {
                run.accepted += result.rate
                run.problems += result.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
                run.problems += try await AcceptedUsers(configuration: places[index % setup.queues].configuration)
                    .verify(count: result.accepted, prefix: names.prefix(run: Self.run(number, index)))
            }
            return results.reduce(0) { $0 + $1.accepted }
        } catch {
            for process in processes { await process.stop() }
            throw error
        }
    }

    /// A number for each process of each measurement: their names must not repeat.
    private static func run(_ number: Int, _ index: Int) -> Int { number * 100 + index + 1 }

    private func load(_ ports: [Int], _ number: Int, _ setup: Setup) async throws -> [LoadResult] {
        let path = session.target.path
        let each = max(1, connections / setup.processes)
        let indexed = try await withThrowingTaskGroup(of: (Int, LoadResult).self) { group in
            for (index, port) in ports.enumerated() {
                group.addTask {
                    let target = try Target("http://127.0.0.1:\(port)\(path)", allowingRemote: false)
                    let generator = LoadGenerator(target: target, threads: 1)
                    let source = CreateUsers(
                        target: target, token: session.token, names: names, run: Self.run(number, index))
                    let result: Result<LoadResult, any Error>
                    do {
                        result = .success(try await generator.run(source, connections: each, window: window))
                    } catch {
                        result = .failure(error)
                    }
                    try await generator.shutDown()
                    return (index, try result.get())
                }
            }
            var results: [(Int, LoadResult)] = []
            for try await result in group { results.append(result) }
            return results
        }
        return indexed.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func sync(
        _ run: inout Run, _ number: Int, _ places: [BenchDatabases.Place], _ tables: [JobTable]
    ) async throws {
        var processes: [BridgeProcess] = []
        let setup = run.setup
        do {
            for index in 0..<setup.processes {
                processes.append(
                    try worker.start(with: places[index % setup.queues].settings, name: "\(index)"))
            }
            let started = processes
            let before = ProcessorLoad.current
            for table in tables {
                try await table.waitUntilEmpty(
                    within: drainLimit, every: .milliseconds(100),
                    isAlive: { started.allSatisfy { $0.isRunning } })
            }
            run.busySyncing = ProcessorLoad.current?.share(since: before)
        } catch {
            for process in processes { await process.stop() }
            throw error
        }
        for process in processes { await process.stop() }
    }
}
