// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import FuzzSupport
import Redis

@testable import Queue
@testable import Sync

/// Processes that share a limit through the real scripts, one random event after the other: steps of their lease calls, and what happens between
/// these. They keep their leases as ``SyncWorker`` does.
struct PlacesRun {
    static let events: Set<String> = [
        "ask", "run", "answer", "confirm", "begin", "rest", "end", "give up", "renew", "advance", "kill", "empty",
        "lose call", "lose answer", "run out", "stands by", "place for standby", "surplus", "open", "half-open",
    ]
    private static let length: Int64 = 8_000
    private static let limit = CallLimit(
        endpoint: "udm", maximum: 12, start: 6, firstOpen: .milliseconds(500), longestOpen: .seconds(2))

    private final class Clock: Sendable {
        private let milliseconds = Locked<Int64>(1_000_000)

        var now: Int64 { milliseconds.withLock { $0 } }

        func advance(_ length: Int64) { milliseconds.withLock { $0 += length } }
    }

    private struct Call {
        let releases: [Release]
        let wanted: Int
        let calls: LimitedCalls
        let began: Int64
        var answer: LeaseAnswer?
    }

    private struct Process {
        let name: String
        var places = Places()
        var breaker = CallLimitState.Breaker.closed
        var call: Call?
        var batches: [[QueueLease]] = []
        var standby: [QueueLease] = []
        var calling: [QueueLease] = []
        var resting: [QueueLease] = []
        var ended: [Release] = []

        var held: [QueueLease] { standby + calling + resting }
    }

    private(set) var counts: [String: Int] = [:]
    /// Turns that called UDM at one time.
    private(set) var most = 0
    private let client: RedisClient
    private let queue: WorkQueue
    private let clock: Clock
    private var random: SeededGenerator
    private var processes: [Process] = []
    private var processNumber = 0
    /// When a lease ends, by the clock of its process.
    private var ends: [QueueLease: Int64] = [:]
    /// What PostgreSQL has given to somebody.
    private var taken: Set<ResourceKey> = []
    private var era: Int64 = 0
    /// Eighths of the calls that find UDM overloaded.
    private var weather = 0
    private var problems: [String] = []

    init(client: RedisClient, name: String, seed: UInt64) async throws {
        let clock = Clock()
        self.clock = clock
        self.client = client
        queue = WorkQueue(client: client, name: name, now: { clock.now })
        random = SeededGenerator(seed: seed)
        for _ in 0..<3 { addProcess() }
        try await fill()
    }

    private mutating func addProcess() {
        processNumber += 1
        processes.append(Process(name: "p\(processNumber)"))
    }

    private func fill() async throws {
        let generation = try await queue.beginRebuild()
        try await queue.enqueue(
            (0..<80).map { number in
                let key = ResourceKey(tenant: "default", type: "User", id: "\(number)")
                return Enqueue(key, lane: number.isMultiple(of: 3) ? .bulk : .interactive)
            })
        try await queue.finishRebuild(generation: generation)
    }

    // MARK: Events

    mutating func step() async throws -> String {
        let index = processes.indices.randomElement(using: &random) ?? 0
        let event: String
        switch Int.random(in: 0..<1_000, using: &random) {
        case ..<400: event = try await goOn(index)
        case ..<530: event = confirm(index)
        case ..<700: event = end(index, rests: true)
        case ..<840: event = end(index, rests: false)
        case ..<850: event = giveUp(index)
        case ..<900: event = try await renew(index)
        case ..<992: event = advance()
        case ..<996: event = kill(index)
        default: event = try await empty()
        }
        counts[event, default: 0] += 1
        most = max(most, processes.reduce(0) { $0 + $1.calling.count })
        return event
    }

    /// The next step of the process's lease call.
    private mutating func goOn(_ index: Int) async throws -> String {
        guard let call = processes[index].call else { return ask(index) }
        if call.answer != nil { return answer(index) }
        let fate = Int.random(in: 0..<80, using: &random)
        // Redis has a timeout.
        if fate == 0 || clock.now - call.began > Self.length / 4 {
            processes[index].call = nil
            return "lose call"
        }
        let answer = try await queue.release(
            call.releases, leaseNext: call.wanted, for: .milliseconds(Self.length), worker: processes[index].name,
            calls: call.calls)
        for lease in answer.leases { ends[lease] = call.began + Self.length }
        if let limit = answer.limit {
            era = limit.era
            if limit.breaker != .closed { counts[limit.breaker == .open ? "open" : "half-open", default: 0] += 1 }
            let counted = try await counted()
            let all = counted.values.reduce(0) { $0 + $1.leases - (limit.breaker == .closed ? $1.resting : 0) }
            if answer.places > 0, all > limit.limit { problems.append("\(all) places of \(limit.limit) are given") }
        }
        if answer.leases.count > answer.places { counts["stands by", default: 0] += 1 }
        if answer.leases.count < answer.places { counts["place for standby", default: 0] += 1 }
        if answer.surplus > 0 { counts["surplus", default: 0] += 1 }
        processes[index].call?.answer = answer
        if fate == 1 {
            processes[index].call = nil
            return "lose answer"
        }
        return "run"
    }

