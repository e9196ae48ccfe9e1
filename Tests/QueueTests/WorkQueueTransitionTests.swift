// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@testable import Queue

/// Every state of a resource against every event.
@Suite struct WorkQueueTransitionTests {
    enum State: String, CaseIterable, Sendable {
        /// Due is 60 s away; leases have 15 s.
        case absent, ready, due, leased, dirty
    }

    enum Event: String, CaseIterable, Sendable {
        case enqueueNow, enqueueSooner, enqueueLater, lease, renew, renewForeign, releaseForget, releaseAgain
        case releaseDue, releaseWaiting, releaseForeign, leaseEnds, dueTimeComes, forget
    }

    enum Outcome: Sendable, Equatable {
        case absent, ready, due(Int), leased, dirty
    }

    static let table: [(State, [Event: Outcome])] = [
        (
            .absent,
            [
                .enqueueNow: .ready, .enqueueSooner: .due(10), .enqueueLater: .due(100), .lease: .absent,
                .renew: .absent, .renewForeign: .absent, .releaseForget: .absent, .releaseAgain: .absent,
                .releaseDue: .absent, .releaseWaiting: .absent, .releaseForeign: .absent, .leaseEnds: .absent,
                .dueTimeComes: .absent,
                .forget: .absent,
            ]
        ),
        (
            .ready,
            [
                .enqueueNow: .ready, .enqueueSooner: .ready, .enqueueLater: .ready, .lease: .leased, .renew: .ready,
                .renewForeign: .ready, .releaseForget: .ready, .releaseAgain: .ready, .releaseDue: .ready,
                .releaseWaiting: .ready, .releaseForeign: .ready, .leaseEnds: .ready, .dueTimeComes: .ready,
                .forget: .absent,
            ]
        ),
        (
            .due,
            [
                .enqueueNow: .ready, .enqueueSooner: .due(10), .enqueueLater: .due(60), .lease: .due(60),
                .renew: .due(60), .renewForeign: .due(60), .releaseForget: .due(60), .releaseAgain: .due(60),
                .releaseDue: .due(60), .releaseWaiting: .due(60), .releaseForeign: .due(60), .leaseEnds: .due(44),
                .dueTimeComes: .ready,
                .forget: .absent,
            ]
        ),
        (
            .leased,
            [
                .enqueueNow: .dirty, .enqueueSooner: .dirty, .enqueueLater: .dirty, .lease: .leased, .renew: .leased,
                .renewForeign: .leased, .releaseForget: .absent, .releaseAgain: .ready, .releaseDue: .due(30),
                .releaseWaiting: .due(40), .releaseForeign: .leased, .leaseEnds: .ready, .dueTimeComes: .ready,
                .forget: .leased,
            ]
        ),
        (
            .dirty,
            [
                .enqueueNow: .dirty, .enqueueSooner: .dirty, .enqueueLater: .dirty, .lease: .dirty, .renew: .dirty,
                .renewForeign: .dirty, .releaseForget: .ready, .releaseAgain: .ready, .releaseDue: .due(30),
                .releaseWaiting: .ready, .releaseForeign: .dirty, .leaseEnds: .ready, .dueTimeComes: .ready,
                .forget: .dirty,
            ]
        ),
    ]

    private static let key = ResourceKey.user("jo")

    @Test("A resource goes where the table says", arguments: State.allCases, Event.allCases)
    func transition(state: State, event: Event) async throws {
        let expected = try #require(Self.table.first { $0.0 == state }?.1[event])
        try await QueueFixture.with { fixture async throws in
            let lease = try await bring(fixture, to: state)
            try await apply(event, fixture, lease)
            #expect(try await outcome(fixture) == expected)
            // Nothing happened twice: the same once more changes nothing that the first did not, except a second lease.
            if [.enqueueNow, .enqueueSooner, .enqueueLater, .forget].contains(event) {
                try await apply(event, fixture, lease)
                #expect(try await outcome(fixture) == expected)
            }
        }
    }

    private func bring(_ fixture: QueueFixture, to state: State) async throws -> QueueLease {
        // For states without a lease: one that nobody gave.
        var lease = QueueLease(
            key: Self.key, token: "w:none", lane: .bulk,
            generation: try #require(try await fixture.queue.state().generation),
            deadline: .now + .seconds(3_600))
        switch state {
        case .absent: break
        case .due: try await fixture.queue.enqueue([Enqueue(Self.key, lane: .bulk, delay: .seconds(60))])
        case .ready, .leased, .dirty: try await fixture.queue.enqueue([Enqueue(Self.key, lane: .bulk)])
        }
        if state == .leased || state == .dirty {
            lease = try #require(try await fixture.lease().first)
            lease.deadline = .now + .seconds(3_600)
        }
        if state == .dirty { try await fixture.queue.enqueue([Enqueue(Self.key, lane: .bulk)]) }
        return lease
    }

