// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import NIOHTTP1
internal import Postgres

/// One write at a time while nothing else is to do: how long after its commit the call to UDM begins.
struct PickupScenario: Sendable {
    let session: BenchSession
    let count: Int
    let isSilent: Bool

    /// Before those that count: connections are opened, statements prepared, the breaker learns that UDM is there.
    private static let warmUp = 20
    private static let pause = 10...40
    private static let limit: Duration = .seconds(60)
    private static let page = 1000

    /// All in microseconds since 1970, by the clock of this machine.
    struct Moment: Sendable, Equatable {
        /// By the server, before it wrote.
        var accepted: Int64
        /// In PostgreSQL's own record, taken before it flushes; nil when it keeps none (`track_commit_timestamp`).
        var committed: Int64?
        /// At the client.
        var answered: Int64
        /// At UDM.
        var called: Int64
    }

    struct Found: Sendable {
        var moments: [Moment]
        var drained: JobTable.Drained
        var usersInUDM: Int
        var accepted: Int
    }

    func run(
        _ table: JobTable, _ control: UDMDoubleControl, latency: Double, start: @Sendable () throws -> BridgeProcess
    ) async throws -> Found {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        try await control.reset()
        try await control.setLatency(milliseconds: latency)
        let before = try await control.evidence()
        let worker = try start()
        do {
            try await worker.waitUntilReady()
            let answers = try await write(table, worker)
            await worker.stop()
            let calls = try await firstCalls(control)
            let commits = try await commits(table, after: order)
            let moments = try answers.dropFirst(Self.warmUp).map { id, answered in
                guard let called = calls[id], let commit = commits[id] else {
                    throw BenchFailure("the write of \(id) is not in UDM's requests, or not in the history of jobs")
                }
                return Moment(
                    accepted: commit.accepted, committed: commit.committed, answered: answered, called: called)
            }
            return Found(
                moments: moments, drained: try await table.drained(after: order),
                usersInUDM: try await control.evidence().users - before.users, accepted: answers.count)
        } catch {
            await worker.stop()
            throw error
        }
    }

    private func write(_ table: JobTable, _ worker: BridgeProcess) async throws -> [(id: String, answered: Int64)] {
        let users = UserNames(seed: session.seed)
        let bar = CountBar("writes", total: count + Self.warmUp, isSilent: isSilent)
        defer { bar.end() }
        var answers: [(id: String, answered: Int64)] = []
        for number in 0..<count + Self.warmUp {
            let body = UserDocument.resource(userName: users.name(run: 1, number: UInt64(number))).serialize()
            let answer = try await session.client.send(.POST, "/Users", body: body)
            let answered = Int64(Date().timeIntervalSince1970 * 1e6)
            guard answer.status == 201, let id = try answer.json()["id"]?.stringValue else {
                throw session.client.unexpected(answer, to: "POST of a user")
            }
            answers.append((id, answered))
            try await table.waitUntilEmpty(within: Self.limit, every: .milliseconds(3), isAlive: { worker.isRunning })
            // At no even pace, so that nothing of the worker's own rhythm is met each time.
            try await Task.sleep(for: .milliseconds(Int.random(in: Self.pause)))
            bar.add(1)
        }
        return answers
    }

    /// By identifier: when the first request about it began.
    private func firstCalls(_ control: UDMDoubleControl) async throws -> [String: Int64] {
        var calls: [String: Int64] = [:]
        var after = 0
        while true {
            let requests = try await control.requests(after: after, limit: Self.page)
            for request in requests {
                after = max(after, request.sequence)
                guard let id = request.identifier else { continue }
                calls[id] = min(calls[id] ?? .max, request.started)
            }
            if requests.count < Self.page { return calls }
        }
    }

    private func commits(
        _ table: JobTable, after order: Int64
    ) async throws -> [String: (accepted: Int64, committed: Int64?)] {
        let isTracked =
            try await table.connection.execute(Self.tracking, []).first?.string(0) == "on"
        let rows = try await table.connection.execute(
            isTracked ? Self.committing : Self.accepting, [.int(order)])
        var commits: [String: (accepted: Int64, committed: Int64?)] = [:]
        for row in rows { commits[try row.string(0)] = (try row.timestamp(1), try row.optionalTimestamp(2)) }
        return commits
    }

    private static let tracking = PostgresStatement(unnamed: "SHOW track_commit_timestamp")
    private static let accepting = statement("NULL::timestamptz")
    /// Nobody but the accepted write has touched the row.
    private static let committing = statement("pg_xact_commit_timestamp(r.xmin)")

    private static func statement(_ committed: String) -> PostgresStatement {
        PostgresStatement(
            unnamed: """
                SELECT h.resource_id::text, h.accepted_at, \(committed)
                FROM job_history h JOIN resource r ON r.tenant = h.tenant AND r.type = h.type AND r.id = h.resource_id
                WHERE h."order" > $1::int8 AND h.operation = 'create'
                """)
    }
}

extension PickupScenario.Found {
    private static let goals = (p50: Goal.atMost(5), p95: Goal.atMost(10))

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        let fromCommit = moments.compactMap { moment in moment.committed.map { moment.called - $0 } }
        let isTracked = fromCommit.count == moments.count && !moments.isEmpty
        // Without the record of commits the moment before the write stands for it: the commit is in the figure then.
        let delays = LatencySummary(
            microseconds: isTracked ? fromCommit : moments.map { $0.called - $0.accepted })
        let fromAnswer = LatencySummary(microseconds: moments.map { $0.called - $0.answered })
        let name = isTracked ? "commit" : "before the commit"
        return [
            Entry(key: "writes", title: "writes, one at a time", value: Double(moments.count)),
            Entry(key: "p50", title: "\(name) to UDM call, p50 ms", value: delays.p50, places: 2, goal: Self.goals.p50),
            Entry(key: "p95", title: "\(name) to UDM call, p95 ms", value: delays.p95, places: 2, goal: Self.goals.p95),
            Entry(key: "maximum", title: "\(name) to UDM call, slowest ms", value: delays.maximum, places: 2),
            Entry(key: "fromAnswerP50", title: "answer to UDM call, p50 ms", value: fromAnswer.p50, places: 2),
            Entry(key: "fromAnswerP95", title: "answer to UDM call, p95 ms", value: fromAnswer.p95, places: 2),
        ]
    }

    var problems: [String] {
        var problems: [String] = []
        if drained.done != accepted {
            problems.append("\(accepted) writes were accepted, but \(drained.done) jobs are done")
        }
        if usersInUDM != accepted { problems.append("\(accepted) users were accepted, but UDM has \(usersInUDM) more") }
        return problems
    }
}