    private func isKnown(_ lease: QueueLease, _ process: Process) -> Bool {
        lease.generation == process.places.generation && ends[lease, default: 0] > clock.now + Self.length / 2
    }

    private mutating func ask(_ index: Int) -> String {
        var process = processes[index]
        let idle =
            process.standby.count { isKnown($0, process) }
            + process.batches.reduce(0) { $0 + ($1.first.map { isKnown($0, process) } ?? false ? $1.count : 0) }
        let resting = process.resting.count { isKnown($0, process) }
        let spare = process.places.ask(calling: process.calling.count { isKnown($0, process) }, idle: idle)
        let calls = LimitedCalls(
            limit: Self.limit, report: report(), resting: resting + spare, spare: spare,
            ahead: process.breaker == .closed ? max(0, Int.random(in: 0...4, using: &random) - spare) : 0,
            generation: process.places.generation)
        process.call = Call(
            releases: process.ended, wanted: Int.random(in: 0...5, using: &random), calls: calls, began: clock.now)
        process.ended = []
        processes[index] = process
        return "ask"
    }

    private mutating func report() -> CallReport {
        if Int.random(in: 0..<30, using: &random) == 0 {
            weather = Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 1...8, using: &random) : 0
        }
        var report = CallReport(era: era)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let isWell = Int.random(in: 0..<8, using: &random) >= weather
            let isRefused = Int.random(in: 0..<200, using: &random) == 0
            let outcome: CallReport.Outcome = isRefused ? .accountRefused : isWell ? .answered : .throttled
            report.add(.init("cu"), outcome, duration: .milliseconds(20))
        }
        return report
    }

    private mutating func answer(_ index: Int) -> String {
        guard let answer = processes[index].call?.answer else { return "answer" }
        processes[index].call = nil
        let isOther = processes[index].places.answered(answer)
        processes[index].breaker = answer.limit?.breaker ?? .closed
        if !answer.leases.isEmpty { processes[index].batches.append(answer.leases) }
        if isOther || processes[index].breaker != .closed { giveBack(index) }
        start(index)
        return "answer"
    }

    private mutating func giveBack(_ index: Int) {
        let generation = processes[index].places.generation
        for lease in processes[index].standby {
            taken.remove(lease.key)
            if lease.generation == generation { processes[index].ended.append(Release(lease, next: .untouched)) }
        }
        processes[index].standby = []
    }

    private mutating func start(_ index: Int) {
        while processes[index].places.credit > 0, !processes[index].standby.isEmpty {
            processes[index].places.take()
            processes[index].calling.append(processes[index].standby.removeFirst())
            counts["begin", default: 0] += 1
        }
    }

    private mutating func confirm(_ index: Int) -> String {
        guard let batch = processes[index].batches.indices.randomElement(using: &random) else { return "nothing" }
        for lease in processes[index].batches.remove(at: batch) {
            if lease.generation != processes[index].places.generation { continue }
            if Int.random(in: 0..<8, using: &random) == 0 || taken.contains(lease.key) {
                processes[index].ended.append(Release(lease, next: .due(.milliseconds(100))))
            } else {
                taken.insert(lease.key)
                processes[index].standby.append(lease)
            }
        }
        start(index)
        if processes[index].breaker != .closed { giveBack(index) }
        return "confirm"
    }

    /// A turn rests, or is at its end with or without having rested.
    private mutating func end(_ index: Int, rests: Bool) -> String {
        let calling = processes[index].calling.indices.randomElement(using: &random)
        if let calling, rests || Int.random(in: 0..<4, using: &random) == 0 {
            let lease = processes[index].calling.remove(at: calling)
            if isKnown(lease, processes[index]) { processes[index].places.leave() }
            processes[index].resting.append(lease)
            if !rests { finish(index, processes[index].resting.count - 1) }
            start(index)
        } else if !rests, let resting = processes[index].resting.indices.randomElement(using: &random) {
            finish(index, resting)
        } else {
            return "nothing"
        }
        return rests ? "rest" : "end"
    }

    private mutating func finish(_ index: Int, _ resting: Int) {
        let lease = processes[index].resting.remove(at: resting)
        taken.remove(lease.key)
        processes[index].ended.append(Release(lease, next: .again))
    }

    /// A turn is lost: nothing is said of it, and its place comes back when its lease in Redis ends.
    private mutating func giveUp(_ index: Int) -> String {
        guard let calling = processes[index].calling.indices.randomElement(using: &random) else { return "nothing" }
        taken.remove(processes[index].calling.remove(at: calling).key)
        return "give up"
    }

    private mutating func renew(_ index: Int) async throws -> String {
        let held = processes[index].held
        if held.isEmpty { return "nothing" }
        let gone = try await queue.renew(held, for: .milliseconds(Self.length))
        for lease in held where !gone.contains(lease.key) { ends[lease] = clock.now + Self.length }
        return "renew"
    }

    /// Leases that nobody has renewed run out.
    private mutating func advance() -> String {
        let isLong = Int.random(in: 0..<40, using: &random) == 0
        clock.advance(Int64.random(in: 0...(isLong ? 9_000 : 120), using: &random))
        var isOver = false
        for index in processes.indices {
            for lease in processes[index].held where ends[lease, default: 0] < clock.now + Self.length / 8 {
                isOver = true
                taken.remove(lease.key)
                processes[index].standby.removeAll { $0 == lease }
                processes[index].calling.removeAll { $0 == lease }
                processes[index].resting.removeAll { $0 == lease }
            }
        }
        return isOver ? "run out" : "advance"
    }

    private mutating func kill(_ index: Int) -> String {
        for lease in processes[index].held { taken.remove(lease.key) }
        processes.remove(at: index)
        addProcess()
        return "kill"
    }

    private mutating func empty() async throws -> String {
        let keys = try await client.send(RedisCommand("KEYS", queue.prefix + ":*")).array ?? []
        if !keys.isEmpty { _ = try await client.send(RedisCommand(["DEL"] + keys.compactMap(\.string))) }
        era = 0
        clock.advance(1)
        try await fill()
        return "empty"
    }

    // MARK: Looking

    /// What must hold after every event, and does not.
    mutating func problems() async throws -> [String] {
        let counted = try await counted()
        for process in processes {
            let known = counted[process.name] ?? Counted()
            let calling = process.calling.count { known.tokens.contains("\($0.key) \($0.token)") }
            let next = process.standby + process.batches.flatMap(\.self) + (process.call?.answer?.leases ?? [])
            let idle = next.count { known.tokens.contains("\($0.key) \($0.token)") }
            let credit = max(0, process.places.credit) + (process.call?.answer?.places ?? 0)
            let used = calling + min(credit, idle)
            // An older Redis may have been emptied since the credit was given: nothing begins upon it but under older leases.
            let isOf = process.places.generation == counted[""]?.generation
            if isOf, used > max(0, known.leases - known.resting) {
                problems.append("\(process.name) uses \(used) places, Redis counts \(known.leases) - \(known.resting)")
            }
        }
        return problems
    }

    private struct Counted {
        var leases = 0
        var resting = 0
        var tokens: Set<String> = []
        var generation: Int64?
    }

    /// What Redis counts for each process; its generation under no name.
    private func counted() async throws -> [String: Counted] {
        let replies = try await client.pipeline([
            RedisCommand("HGETALL", queue.prefix + ":owner"), RedisCommand("HGETALL", queue.prefix + ":resting"),
            RedisCommand("GET", queue.prefix + ":alive"),
            RedisCommand("ZRANGE", queue.prefix + ":lease", "(\(clock.now)", "+inf", "BYSCORE"),
        ]).map { try $0.get() }
        var counted: [String: Counted] = ["": Counted(generation: replies[2].string.flatMap { Int64($0) })]
        let alive = Set(replies[3].array?.compactMap(\.string) ?? [])
        for (key, token) in Self.pairs(replies[0]) where alive.contains(key) {
            let name = String(token.prefix { $0 != ":" })
            counted[name, default: Counted()].leases += 1
            counted[name]?.tokens.insert("\(key) \(token)")
        }
        for (name, said) in Self.pairs(replies[1]) {
            let words = said.split(separator: " ").compactMap { Int64($0) }
            if words[0] > clock.now - 1_000 { counted[name, default: Counted()].resting = Int(words[1]) }
        }
        return counted
    }

    private static func pairs(_ reply: RedisReply) -> [(String, String)] {
        let words = reply.array?.compactMap(\.string) ?? []
        return stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }
    }
}
