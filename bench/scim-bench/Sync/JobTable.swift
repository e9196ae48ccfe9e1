// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres

/// Looks at the jobs of the bridge in its database.
struct JobTable: Sendable {
    /// What a drain left in the history.
    struct Drained: Sendable, Equatable {
        var finished = 0
        var done = 0
        var dead = 0
        /// Attempts that UDM did not take, over all jobs.
        var failedAttempts = 0
        /// From the first outcome to the last.
        var seconds = 0.0
        /// From the first lease to the last outcome.
        var secondsFromLease = 0.0
        /// In microseconds since 1970; nil when nothing is finished.
        var firstFinished: Int64?
        var lastFinished: Int64?

        /// Jobs a second between the first outcome and the last.
        var rate: Double { seconds > 0 && finished > 1 ? Double(finished - 1) / seconds : 0 }
    }

    /// What the outbox holds of writes; nobody may send it meanwhile.
    struct Events: Sendable, Equatable {
        var recorded = 0
        /// That have at least one of them.
        var jobs = 0
    }

    let connection: PostgresConnection

    static func open(_ configuration: PostgresConfiguration) async throws -> JobTable {
        do {
            return JobTable(
                connection: try await PostgresConnection.open(
                    configuration, label: "bench.jobs", logger: Logger(label: "scim-bench")))
        } catch {
            throw BenchFailure("the database cannot be reached: \(error.message)")
        }
    }

    func close() async { await connection.close() }

    func openJobs() async throws -> Int {
        Int(try await connection.execute(Self.counting, []).first?.int(0) ?? 0)
    }

    /// How many resources have open jobs.
    func openResources() async throws -> Int {
        Int(try await connection.execute(Self.countingResources, []).first?.int(0) ?? 0)
    }

    /// - Throws: ``BenchFailure`` when somebody else's jobs are there, which would be measured as well.
    func requireEmpty() async throws {
        guard try await openJobs() == 0 else {
            throw BenchFailure("there are open jobs already. The bench needs an empty queue, and no other worker")
        }
    }

    /// Looks until no job is open.
    ///
    /// - Parameters:
    ///   - isAlive: Whether whoever works on them still runs.
    ///   - progress: Called after each look with what is left.
    /// - Throws: ``BenchFailure`` when that takes longer than `limit`.
    func waitUntilEmpty(
        within limit: Duration, every interval: Duration = .milliseconds(200), isAlive: () -> Bool,
        progress: (Int) -> Void = { _ in }
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let began = ContinuousClock.now
            let left = try await openJobs()
            // Counting takes PostgreSQL's time, of which what is measured has the rest.
            let took = began.duration(to: .now)
            progress(left)
            if left == 0 { return }
            guard isAlive() else { throw BenchFailure("the worker has ended. Its log tells why") }
            guard ContinuousClock.now < deadline else {
                throw BenchFailure("\(left) jobs are left when the time is over. Allow more --budget-seconds")
            }
            try await Task.sleep(for: max(interval, min(took * Self.countingShare, Self.longestInterval)))
        }
    }

    /// Between two counts so many times what a count takes.
    private static let countingShare = 20
    private static let longestInterval = Duration.milliseconds(500)

    /// How many jobs are open, and how old the oldest of them is.
    func backlog() async throws -> (open: Int, oldestSeconds: Double) {
        guard let row = try await connection.execute(Self.backlogged, []).first else { return (0, 0) }
        return (Int(try row.int(0)), Double(try row.int(1)) / 1000)
    }

    /// The latest order of all writes; what is accepted later is above it.
    func latestOrder() async throws -> Int64 {
        try await connection.execute(Self.latest, []).first?.int(0) ?? 0
    }

    /// - Parameter order: Only jobs of later writes count.
    func drained(after order: Int64) async throws -> Drained {
        guard let row = try await connection.execute(Self.finished, [.int(order)]).first else { return Drained() }
        return Drained(
            finished: Int(try row.int(0)), done: Int(try row.int(1)), dead: Int(try row.int(2)),
            failedAttempts: Int(try row.int(3)), seconds: Double(try row.int(4)) / 1e6,
            secondsFromLease: Double(try row.int(5)) / 1e6, firstFinished: try row.optionalTimestamp(6),
            lastFinished: try row.optionalTimestamp(7))
    }

    /// - Parameter order: Only events of later writes count; those of errors do not.
    func events(after order: Int64) async throws -> Events {
        guard let row = try await connection.execute(Self.recorded, [.int(order)]).first else { return Events() }
        return Events(recorded: Int(try row.int(0)), jobs: Int(try row.int(1)))
    }

    private static let counting = PostgresStatement("bench_open_jobs", "SELECT count(*) FROM job")

    private static let countingResources = PostgresStatement(
        "bench_open_resources", "SELECT count(DISTINCT resource_id) FROM job")

    /// The ids of jobs rise with the time of their acceptance.
    private static let backlogged = PostgresStatement(
        "bench_backlog",
        """
        SELECT (SELECT count(*) FROM job), coalesce((
            SELECT greatest(0, extract(epoch FROM clock_timestamp() - accepted_at) * 1000)::int8
            FROM job ORDER BY id LIMIT 1), 0)
        """)

    private static let latest = PostgresStatement(
        "bench_latest_order", "SELECT coalesce(max(\"order\"), 0) FROM resource")

    private static let finished = PostgresStatement(
        "bench_finished_jobs",
        """
        SELECT count(*), count(*) FILTER (WHERE state IN ('done', 'superseded')), count(*) FILTER (WHERE state = 'dead'),
            coalesce(sum(attempts), 0)::int8,
            coalesce(extract(epoch FROM max(finished_at) - min(finished_at)) * 1000000, 0)::int8,
            coalesce(extract(epoch FROM max(finished_at) - min(first_attempt_at)) * 1000000, 0)::int8,
            min(finished_at), max(finished_at)
        FROM job_history WHERE "order" > $1::int8
        """)

    private static let recorded = PostgresStatement(
        "bench_recorded_events",
        """
        SELECT count(*), count(DISTINCT job_id) FROM event_outbox WHERE "order" > $1::int8 AND kind = 'change'
        """)
}
