// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Users are accepted at an even rate while something that the bridge needs goes away and comes back.
struct OutageScenario: Sendable {
    struct Plan: Sendable {
        var before: Duration
        var away: Duration
        var after: Duration
        var connections: Int
        /// Requests a second; nil: half of what is accepted at most while the worker runs.
        var rate: Double?
        /// Until nothing is owed any more, from the end of the trouble.
        var drainLimit: Duration

        var total: Duration { before + away + after }
    }

    /// Numbers of the runs of ``UserNames``.
    private enum Run {
        static let maximum = 1
        static let measured = 2
    }

    private static let look: Duration = .seconds(1)
    private static let maximumConnections = 32
    private static let maximumWindow = LoadWindow(warmUp: .seconds(1), measured: .seconds(5))
    private static let mostRequests = 2_000_000

    let session: BenchSession
    let plan: Plan
    let users: AcceptedUsers
    let isSilent: Bool

    private var names: UserNames { UserNames(seed: session.seed) }

    /// - Parameter isAlive: Whether the worker still runs.
    func run(
        _ trouble: some Trouble, _ table: JobTable, isAlive: @escaping @Sendable () -> Bool
    ) async throws -> OutageFound {
        let maximum = try await findMaximum(table, isAlive)
        let rate = plan.rate ?? max(1, (maximum?.rate ?? 0) / 2)
        let bar = CountBar(
            "writes", total: Int(rate * (plan.total / .seconds(1))), isSilent: isSilent)
        let moments = OutageMoments()
        let backlog = BacklogWatch(table: table, interval: Self.look)
        let load: LoadResult
        do {
            load = try await measure(rate: rate, trouble, moments, bar)
        } catch {
            await backlog.end()
            // What stopped the bench is what its user has to know.
            try? await trouble.end()
            throw error
        }
        bar.end()
        try await table.waitUntilEmpty(within: plan.drainLimit, isAlive: isAlive)
        moments.note(.drained)
        let samples = await backlog.end()
        var problems = load.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
        problems += try await users.verify(count: load.accepted, prefix: names.prefix(run: Run.measured))
        var accepted = load.accepted
        if let maximum {
            accepted += maximum.accepted
            problems += maximum.failures.map { "\($0.value) x \($0.key)" }
            problems += try await users.verify(count: maximum.accepted, prefix: names.prefix(run: Run.maximum))
        }
        return OutageFound(
            plan: plan, maximum: maximum?.rate, rate: rate, load: load, moments: moments.all, backlog: samples,
            accepted: accepted, problems: problems)
    }

    // MARK: - The load

    /// Nil when the rate is given.
    private func findMaximum(_ table: JobTable, _ isAlive: @Sendable () -> Bool) async throws -> LoadResult? {
        guard plan.rate == nil else { return nil }
        let bar = CountBar("writes, to find the highest rate", total: 1, isSilent: isSilent)
        let result = try await session.generator.run(
            CreateUsers(target: session.target, token: session.token, names: names, run: Run.maximum),
            connections: Self.maximumConnections, window: Self.maximumWindow)
        bar.end()
        try await table.waitUntilEmpty(within: plan.drainLimit, isAlive: isAlive)
        return result
    }

    private func measure(
        rate: Double, _ trouble: some Trouble, _ moments: OutageMoments, _ bar: CountBar
    ) async throws -> LoadResult {
        let window = LoadWindow(
            warmUp: .zero, measured: plan.total, answerLimit: .seconds(30), maximumRequests: Self.mostRequests)
        guard rate * (plan.total / .seconds(1)) < Double(Self.mostRequests) else {
            throw BenchFailure("this would be more than \(Self.mostRequests) writes; use a lower --rate")
        }
        let shown = RateWatch()
        let source = CreateUsers(target: session.target, token: session.token, names: names, run: Run.measured)
        return try await withThrowingTaskGroup(of: LoadResult?.self) { group in
            moments.note(.began)
            group.addTask {
                let result = try await session.generator.run(
                    source, connections: plan.connections, window: window, rate: rate, meter: session.meter
                ) { counters in
                    bar.add(shown.difference(counters.accepted))
                }
                moments.note(.ended)
                return result
            }
            group.addTask {
                try await Task.sleep(for: plan.before)
                moments.note(.went)
                try await trouble.begin()
                try await Task.sleep(for: plan.away)
                try await trouble.end()
                moments.note(.cameBack)
                return nil
            }
            var load: LoadResult?
            for try await result in group { load = result ?? load }
            guard let load else { throw BenchFailure("the load ended without a result") }
            return load
        }
    }
}
