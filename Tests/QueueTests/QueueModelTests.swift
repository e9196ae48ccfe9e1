// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import Redis
import TestSupport
import Testing

@testable import Queue

/// The scripts against the reference model: random operations, and the whole content compared after each.
@Suite struct QueueModelTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let steps = environment["TEST_QUEUE_STEPS"].flatMap { Int($0) } ?? 10_000
    private static let seed = environment["TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)

    @Test("Redis holds what the model holds after every one of thousands of random operations")
    func model() async throws {
        try await withKeyPrefix { client, name async throws in
            var run = ModelRun(client: client, name: name, seed: Self.seed)
            for step in 1...Self.steps {
                let operation = try await run.step()
                let found = try await run.read()
                let context = "TEST_SEED=\(Self.seed), step \(step): \(operation)"
                try #require(found == run.model.state, "\(context)")
                try #require(found.violations == [], "\(context)")
            }
            // A run that never reaches the interesting states proves nothing.
            #expect(run.counts.count == ModelRun.operations.count)
            #expect(run.leasesGiven > Self.steps / 10)
            #expect(run.reRegistered > 0)
            #expect(run.breakers == [.closed, .halfOpen, .open])
            #expect(run.limits.count > 4)
            #expect(run.stoodBy > 0)
            #expect(run.placesLater > 0)
            #expect(run.surpluses > 0)
        }
    }
}

/// One walk through random operations on both sides.
private struct ModelRun {
    static let operations = [
        "enqueue", "lease", "renew", "release", "advance", "lose", "begin", "finish", "pause", "resume", "forget",
        "look",
    ]
    private static let tenants = ["a", "b", "c"]
    private static let limit = CallLimit(
        endpoint: "udm", maximum: 12, start: 3, firstOpen: .milliseconds(500), longestOpen: .seconds(3))

    let queue: WorkQueue
    var model: QueueModel
    private(set) var counts: [String: Int] = [:]
    private(set) var leasesGiven = 0
    private(set) var reRegistered = 0
    private(set) var breakers: Set<CallLimitState.Breaker> = []
    private(set) var limits: Set<Int> = []
    /// Eighths of the calls that meet trouble.
    private var weather = 0
    /// How many times as long as usual all calls take for a while.
    private var slowness = 1
    /// Leases that came without a place, places for leases that had none, and answers that told of too many.
    private(set) var stoodBy = 0
    private(set) var placesLater = 0
    private(set) var surpluses = 0
    /// What the next lease call says of leases without a place.
    private var told = (QueueModel.Told(), generation: Int64?.none)
    private let client: RedisClient
    private let clock = TestClock()
    private var random: SeededGenerator
    /// Leases that somebody believes to hold, some of them wrongly.
    private var held: [QueueLease] = []
    private var generations: [Int64] = [1]

    init(client: RedisClient, name: String, seed: UInt64) {
        let clock = clock
        self.client = client
        queue = WorkQueue(client: client, name: name, now: { clock.now })
        model = QueueModel(now: clock.now)
        model.limiter = CallLimiter(Self.limit)
        random = SeededGenerator(seed: seed)
    }

    func read() async throws -> QueueSnapshot {
        try await QueueSnapshot.read(client, prefix: queue.prefix, tenants: Self.tenants, limit: Self.limit)
    }

