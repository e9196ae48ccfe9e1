// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import SCIM
import Testing

@testable import Storage

/// A schedule whose steps may stand in an expectation.
private final class Scheduled {
    private var schedule: BatchSchedule

    init(_ schedule: BatchSchedule) { self.schedule = schedule }
    convenience init(connections: Int) { self.init(BatchSchedule(connections: connections)) }

    /// As it is now.
    var copy: Scheduled { Scheduled(schedule) }
    var waitingCount: Int { schedule.waitingCount }

    func append(_ write: PendingWrite) { schedule.append(write) }
    func step(at now: ContinuousClock.Instant) -> BatchSchedule.Step { schedule.step(at: now) }
    func nextBatch(on connection: Int, at now: ContinuousClock.Instant) -> Int? {
        schedule.nextBatch(on: connection, at: now)?.count
    }
    func beginAlone(_ operation: WriteOperation, at now: ContinuousClock.Instant) -> Bool {
        schedule.beginAlone(operation, at: now)
    }
    func endAlone(at now: ContinuousClock.Instant) { schedule.endAlone(at: now) }
}

@Suite("When batches of writes go") struct BatchScheduleTests {
    private let start = ContinuousClock.now

    private func operation(_ id: ResourceID = .random()) -> WriteOperation {
        WriteOperation(
            type: .user, id: id, jobID: .random(), time: .now(), context: context(tenant: "default"),
            action: .delete(expected: nil, claims: []))
    }

    private func write(_ milliseconds: Double = 0, id: ResourceID = .random()) -> PendingWrite {
        PendingWrite(operation: operation(id), arrivedAt: at(milliseconds)) { _ in }
    }

    private func at(_ milliseconds: Double) -> ContinuousClock.Instant {
        start + .microseconds(Int64(milliseconds * 1000))
    }

    /// A schedule that has had a batch of `company` writes, which ended at 0.
    private func schedule(company: Int, connections: Int = 2) -> Scheduled {
        let schedule = Scheduled(connections: connections)
        for _ in 0..<company { schedule.append(write(-10)) }
        #expect(schedule.step(at: at(-10)) == .begin(connection: 0))
        #expect(schedule.nextBatch(on: 0, at: at(-10)) == company)
        #expect(schedule.nextBatch(on: 0, at: at(0)) == nil)
        return schedule
    }

    @Test("The first write goes at once and by itself")
    func first() {
        let schedule = Scheduled(connections: 2)
        #expect(schedule.beginAlone(operation(), at: at(0)))
        // Whoever comes meanwhile does not wait for it.
        schedule.append(write(1))
        #expect(schedule.step(at: at(1)) == .begin(connection: 1))
        #expect(schedule.nextBatch(on: 1, at: at(1)) == 1)
        schedule.endAlone(at: at(2))
        #expect(schedule.step(at: at(2)) == .none)
        #expect(!schedule.beginAlone(operation(), at: at(2)))
    }

    @Test("One or two who write never wait for company", arguments: [1, 2])
    func few(company: Int) {
        let schedule = self.schedule(company: company)
        #expect(schedule.beginAlone(operation(), at: at(0.1)))
        schedule.endAlone(at: at(1))
        schedule.append(write(1))
        #expect(schedule.step(at: at(1)) == .begin(connection: 0))
    }

    @Test("After a batch of several a write waits until as many are there, or for 3 ms")
    func gathers() {
        let schedule = self.schedule(company: 5)
        #expect(!schedule.beginAlone(operation(), at: at(0.1)))
        for number in 0..<4 {
            schedule.append(write(0.1 + Double(number) / 10))
            #expect(schedule.step(at: at(0.5)) == .wait(until: at(3.1)))
        }
        #expect(schedule.step(at: at(3.099)) == .wait(until: at(3.1)))
        let inTime = schedule.copy
        #expect(inTime.step(at: at(3.1)) == .begin(connection: 0))
        #expect(inTime.nextBatch(on: 0, at: at(3.1)) == 4)
        schedule.append(write(0.6))
        #expect(schedule.step(at: at(0.6)) == .begin(connection: 0))
        #expect(schedule.nextBatch(on: 0, at: at(0.6)) == 5)
    }

    @Test("However many there were, sixteen are enough; what a batch leaves behind is gathered, too")
    func enough() {
        let schedule = self.schedule(company: 100)
        for _ in 0..<15 { schedule.append(write(1)) }
        #expect(schedule.step(at: at(1)) == .wait(until: at(4)))
        schedule.append(write(1))
        #expect(schedule.step(at: at(1)) == .begin(connection: 0))
        #expect(schedule.nextBatch(on: 0, at: at(1)) == 16)
        schedule.append(write(1.5))
        #expect(schedule.nextBatch(on: 0, at: at(2)) == nil)
        #expect(schedule.step(at: at(2)) == .wait(until: at(4.5)))
        #expect(schedule.step(at: at(4.5)) == .begin(connection: 0))
    }

