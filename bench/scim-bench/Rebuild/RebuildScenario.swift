// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Queue

/// Redis is empty while a great many resources are owed to UDM: a worker starts, fills Redis again, and works on meanwhile.
struct RebuildScenario: Sendable {
    let session: BenchSession
    let server: DatabaseServer
    let redis: RedisServer
    let queue: WorkQueue
    let count: Int
    /// Of UDM, in milliseconds.
    let latency: Double
    /// For the rebuild.
    let limit: Duration
    /// How long users are accepted at that depth.
    let loadSeconds: Int
    let isSilent: Bool

    private static let look: Duration = .milliseconds(50)
    private static let loadConnections = 8
    private static let scrapes = 20
    private static let scrapeInterval: Duration = .milliseconds(250)

    private var names: UserNames { UserNames(seed: session.seed) }
    private enum Run {
        static let filled = 1
        static let accepted = 2
    }

    struct Found: Sendable {
        var resources: Int
        var fillSeconds: Double
        /// From the start of the worker until Redis holds all.
        var seconds: Double
        /// Of that, from the first sign of the rebuild.
        var rebuildSeconds: Double
        /// In Redis at that moment.
        var queued: Int
        var redisBytes: Int
        /// Jobs that were finished until then.
        var finishedMeanwhile: Int
        var scrapes: [Scrapes]
        /// While users were accepted at that depth.
        var load: LoadResult
        var workerMemory: MemoryPeak?
        var apiMemory: MemoryPeak?
        /// Once the worker has ended in order: resources in Redis, resources with open jobs.
        var queuedAtEnd: Int
        var openAtEnd: Int
        var drained: JobTable.Drained
        var usersInUDM: Int
        var isSound: Bool
        var problems: [String]
    }

    /// How long a look at `/metrics` took, in milliseconds.
    struct Scrapes: Sendable {
        let name: String
        let milliseconds: [Double]
    }

    func run(
        _ table: JobTable, _ control: UDMDoubleControl, start: @Sendable () throws -> BridgeProcess
    ) async throws -> Found {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        let fillSeconds = try await fill()
        try await redis.empty()
        let memoryBefore = try await redis.usedMemory()
        try await control.reset()
        try await control.setLatency(milliseconds: latency)
        let before = try await control.evidence()

        let began = ContinuousClock.now
        let worker = try start()
        let memory = (
            worker: MemoryWatch(process: worker.pid), api: session.meter.server.flatMap { MemoryWatch(process: $0) }
        )
        do {
            let rebuild = try await rebuild(worker, since: began)
            let depth = try await queue.depth()
            var found = Found(
                resources: count, fillSeconds: fillSeconds, seconds: rebuild.all, rebuildSeconds: rebuild.only,
                queued: depth.resources, redisBytes: try await redis.usedMemory() - memoryBefore,
                finishedMeanwhile: try await table.drained(after: order).finished,
                scrapes: try await scrape(worker), load: LoadResult(connections: 0), queuedAtEnd: 0, openAtEnd: 0,
                drained: JobTable.Drained(), usersInUDM: 0, isSound: true, problems: [])
            try await load(&found)
            found.workerMemory = memory.worker?.end()
            found.apiMemory = memory.api?.end()
            await worker.stop()
            found.queuedAtEnd = try await queue.depth().resources
            found.openAtEnd = try await table.openResources()
            found.drained = try await table.drained(after: order)
            let evidence = try await control.evidence()
            found.usersInUDM = evidence.users - before.users
            found.isSound = evidence.isSound
            return found
        } catch {
            await worker.stop()
            throw error
        }
    }

    private func fill() async throws -> Double {
        let began = ContinuousClock.now
        let bar = CountBar("users with an open job", total: count, isSilent: isSilent)
        defer { bar.end() }
        try await JobFill(configuration: server.configuration, prefix: names.prefix(run: Run.filled))
            .run(count) { bar.add($0) }
        return (ContinuousClock.now - began) / .seconds(1)
    }

    private func rebuild(
        _ worker: BridgeProcess, since began: ContinuousClock.Instant
    ) async throws -> (all: Double, only: Double) {
        let bar = CountBar("resources in Redis", total: count, isSilent: isSilent)
        defer { bar.end() }
        var first: ContinuousClock.Instant?
        var shown = 0
        while true {
            let state = try await queue.state()
            let now = ContinuousClock.now
            switch state {
            case .ready:
                return ((now - began) / .seconds(1), (now - (first ?? began)) / .seconds(1))
            case .rebuilding:
                first = first ?? now
                let queued = try await queue.depth().resources
                bar.add(queued - shown)
                shown = queued
            case .lost: break
            }
            guard worker.isRunning else { throw BenchFailure("the worker has ended. Its log tells why") }
            guard now - began < limit else {
                throw BenchFailure(
                    "\(shown) of \(count) resources are in Redis when the time is over. Allow more --budget-seconds")
            }
            try await Task.sleep(for: Self.look)
        }
    }