    mutating func step() async throws -> String {
        let operation: String
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<300: operation = "enqueue"
        case ..<480: operation = "lease"
        case ..<560: operation = "renew"
        case ..<740: operation = "release"
        case ..<860: operation = "advance"
        case ..<865: operation = "lose"
        case ..<890: operation = "begin"
        case ..<915: operation = "finish"
        case ..<935: operation = "pause"
        case ..<970: operation = "resume"
        case ..<980: operation = "forget"
        default: operation = "look"
        }
        counts[operation, default: 0] += 1
        switch operation {
        case "enqueue": try await enqueue()
        case "lease": try await lease()
        case "renew": try await renew()
        case "release": try await release()
        case "advance": advance()
        case "lose": try await lose()
        case "begin": try await begin()
        case "finish": try await finish()
        case "pause": try await pause()
        case "resume": try await resume()
        case "forget": try await forget()
        default: try await look()
        }
        return operation
    }

    private mutating func enqueue() async throws {
        let entries = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Enqueue(
                key(), lane: lane(),
                delay: Bool.random(using: &random) ? .milliseconds(Int.random(in: -5...900, using: &random)) : nil)
        }
        let state = try await queue.enqueue(entries)
        model.enqueue(entries)
        #expect(state == modelState)
    }

    private mutating func lease() async throws {
        let count = Int.random(in: 0...4, using: &random)
        let length = Int64.random(in: 50...1_500, using: &random)
        let report = report()
        rest()
        let answer = try await queue.lease(
            upTo: count, for: .milliseconds(length), worker: told.0.worker, calls: limited(report))
        try take(answer) {
            $0.lease(count, length: length, token: answer.leases.first?.token ?? "", report: report)
        }
    }

    /// What came of some calls; UDM is well or not for a while. Nil: a lease call without a limit.
    private mutating func report() -> CallReport? {
        if Int.random(in: 0..<12, using: &random) == 0 { return nil }
        if Int.random(in: 0..<40, using: &random) == 0 { weather = Int.random(in: 0..<8, using: &random) }
        if Int.random(in: 0..<80, using: &random) == 0 { slowness = Bool.random(using: &random) ? 1 : 9 }
        let era = model.limiter?.era ?? 0
        var report = CallReport(era: Int.random(in: 0..<20, using: &random) == 0 ? era - 1 : era)
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let kind = CallReport.Kind(Bool.random(using: &random) ? "cu" : "mg")
            let isTrouble = Int.random(in: 0..<8, using: &random) < weather
            let outcome: CallReport.Outcome =
                if isTrouble {
                    [.throttled, .failed, .overloaded, .overloaded, .answered].randomElement(using: &random) ?? .failed
                } else {
                    Int.random(in: 0..<400, using: &random) == 0 ? .accountRefused : .answered
                }
            report.add(
                kind, outcome,
                duration: .milliseconds(slowness * Int.random(in: 1...(isTrouble ? 900 : 60), using: &random)),
                retryAfter: Int.random(in: 0..<30, using: &random) == 0 ? .milliseconds(700) : nil)
        }
        return report
    }

    private func limited(_ report: CallReport?) -> LimitedCalls? {
        report.map {
            LimitedCalls(
                limit: Self.limit, report: $0, resting: told.0.resting, spare: told.0.spare, ahead: told.0.ahead,
                generation: told.generation)
        }
    }

    /// Some leases rest or stand by; sometimes they are those of another content of Redis, and count for nothing.
    private mutating func rest() {
        let current = model.state.alive.flatMap { QueueState(alive: $0)?.generation }
        let isOld = Int.random(in: 0..<8, using: &random) == 0
        let spare = Int.random(in: 0...2, using: &random)
        let said = QueueModel.Told(
            worker: Bool.random(using: &random) ? "v" : "w", resting: spare + Int.random(in: 0...2, using: &random),
            spare: spare, ahead: Int.random(in: 0...2, using: &random))
        told = (said, isOld ? current.map { $0 - 1 } : current)
        model.told = said
        if isOld { (model.told.resting, model.told.spare) = (0, 0) }
    }

    private mutating func release() async throws {
        let releases = pickHeld().map { lease in
            let next: Release.Next =
                switch Int.random(in: 0..<6, using: &random) {
                case 0: .again
                case 3: .untouched
                case 2: .waiting(.milliseconds(Int.random(in: 0...900, using: &random)))
                case 1: .due(.milliseconds(Int.random(in: 0...900, using: &random)))
                default: .forget
                }
            return Release(lease, next: next)
        }
        let count = Int.random(in: 0...3, using: &random)
        let length = Int64.random(in: 50...1_500, using: &random)
        let report = report()
        rest()
        let answer = try await queue.release(
            releases, leaseNext: count, for: .milliseconds(length), worker: told.0.worker, calls: limited(report))
        try take(answer) {
            $0.release(
                releases, leaseNext: count, length: length, token: answer.leases.first?.token ?? "", report: report)
        }
        // Sometimes the holder does not notice, and releases or renews once more later.
        if Int.random(in: 0..<4, using: &random) > 0 {
            let released = Set(releases.map(\.lease.token))
            held.removeAll { released.contains($0.token) }
        }
    }

    private mutating func take(_ answer: LeaseAnswer, _ reference: (inout QueueModel) -> QueueModel.Answer) throws {
        #expect(answer.generation == modelState)
        guard model.state.alive != nil else { return #expect(answer.leases.isEmpty) }
        let expected = reference(&model)
        let found = QueueModel.Answer(
            leases: answer.leases.map(\.key.description),
            nextDue: answer.nextDue.map { $0.milliseconds }, isPaused: answer.isPaused,
            staleReleases: answer.staleReleases, limit: answer.limit, places: answer.places, surplus: answer.surplus)
        stoodBy += max(0, answer.leases.count - answer.places)
        placesLater += max(0, answer.places - answer.leases.count)
        surpluses += answer.surplus > 0 ? 1 : 0
        if let limit = answer.limit {
            breakers.insert(limit.breaker)
            limits.insert(limit.limit)
        }
        try #require(found == expected)
        #expect(answer.leases.allSatisfy { model.state.lanes[$0.key.description] == $0.lane })
        leasesGiven += answer.leases.count
        held.append(contentsOf: answer.leases)
        if held.count > 30 { held.removeFirst(held.count - 30) }
    }

    private mutating func renew() async throws {
        let leases = pickHeld().map { lease in
            var lease = lease
            // The local clock plays no part here: a lease is overdue when chance says so.
            let isOverdue = Int.random(in: 0..<5, using: &random) == 0
            lease.deadline = isOverdue ? .now - .seconds(3_600) : .now + .seconds(3_600)
            return (lease: lease, isOverdue: isOverdue)
        }
        let length = Int64.random(in: 50...1_500, using: &random)
        let lost = try await queue.renew(leases.map(\.lease), for: .milliseconds(length))
        let before = model.state.owners.count
        #expect(Set(lost.map(\.description)) == model.renew(leases, length: length))
        reRegistered += model.state.owners.count - before
    }

    private mutating func advance() {
        clock.advance(.milliseconds(Int.random(in: 0...700, using: &random)))
        // Long enough for what waits in the slower lanes to age.
        if Int.random(in: 0..<60, using: &random) == 0 { clock.advance(.seconds(700)) }
        model.now = clock.now
    }

    private mutating func lose() async throws {
        let keys = try await client.send(RedisCommand("KEYS", queue.prefix + ":*")).array ?? []
        if !keys.isEmpty { _ = try await client.send(RedisCommand(["DEL"] + keys.compactMap(\.string))) }
        model.state = QueueSnapshot()
        model.limiter = CallLimiter(Self.limit)
    }

    private mutating func begin() async throws {
        let paused: Set<PauseScope>? = Bool.random(using: &random) ? nil : [scope()]
        let generation = try await queue.beginRebuild(paused: paused)
        model.beginRebuild(paused: paused)
        #expect(modelState == .rebuilding(generation: generation))
        generations = generations.suffix(3) + [generation]
    }

    private mutating func finish() async throws {
        let generation = generations.randomElement(using: &random) ?? 1
        let state = try await queue.finishRebuild(generation: generation)
        if model.state.alive != nil { model.finishRebuild(generation) }
        #expect(state == modelState)
    }

    private mutating func pause() async throws {
        let scope = scope()
        try await queue.pause(scope)
        model.pause(scope)
    }

    private mutating func resume() async throws {
        let scope = model.state.paused.sorted().randomElement(using: &random).flatMap { PauseScope($0) } ?? scope()
        try await queue.resume(scope)
        model.resume(scope)
    }

    private mutating func forget() async throws {
        let keys = [key(), key()]
        let ifDelayed = Bool.random(using: &random)
        let removed = try await queue.forget(keys, ifDelayed: ifDelayed)
        #expect(removed == model.forget(keys, ifDelayed: ifDelayed))
    }

    /// Operations that only look.
    private mutating func look() async throws {
        let depth = try await queue.depth()
        #expect(depth.state == modelState)
        guard model.state.alive != nil else { return }
        let expected = model.depth()
        for lane in Lane.allCases {
            #expect(depth.lanes[lane]?.ready == expected.ready[lane, default: 0])
            let oldest = depth.lanes[lane]?.oldestReadyAge?.milliseconds
            #expect(oldest == expected.oldest[lane])
        }
        #expect(depth.due == expected.due)
        #expect(depth.leased == expected.leased)
        #expect(depth.dirty == expected.dirty)
        let keys = Set((0..<5).map { _ in key() })
        let known = try await queue.known(Array(keys))
        #expect(known == keys.filter { model.state.lanes[$0.description] != nil })
        var scanned: Set<ResourceKey> = []
        var cursor: String?
        repeat {
            let page = try await queue.scan(cursor)
            scanned.formUnion(page.keys)
            cursor = page.cursor
        } while cursor != nil
        #expect(Set(scanned.map(\.description)) == Set(model.state.lanes.keys))
    }

    private var modelState: QueueState { model.state.alive.flatMap { QueueState(alive: $0) } ?? .lost }

    private mutating func key() -> ResourceKey {
        let tenant = Self.tenants.randomElement(using: &random) ?? "a"
        return .user("\(Int.random(in: 0..<6, using: &random))", tenant: tenant)
    }

    private mutating func lane() -> Lane { Lane.allCases.randomElement(using: &random) ?? .bulk }

    private mutating func scope() -> PauseScope {
        let scopes: [PauseScope] = [.all] + Lane.allCases.map { .lane($0) } + Self.tenants.map { .tenant($0) }
        return scopes.randomElement(using: &random) ?? .all
    }

    /// Some leases, each resource once, as one caller would name them.
    private mutating func pickHeld() -> [QueueLease] {
        var seen: Set<ResourceKey> = []
        return held.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)).filter {
            seen.insert($0.key).inserted
        }
    }
}
