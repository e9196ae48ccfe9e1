// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Two workers share the work, and one of them is killed (SIGKILL): how long until all that it held is worked on again.
struct RecoveryScenario: Sendable {
    let session: BenchSession
    /// For each kill.
    let jobs: Int
    let kills: Int
    /// Of UDM, in milliseconds: so long is a resource held.
    let latency: Double
    /// Of a lease (`LEASE_SECONDS`).
    let lease: Double
    let isSilent: Bool

    private static let look: Duration = .milliseconds(20)
    private static let startLimit: Duration = .seconds(30)
    /// Beyond the leases: what was held may come last in a long queue.
    private static let takeOverLimit: Duration = .seconds(120)
    private static let drainLimit: Duration = .seconds(300)
    /// Less says little.
    private static let leastHeld = 4

    struct Kill: Sendable, Equatable {
        /// Leases that it held.
        var held: Int
        /// Until the first and the last of them was taken by somebody else.
        var first: Double
        var last: Double
    }

    struct Found: Sendable {
        var kills: [Kill]
        var lease: Double
        var accepted: Int
        var drained: JobTable.Drained
        var usersInUDM: Int
        var isSound: Bool
    }

    /// - Parameter start: With a number for the log.
    func run(
        _ table: JobTable, _ control: UDMDoubleControl, start: @Sendable (Int) throws -> BridgeProcess
    ) async throws -> Found {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        try await control.reset()
        try await control.setLatency(milliseconds: latency)
        let before = try await control.evidence()
        let leases = LeaseTable(connection: table.connection)
        var workers: [BridgeProcess] = []
        do {
            workers.append(try start(1))
            var names: Set<String> = []
            var found: [Kill] = []
            for number in 1...kills {
                try await load(number)
                // Alone, so that what is leased is its own; then somebody is there to take it over.
                let name = try await name(of: workers[0], notAmong: names, leases)
                names.insert(name)
                workers.append(try start(number + 1))
                try await workers[1].waitUntilReady()
                found.append(try await kill(workers.removeFirst(), name, workers, leases))
            }
            try await control.setLatency(milliseconds: 0)
            let last = workers
            try await table.waitUntilEmpty(
                within: Self.drainLimit, isAlive: { last.allSatisfy { $0.isRunning } })
            for worker in workers { await worker.stop() }
            let evidence = try await control.evidence()
            return Found(
                kills: found, lease: lease, accepted: jobs * kills, drained: try await table.drained(after: order),
                usersInUDM: evidence.users - before.users, isSound: evidence.isSound)
        } catch {
            for worker in workers { await worker.stop() }
            throw error
        }
    }

    /// Work enough for one kill, whatever the ones before have left of theirs.
    private func load(_ number: Int) async throws {
        let users = DirectoryUsers(seed: session.seed &* 1000 &+ UInt64(number))
        let loader = DirectoryLoader(
            client: session.client, users: users, connections: 4, deadline: .now + .seconds(3600))
        _ = try await loader.load(jobs) { done in
            CountBar("users accepted", total: jobs, done: done, isSilent: isSilent)
        }
    }

    /// What the worker is called in its leases, once it holds enough of them.
    private func name(
        of worker: BridgeProcess, notAmong known: Set<String>, _ leases: LeaseTable
    ) async throws -> String {
        let deadline = ContinuousClock.now + Self.startLimit
        while ContinuousClock.now < deadline, worker.isRunning {
            let holders = try await leases.holders()
            if let name = holders.first(where: { !known.contains($0.key) && $0.value >= Self.leastHeld })?.key {
                return name
            }
            try await Task.sleep(for: Self.look)
        }
        throw BenchFailure("a worker took no work. Its log tells why; are there enough --jobs?")
    }

    private func kill(
        _ worker: BridgeProcess, _ name: String, _ others: [BridgeProcess], _ leases: LeaseTable
    ) async throws -> Kill {
        let killed = try await leases.now()
        await worker.kill()
        // What it had sent may still be committed.
        try await Task.sleep(for: .milliseconds(100))
        let held = try await leases.held(by: name)
        guard !held.isEmpty else { throw BenchFailure("the worker held nothing when it was killed. Use more --jobs") }
        let bar = CountBar("leases taken over", total: held.count, isSilent: isSilent)
        defer { bar.end() }
        let deadline = ContinuousClock.now + .seconds(3 * lease) + Self.takeOverLimit
        var taken: [String: Int64] = [:]
        var open = held
        while !open.isEmpty {
            let now = try await leases.taken(open)
            for (resource, moment) in now { taken[resource] = moment }
            open.removeAll { now[$0.resource] != nil }
            bar.add(now.count)
            guard others.allSatisfy({ $0.isRunning }) else {
                throw BenchFailure("the other worker has ended. Its log tells why")
            }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("\(open.count) of \(held.count) leases of a killed worker were never taken over")
            }
            if !open.isEmpty { try await Task.sleep(for: Self.look) }
        }
        let seconds = taken.values.map { Double($0 - killed) / 1e6 }
        return Kill(held: held.count, first: seconds.min() ?? 0, last: seconds.max() ?? 0)
    }
}

extension RecoveryScenario.Found {
    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        return [
            Entry(key: "leaseSeconds", title: "lease, seconds", value: lease, places: 1),
            Entry(key: "kills", title: "workers killed", value: Double(kills.count)),
            Entry(
                key: "held", title: "leases that they held together", value: Double(kills.reduce(0) { $0 + $1.held })),
            Entry(
                key: "firstSeconds", title: "first lease worked on again, seconds",
                value: kills.map(\.first).min() ?? 0,
                places: 2),
            Entry(
                key: "seconds", title: "every lease worked on again, slowest, seconds",
                value: kills.map(\.last).max() ?? 0,
                places: 2, goal: .atMost(lease + 1)),
        ]
    }

    var problems: [String] {
        var problems: [String] = []
        if drained.done != accepted {
            problems.append(
                "\(accepted) writes were accepted, but \(drained.done) jobs are done and \(drained.dead) dead")
        }
        if usersInUDM != accepted { problems.append("\(accepted) users were accepted, but UDM has \(usersInUDM) more") }
        if !isSound { problems.append("the UDM double found overlapping writes or an identifier twice") }
        return problems
    }
}
