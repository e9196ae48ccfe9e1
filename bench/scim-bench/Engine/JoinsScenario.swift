// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import NIOHTTP1

/// Users join one group, each by a request of its own, while UDM is slow: how many writes that is for UDM.
struct JoinsScenario: Sendable {
    let session: BenchSession
    let redis: RedisServer
    /// `QUEUE_NAME`.
    let queue: String
    let count: Int
    /// Requests at once.
    let connections: Int
    /// Of a change of UDM while they join, in milliseconds.
    let latency: Double
    /// Until nothing is owed.
    let limit: Duration
    let isSilent: Bool

    private static let page = 1000

    struct Found: Sendable {
        var count: Int
        /// Milliseconds.
        var latency: Double
        /// Requests of UDM that could change something, since the first user joined.
        var writes: Int
        /// The others: whose object the DN of a member is.
        var reads: Int
        /// From the first request until all were accepted.
        var acceptSeconds: Double
        /// Of the requests.
        var accept: LatencySummary
        /// From the first request to the last outcome.
        var seconds: Double
        var drained: JobTable.Drained
        var events: JobTable.Events
        /// Of the group in UDM; nil when it is not there.
        var members: Int?
        var isSound: Bool
    }

    /// - Parameter start: The one worker that there is.
    func run(
        _ table: JobTable, _ control: UDMDoubleControl, start: @Sendable () throws -> BridgeProcess
    ) async throws -> Found {
        try await table.requireEmpty()
        try await control.reset()
        // Whoever was measured before may have had another UDM.
        try await redis.forgetCallLimits(ofQueue: queue)
        let users = try await UserPool.create(
            count, names: UserNames(seed: session.seed), generator: session.generator, token: session.token,
            isSilent: isSilent)
        let group = try await createGroup()
        let worker = try start()
        do {
            try await table.waitUntilEmpty(within: limit, isAlive: { worker.isRunning })
            // Only what comes now counts.
            try await control.reset()
            try await control.set(.slowChanges(milliseconds: latency))
            let order = try await table.latestOrder()
            let began = Date()
            let accept = try await join(users.ids, group)
            let acceptSeconds = Date().timeIntervalSince(began)
            try await table.waitUntilEmpty(within: limit, isAlive: { worker.isRunning })
            await worker.stop()
            let drained = try await table.drained(after: order)
            let ended = drained.lastFinished.map { Double($0) / 1e6 } ?? Date().timeIntervalSince1970
            let requests = try await requests(control)
            return Found(
                count: count, latency: latency, writes: requests.writes, reads: requests.reads,
                acceptSeconds: acceptSeconds,
                accept: accept, seconds: ended - began.timeIntervalSince1970, drained: drained,
                events: try await table.events(after: order), members: try await control.members(ofGroup: group),
                isSound: try await control.evidence().isSound)
        } catch {
            await worker.stop()
            throw error
        }
    }

    private func createGroup() async throws -> String {
        let body = DirectoryGroups.resource("joins-\(String(session.seed, radix: 36))", members: []).serialize()
        let answer = try await session.client.send(.POST, "/Groups", body: body)
        guard answer.status == 201, let id = try answer.json()["id"]?.stringValue else {
            throw session.client.unexpected(answer, to: "POST of a group")
        }
        return id
    }

    private func join(_ users: [String], _ group: String) async throws -> LatencySummary {
        let bar = CountBar("members", total: users.count, isSilent: isSilent)
        defer { bar.end() }
        let client = session.client
        let microseconds = try await inTurn(users.indices, atOnce: connections) { index in
            let began = ContinuousClock.now
            let answer = try await client.send(
                .PATCH, "/Groups/\(group)?attributes=id",
                body: MemberPatches.body(add: true, user: users[index]).serialize())
            guard answer.status == 200 || answer.status == 204 else {
                throw client.unexpected(answer, to: "PATCH of the group")
            }
            bar.add(1)
            return Int64((ContinuousClock.now - began) / .microseconds(1))
        }
        return LatencySummary(microseconds: microseconds)
    }

    private func requests(_ control: UDMDoubleControl) async throws -> (writes: Int, reads: Int) {
        var (writes, all, after) = (0, 0, 0)
        while true {
            let requests = try await control.requests(after: after, limit: Self.page)
            writes += requests.count { $0.isWrite }
            all += requests.count
            after = requests.map(\.sequence).max() ?? after
            if requests.count < Self.page { return (writes, all - writes) }
        }
    }
}

extension JoinsScenario.Found {
    /// For so many users, and more.
    static let goal = (users: 1000, writes: Goal.atMost(20))

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        var entries = [
            Entry(key: "joins", title: "users that joined, a request each", value: Double(count)),
            Entry(key: "udmMilliseconds", title: "UDM, ms a change", value: latency),
            Entry(
                key: "writes", title: "writes to UDM", value: Double(writes),
                goal: count >= Self.goal.users ? Self.goal.writes : nil),
            Entry(key: "reads", title: "reads from UDM", value: Double(reads)),
            Entry(key: "acceptSeconds", title: "seconds until all were accepted", value: acceptSeconds, places: 2),
            Entry(key: "acceptP50", title: "request p50 ms", value: accept.p50, places: 2),
            Entry(key: "acceptP99", title: "request p99 ms", value: accept.p99, places: 2),
            Entry(key: "seconds", title: "seconds until all were in UDM", value: seconds, places: 2),
        ]
        if latency > 0 {
            entries.append(
                Entry(
                    key: "fitting", title: "writes one after the other that fit into that time",
                    value: (seconds * 1000 / latency).rounded(.up)))
        }
        return entries
    }

    /// Every user is a member in UDM, and each join has an end and an event of its own.
    var problems: [String] {
        var problems: [String] = []
        if drained.done != count {
            problems.append("\(count) joins were accepted, but \(drained.done) jobs are done and \(drained.dead) dead")
        }
        if members != count {
            problems.append(
                "\(count) users have joined, but the group has \(members.map { "\($0)" } ?? "no") members in UDM")
        }
        if events.recorded != count || events.jobs != count {
            problems.append(
                "\(count) joins were accepted, but there are \(events.recorded) events, of \(events.jobs) of their jobs. "
                    + "Does somebody send them?")
        }
        if !isSound { problems.append("the UDM double found overlapping writes or an identifier twice") }
        return problems
    }
}