    @Test("What is expected fades when fewer write, and is gone after a pause")
    func fades() {
        let schedule = self.schedule(company: 100)
        #expect(schedule.step(at: at(50)) == .none)
        let paused = schedule.copy
        #expect(!paused.beginAlone(operation(), at: at(99)))
        #expect(paused.beginAlone(operation(), at: at(100)))
        // Nor behind the first one after the pause.
        paused.endAlone(at: at(101))
        #expect(paused.beginAlone(operation(), at: at(101)))
        let late = schedule.copy
        late.append(write(100))
        #expect(late.step(at: at(100)) == .begin(connection: 0))
        #expect(late.nextBatch(on: 0, at: at(100)) == 1)
        #expect(late.nextBatch(on: 0, at: at(101)) == nil)
        #expect(late.beginAlone(operation(), at: at(101)))
        var rounds = 0
        var now = 0.0
        while !schedule.beginAlone(operation(), at: at(now)) {
            schedule.append(write(now))
            #expect(schedule.step(at: at(now)) == .wait(until: at(now + 3)))
            now += 3
            #expect(schedule.step(at: at(now)) == .begin(connection: 0))
            #expect(schedule.nextBatch(on: 0, at: at(now)) == 1)
            #expect(schedule.nextBatch(on: 0, at: at(now)) == nil)
            rounds += 1
        }
        #expect((10...20).contains(rounds), "\(rounds)")
    }

    @Test("Beside a batch another goes when eight wait, or when one has waited for 20 ms")
    func beside() {
        let schedule = self.schedule(company: 5)
        for _ in 0..<5 { schedule.append(write(1)) }
        #expect(schedule.step(at: at(1)) == .begin(connection: 0))
        #expect(schedule.nextBatch(on: 0, at: at(1)) == 5)
        for _ in 0..<7 {
            schedule.append(write(2))
            #expect(schedule.step(at: at(2)) == .wait(until: at(22)))
        }
        let stuck = schedule.copy
        #expect(stuck.step(at: at(22)) == .begin(connection: 1))
        #expect(stuck.nextBatch(on: 1, at: at(22)) == 7)
        schedule.append(write(3))
        #expect(schedule.step(at: at(3)) == .begin(connection: 1))
        #expect(schedule.nextBatch(on: 1, at: at(3)) == 8)
        // No connection is left.
        for _ in 0..<20 { schedule.append(write(4)) }
        #expect(schedule.step(at: at(40)) == .none)
    }

    @Test("What waits for a batch under way is not tried again until that one ends, or another comes")
    func blocked() {
        let id = ResourceID.random()
        let schedule = Scheduled(connections: 2)
        schedule.append(write(id: id))
        #expect(schedule.step(at: at(0)) == .begin(connection: 0))
        #expect(schedule.nextBatch(on: 0, at: at(0)) == 1)
        for _ in 0..<8 { schedule.append(write(1, id: id)) }
        #expect(schedule.step(at: at(1)) == .begin(connection: 1))
        #expect(schedule.nextBatch(on: 1, at: at(1)) == nil)
        #expect(schedule.step(at: at(100)) == .none)
        schedule.append(write(101))
        #expect(schedule.step(at: at(101)) == .begin(connection: 1))
        #expect(schedule.nextBatch(on: 1, at: at(101)) == 1)
        #expect(schedule.nextBatch(on: 1, at: at(102)) == nil)
        #expect(schedule.step(at: at(102)) == .none)
        #expect(schedule.nextBatch(on: 0, at: at(103)) == 1)
    }

    /// Whoever does what the schedule says, and looks again when it says so, leaves nobody waiting.
    @Test("Nothing that waits is forgotten", arguments: 0..<200 as Range<UInt64>)
    func nothingForgotten(seed: UInt64) {
        let seed = seed &+ SeededGenerator.seedOffset
        var random = SeededGenerator(seed: seed)
        let schedule = Scheduled(connections: Int.random(in: 1...3, using: &random))
        let ids = (0..<4).map { _ in ResourceID.random() }
        var now = 0.0
        var arrived = 0
        var answered = 0
        /// Ends of batches, by connection; `nil` for the lone one.
        var ends: [Int: Double] = [:]
        var sizes: [Int: Int] = [:]
        var alone: Double?
        var looks: [Double] = []

        func begin(_ connection: Int) {
            guard let size = schedule.nextBatch(on: connection, at: at(now)) else {
                ends[connection] = nil
                go()
                return
            }
            sizes[connection] = size
            ends[connection] = now + Double.random(in: 0.5...30, using: &random)
            go()
        }
        func go() {
            switch schedule.step(at: at(now)) {
            case .begin(let connection): begin(connection)
            case .wait(let end): looks.append(max(now, Double(start.duration(to: end).microseconds) / 1000))
            case .none: break
            }
        }

        for round in 0..<400 {
            if round < 200, Bool.random(using: &random) {
                let id = Bool.random(using: &random) ? ids[0] : .random()
                arrived += 1
                if schedule.beginAlone(operation(id), at: at(now)) {
                    alone = now + 2
                } else {
                    schedule.append(write(now, id: id))
                    go()
                }
                now += Double.random(in: 0...2, using: &random)
                continue
            }
            let next = (Array(ends.values) + looks + [alone].compactMap { $0 }).min()
            guard let next else { continue }
            now = max(now, next)
            if let end = alone, end <= now {
                alone = nil
                answered += 1
                schedule.endAlone(at: at(now))
                go()
            } else if let (connection, _) = ends.first(where: { $0.value <= now }) {
                answered += sizes[connection] ?? 0
                sizes[connection] = nil
                begin(connection)
            } else {
                looks.removeAll { $0 <= now }
                go()
            }
        }
        #expect(schedule.waitingCount == 0, "seed \(seed)")
        #expect(answered == arrived, "seed \(seed)")
    }
}
