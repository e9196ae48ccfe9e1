// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Queue
internal import Redis
internal import Synchronization

/// How many resources a second pass through the queue in Redis: enqueued, leased, released. The same calls by scripts that decide nothing are
/// the limit.
struct QueueScenario: Sendable {
    let redis: RedisServer
    /// Of a queue that nobody uses.
    let name: String
    /// Resources of a call, as a busy API and a busy worker have them.
    let batch: Int
    let seed: UInt64
    let isSilent: Bool

    private static let lease: Duration = .seconds(15)

    /// One side of the comparison: a number of resources goes through, and those that were leased come back.
    private protocol Side: Sendable {
        /// Makes these due, and ends the turns on `held`.
        /// - Returns: What is leased next.
        func turn(_ due: [String], ending held: [QueueLease]) async throws -> [QueueLease]
    }

    private struct Own: Side {
        let queue: WorkQueue
        let batch: Int
        let worker: String

        func turn(_ due: [String], ending held: [QueueLease]) async throws -> [QueueLease] {
            try await queue.enqueue(due.map { Enqueue(QueueScenario.key($0), lane: .interactive) })
            return try await queue.release(
                held.map { Release($0, next: .forget) }, leaseNext: batch, for: QueueScenario.lease, worker: worker
            ).leases
        }
    }

    private struct Bare: Side {
        let queue: BareQueue
        let batch: Int
        let worker: String

        func turn(_ due: [String], ending held: [QueueLease]) async throws -> [QueueLease] {
            try await queue.enqueue(due.map { QueueScenario.key($0).description })
            let keys = try await queue.turn(
                releasing: held.map { $0.key.description }, leasing: batch, token: "\(worker):0")
            return keys.compactMap { text in
                ResourceKey(text).map {
                    QueueLease(key: $0, token: "", lane: .interactive, generation: 0, deadline: .now)
                }
            }
        }
    }

    private static func key(_ id: String) -> ResourceKey { ResourceKey(tenant: "default", type: "User", id: id) }

    private var bareName: String { "\(name)-bare" }

    func run(_ plan: BenchPlan) async throws -> [Round] {
        let queue = WorkQueue(client: redis.client, name: name)
        try await remove()
        let generation = try await queue.beginRebuild()
        try await queue.finishRebuild(generation: generation)
        let result: Result<[Round], any Error>
        do {
            result = .success(try await rounds(plan, queue))
        } catch {
            result = .failure(error)
        }
        // What stopped the bench is what its user has to know.
        try? await remove()
        return try result.get()
    }

    private func rounds(_ plan: BenchPlan, _ queue: WorkQueue) async throws -> [Round] {
        let progress = ProgressBar(isSilent: isSilent)
        progress.begin(steps: plan.connections.count * plan.repeats * 2, window: plan.window)
        defer { progress.end() }
        let meter = ProcessorMeter(server: try await redis.pid())
        let bare = BareQueue(client: redis.client, prefix: "{scim:\(bareName)}")
        var rounds: [Round] = []
        for clients in plan.connections {
            for repetition in 1...plan.repeats {
                let loadAverage = Machine.loadAverage
                progress.step("queue, \(clients) client\(clients == 1 ? "" : "s")")
                let own = try await measure(clients, plan.window, meter, run: rounds.count * 2) { number in
                    Own(queue: queue, batch: batch, worker: "bench-\(number)")
                }
                let left = try await queue.depth().resources
                progress.step("bare script, \(clients) client\(clients == 1 ? "" : "s")")
                let limit = try await measure(clients, plan.window, meter, run: rounds.count * 2 + 1) { number in
                    Bare(queue: bare, batch: batch, worker: "bench-\(number)")
                }
                rounds.append(
                    Round(
                        connections: clients, repetition: repetition, load: own,
                        missing: left == 0 ? [] : ["\(left) resources are left in the queue"],
                        limit: LimitResult(
                            rate: limit.rate, latency: limit.latency.mean, processorUse: limit.processorUse,
                            problems: limit.failures.map { "bare script: \($0.key)" }, percentiles: limit.latency),
                        loadAverage: loadAverage))
            }
        }
        return rounds
    }

    /// Each client goes through its turns until the time is over, then gives back what it holds.
    private func measure(
        _ clients: Int, _ window: LoadWindow, _ meter: ProcessorMeter, run: Int, _ side: (Int) -> some Side
    ) async throws -> LoadResult {
        let begin = ContinuousClock.now
        let from = begin + window.warmUp
        let until = from + window.measured
        let count = Counter()
        return try await withThrowingTaskGroup(of: [Int64].self) { group in
            for number in 0..<clients {
                let side = side(number)
                group.addTask { try await self.turns(side, run, number, from, until, count) }
            }
            try await Task.sleep(until: from, clock: .continuous)
            let first = (reading: meter.read(), resources: count.value)
            try await Task.sleep(until: until, clock: .continuous)
            let use = meter.read().use(since: first.reading, operations: count.value - first.resources)
            var latencies: [Int64] = []
            for try await own in group { latencies += own }
            var result = LoadResult(
                connections: clients, accepted: count.value, measured: latencies.count * batch,
                measuredSeconds: window.measured / .seconds(1),
                latencies: [LatencySummary(microseconds: latencies)])
            result.processorUse = use
            return result
        }
    }

    private final class Counter: Sendable {
        private let number = Atomic(0)
        var value: Int { number.load(ordering: .relaxed) }
        func add(_ count: Int) { number.wrappingAdd(count, ordering: .relaxed) }
    }

    /// - Returns: Microseconds of each turn within the measured time.
    private func turns(
        _ side: some Side, _ run: Int, _ client: Int, _ from: ContinuousClock.Instant,
        _ until: ContinuousClock.Instant, _ count: Counter
    ) async throws -> [Int64] {
        var latencies: [Int64] = []
        var held: [QueueLease] = []
        var number: UInt64 = 0
        while true {
            let begin = ContinuousClock.now
            guard begin < until else { break }
            let due = (0..<UInt64(batch)).map {
                Self.id(mixed(seed &+ UInt64(run)), UInt64(client) << 40 | number &+ $0)
            }
            number &+= UInt64(batch)
            let released = held.count
            held = try await side.turn(due, ending: held)
            count.add(released)
            let end = ContinuousClock.now
            if end >= from, end < until { latencies.append(Int64((end - begin) / .microseconds(1))) }
        }
        // Another client may have taken what this one made due.
        while !held.isEmpty { held = try await side.turn([], ending: held) }
        return latencies
    }

    /// In the form of a UUID, as all ids are.
    private static func id(_ high: UInt64, _ low: UInt64) -> String {
        func hexadecimal(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        let digits = Array(hexadecimal(high) + hexadecimal(mixed(low)))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    /// Both queues of the bench, with all their keys.
    private func remove() async throws {
        for name in [name, bareName] {
            var cursor = "0"
            repeat {
                let page =
                    try await redis.client.send(
                        RedisCommand("SCAN", cursor, "MATCH", "{scim:\(name)}:*", "COUNT", "1000")
                    ).array ?? []
                let keys = (page.last?.array ?? []).compactMap(\.string)
                if !keys.isEmpty { _ = try await redis.client.send(RedisCommand(["DEL"] + keys)) }
                cursor = page.first?.string ?? "0"
            } while cursor != "0"
        }
    }
}