    private func apply(_ event: Event, _ fixture: QueueFixture, _ lease: QueueLease) async throws {
        let queue = fixture.queue
        let foreign = QueueLease(
            key: Self.key, token: "other:1", lane: .bulk, generation: lease.generation, deadline: lease.deadline)
        switch event {
        case .enqueueNow: try await queue.enqueue([Enqueue(Self.key, lane: .bulk)])
        case .enqueueSooner: try await queue.enqueue([Enqueue(Self.key, lane: .bulk, delay: .seconds(10))])
        case .enqueueLater: try await queue.enqueue([Enqueue(Self.key, lane: .bulk, delay: .seconds(100))])
        case .lease: _ = try await fixture.lease()
        case .renew: _ = try await queue.renew([lease], for: .seconds(15))
        case .renewForeign:
            #expect(try await queue.renew([foreign], for: .seconds(15)) == [Self.key])
        case .releaseForget: try await fixture.release(lease)
        case .releaseAgain: try await fixture.release(lease, .again)
        case .releaseDue: try await fixture.release(lease, .due(.seconds(30)))
        case .releaseWaiting: try await fixture.release(lease, .waiting(.seconds(40)))
        case .releaseForeign:
            #expect(try await fixture.release(foreign, .again).staleReleases == 1)
        case .leaseEnds:
            fixture.clock.advance(.seconds(16))
            _ = try await fixture.lease(0)
        case .dueTimeComes:
            fixture.clock.advance(.seconds(60))
            _ = try await fixture.lease(0)
        case .forget: try await queue.forget([Self.key])
        }
    }

    private func outcome(_ fixture: QueueFixture) async throws -> Outcome {
        switch try await fixture.queue.position(of: Self.key)?.place {
        case nil: .absent
        case .ready: .ready
        case .due(let wait): .due(Int(wait.components.seconds))
        case .leased(_, _, let isDirty): isDirty ? .dirty : .leased
        }
    }

    @Test("A faster lane is taken over in every state, a slower one in none", arguments: State.allCases, Lane.allCases)
    func lanes(state: State, lane: Lane) async throws {
        try await QueueFixture.with { fixture async throws in
            _ = try await bring(fixture, to: state)
            try await fixture.queue.enqueue([Enqueue(Self.key, lane: lane, delay: .seconds(90))])
            let expected: Lane = state == .absent ? lane : lane == .repair ? .bulk : lane
            #expect(try await fixture.queue.position(of: Self.key)?.lane == expected)
        }
    }

    @Test("A promoted resource keeps its place in time")
    func promotionKeepsAge() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["slow"], lane: .bulk)
            fixture.clock.advance(.seconds(5))
            try await fixture.enqueue(["fast"])
            try await fixture.enqueue(["slow"])
            #expect(try await fixture.lease(2).map(\.key.id) == ["slow", "fast"])
        }
    }

    @Test("A resource given back by the end of its lease, and the time until that is due")
    func nextDue() async throws {
        try await QueueFixture.with { fixture async throws in
            var answer = try await fixture.queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            #expect(answer.nextDue == nil)
            try await fixture.queue.enqueue([Enqueue(.user("later"), lane: .bulk, delay: .seconds(20))])
            answer = try await fixture.queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            #expect(answer.nextDue == .seconds(20))
            try await fixture.enqueue(["now", "also now"])
            answer = try await fixture.queue.lease(upTo: 1, for: .seconds(15), worker: "w")
            #expect(answer.leases.count == 1)
            #expect(answer.nextDue == .zero)
            answer = try await fixture.queue.lease(upTo: 2, for: .seconds(15), worker: "w")
            #expect(answer.leases.count == 1)
            #expect(answer.nextDue == .seconds(15))
        }
    }

    @Test("One call gives back at most 100 leases and moves at most 500 due resources")
    func boundedWork() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<250).map { "leased-\($0)" })
            #expect(try await fixture.lease(250, for: .seconds(1)).count == 250)
            try await fixture.queue.enqueue(
                (0..<1_200).map { Enqueue(.user("due-\($0)"), lane: .bulk, delay: .seconds(1)) })
            fixture.clock.advance(.seconds(2))
            var readyCounts: [Int] = []
            for _ in 0..<4 {
                let answer = try await fixture.queue.lease(upTo: 0, for: .seconds(1), worker: "w")
                let depth = try await fixture.queue.depth()
                readyCounts.append(depth.ready)
                #expect(answer.nextDue == (depth.ready < 1_450 ? .zero : nil))
            }
            #expect(readyCounts == [600, 1_200, 1_450, 1_450])
        }
    }

    @Test("A call gives at most 256 leases, however many are asked for")
    func boundedLeases() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue((0..<300).map { "\($0)" })
            let first = try await fixture.lease(10_000)
            #expect(first.count == 256)
            let second = try await fixture.lease(10_000)
            #expect(second.count == 44)
            #expect(Set((first + second).map(\.key)).count == 300)
        }
    }

    @Test("The deadline counts from before the call")
    func deadline() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["jo"])
            let before = ContinuousClock.now
            let lease = try #require(try await fixture.lease(1, for: .seconds(15)).first)
            #expect(lease.deadline >= before + .seconds(15))
            #expect(lease.deadline <= .now + .seconds(15))
            #expect(lease.token.hasPrefix("w:"))
        }
    }

    @Test("Release and lease in one call hand out the next resource, or the same again")
    func releaseAndLease() async throws {
        try await QueueFixture.with { fixture async throws in
            try await fixture.enqueue(["a"])
            let first = try #require(try await fixture.lease().first)
            try await fixture.enqueue(["b"])
            var answer = try await fixture.queue.release(
                [Release(first, next: .forget)], leaseNext: 2, for: .seconds(15), worker: "w")
            #expect(answer.leases.map(\.key.id) == ["b"])
            answer = try await fixture.queue.release(
                [Release(answer.leases[0], next: .again)], leaseNext: 1, for: .seconds(15), worker: "w")
            #expect(answer.leases.map(\.key.id) == ["b"])
            #expect(answer.leases[0].token != first.token)
            #expect(try await fixture.queue.position(of: .user("a")) == nil)
        }
    }
}