    private func scrape(_ worker: BridgeProcess) async throws -> [Scrapes] {
        let api = ProcessInfo.processInfo.environment["OPS_ADDRESS"].flatMap { LoopbackPort.port(of: $0) }
        var scrapes: [Scrapes] = []
        for (name, port) in [("worker", worker.operationsPort), ("API", api)] {
            guard let port else { continue }
            var milliseconds: [Double] = []
            for _ in 0..<Self.scrapes {
                guard let answer = await LoopbackRequest.get(port: port, path: "/metrics"), answer.status == 200 else {
                    throw BenchFailure(
                        "/metrics of the \(name) did not answer. Is OPS_ADDRESS in the environment its own?")
                }
                milliseconds.append(answer.seconds * 1000)
                try await Task.sleep(for: Self.scrapeInterval)
            }
            scrapes.append(Scrapes(name: name, milliseconds: milliseconds))
        }
        return scrapes
    }

    private func load(_ found: inout Found) async throws {
        guard loadSeconds > 0 else { return }
        let scenario = AcceptScenario(
            generator: session.generator, token: session.token, names: names,
            verification: .database(AcceptedUsers(configuration: server.configuration)))
        found.load = try await session.generator.run(
            scenario.requests(run: Run.accepted), connections: Self.loadConnections,
            window: LoadWindow(warmUp: .seconds(1), measured: .seconds(loadSeconds)), meter: session.meter)
        found.problems = found.load.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
        found.problems += try await scenario.verify(found.load, run: Run.accepted)
    }
}

extension RebuildScenario.Found {
    private static let timeGoal = Goal.atMost(60)
    private static let bytesGoal = Goal.atMost(400)
    private static let scrapeGoal = Goal.atMost(50)

    var entries: [FigureReport.Entry] {
        typealias Entry = FigureReport.Entry
        var entries = [
            Entry(key: "resources", title: "resources with an open job", value: Double(resources)),
            Entry(key: "fillSeconds", title: "made by the bench in, seconds", value: fillSeconds, places: 1),
            Entry(
                key: "seconds", title: "seconds until Redis holds all, from the worker's start", value: seconds,
                places: 1, goal: Self.timeGoal),
            Entry(key: "rebuildSeconds", title: "of that the rebuild, seconds", value: rebuildSeconds, places: 1),
            Entry(
                key: "redisBytes", title: "Redis, bytes a resource", value: Double(redisBytes) / Double(max(1, queued)),
                goal: Self.bytesGoal),
            Entry(key: "finishedMeanwhile", title: "jobs done meanwhile", value: Double(finishedMeanwhile)),
        ]
        for (key, title, memory) in [("workerMiB", "worker", workerMemory), ("apiMiB", "API", apiMemory)] {
            guard let memory else { continue }
            entries.append(
                Entry(
                    key: key, title: "\(title), most memory MiB", value: memory.sinceStart, places: 1,
                    goal: MemoryPeak.goal))
        }
        for scrape in scrapes {
            guard let spread = Spread(scrape.milliseconds) else { continue }
            let key = scrape.name.lowercased()
            entries += [
                Entry(
                    key: "\(key)ScrapeMilliseconds", title: "/metrics of the \(scrape.name), median ms",
                    value: spread.median, places: 1, goal: Self.scrapeGoal),
                Entry(
                    key: "\(key)ScrapeMost", title: "/metrics of the \(scrape.name), slowest ms", value: spread.maximum,
                    places: 1),
            ]
        }
        if load.rate > 0 {
            entries += [
                Entry(key: "acceptedPerSecond", title: "accepted/s at that depth", value: load.rate),
                Entry(
                    key: "acceptP99", title: "accept p99 ms at that depth", value: load.latency.p99, places: 2),
            ]
        }
        return entries
    }

    /// Every resource with an open job is in Redis, and every job that is done is an object in UDM.
    var voidTexts: [String] {
        var texts = problems
        if queuedAtEnd < openAtEnd {
            texts.append("\(openAtEnd) resources have open jobs, but Redis holds \(queuedAtEnd)")
        }
        let accepted = resources + load.accepted
        if drained.finished + openAtEnd != accepted {
            texts.append("of \(accepted) jobs \(drained.finished) are finished and \(openAtEnd) open")
        }
        if drained.done != drained.finished { texts.append("\(drained.dead) jobs are dead") }
        // A push that was under way when the worker was told to end may have reached UDM without its outcome.
        if usersInUDM < drained.done {
            texts.append("\(drained.done) jobs are done, but UDM has \(usersInUDM) users more")
        }
        if !isSound { texts.append("the UDM double found overlapping writes or an identifier twice") }
        return texts
    }
}
