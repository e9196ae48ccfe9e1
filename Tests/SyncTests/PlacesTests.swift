// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Queue
@testable import Sync

/// The places at UDM of one process.
@Suite struct PlacesTests {
    private func answer(
        places: Int, surplus: Int = 0, limit: Int = 8, era: Int64 = 0, generation: Int64 = 7,
        breaker: CallLimitState.Breaker = .closed
    ) -> LeaseAnswer {
        LeaseAnswer(
            leases: [], nextDue: nil, isPaused: false, generation: .ready(generation: generation), staleReleases: 0,
            limit: CallLimitState(breaker: breaker, limit: limit, era: era), isAtLimit: false, places: places,
            surplus: surplus)
    }

    /// In generation 7, with so many places.
    private func start(with count: Int) -> Places {
        var places = Places()
        _ = places.ask(calling: 0, idle: 0)
        let isOther = places.answered(answer(places: count))
        #expect(isOther)
        return places
    }

    @Test("A turn that leaves its place lets another one begin; what nothing can use is left to others")
    func credit() {
        var places = start(with: 3)
        for _ in 0..<2 { places.take() }
        #expect(places.credit == 1)
        places.leave()
        #expect(places.credit == 2)
        // Of three idle leases two have a place, and one has none.
        let spare = places.ask(calling: 1, idle: 3)
        #expect(spare == 1)
        let isOther = places.answered(answer(places: 0))
        #expect(!isOther)
        #expect(places.credit == 2)
        let none = places.ask(calling: 1, idle: 1)
        #expect(none == 0)
        #expect(places.credit == 1)
    }

    @Test("A turn that begins or rests while a lease call is under way moves its place, and the answer adds to that")
    func underWay() {
        var places = start(with: 3)
        for _ in 0..<3 { places.take() }
        let spare = places.ask(calling: 3, idle: 2)
        #expect(spare == 2)
        places.leave()
        places.take()
        places.leave()
        let isOther = places.answered(answer(places: 1))
        #expect(!isOther)
        #expect(places.credit == 2)
        // A call that came to nothing adds nothing.
        _ = places.ask(calling: 2, idle: 5)
        _ = places.ask(calling: 2, idle: 5)
        #expect(places.credit == 2)
    }

    @Test("When the limit sinks, each process leaves its share of what is too much, and no more for being told again")
    func surplus() {
        var places = start(with: 6)
        for _ in 0..<6 { places.take() }
        _ = places.ask(calling: 6, idle: 2)
        // 12 call, 9 may: half of three, rounded up.
        _ = places.answered(answer(places: 0, surplus: 3, limit: 9))
        #expect(places.credit == -2)
        places.leave()
        let spare = places.ask(calling: 5, idle: 2)
        #expect(spare == 2)
        // While it is told, another one ends.
        places.leave()
        #expect(places.credit == 0)
        _ = places.answered(answer(places: 0, surplus: 1, limit: 9))
        #expect(places.credit == 0)
        _ = places.ask(calling: 4, idle: 2)
        _ = places.answered(answer(places: 1, limit: 9))
        #expect(places.credit == 1)
    }

    @Test("Nothing of before is left when Redis was emptied, and nothing but new places when the breaker has opened")
    func otherTimes() {
        var emptied = start(with: 4)
        emptied.take()
        _ = emptied.ask(calling: 1, idle: 4)
        let isOther = emptied.answered(answer(places: 2, generation: 8))
        #expect(isOther)
        #expect(emptied.credit == 2)
        #expect(emptied.generation == 8)

        var opened = start(with: 4)
        opened.take()
        _ = opened.ask(calling: 1, idle: 4)
        let isNew = opened.answered(answer(places: 0, era: 1, breaker: .open))
        #expect(!isNew)
        #expect(opened.credit == 0)
        _ = opened.ask(calling: 1, idle: 0)
        _ = opened.answered(answer(places: 1, era: 1, breaker: .halfOpen))
        _ = opened.ask(calling: 1, idle: 1)
        _ = opened.answered(answer(places: 1, era: 1, breaker: .halfOpen))
        #expect(opened.credit == 2)
    }

    @Test("As many stand by as turns end while others are leased, half of the turns at most; none where UDM is slow")
    func pace() {
        var pace = StandbyPace()
        #expect(pace.level(calling: 64) == 0)
        for _ in 0..<100 {
            pace.noteTurn(.milliseconds(52))
            pace.noteLease(.milliseconds(6))
        }
        #expect((20...25).contains(pace.level(calling: 64)))
        #expect(pace.level(calling: 1) == 0)
        #expect(pace.level(calling: 0) == 0)
        for _ in 0..<100 { pace.noteTurn(.milliseconds(2)) }
        #expect(pace.level(calling: 64) == 32)
        pace.noteWait()
        #expect(pace.level(calling: 64) == 0)
        for _ in 0..<100 { pace.noteTurn(.milliseconds(100)) }
        #expect((10...14).contains(pace.level(calling: 64)))
        for _ in 0..<100 { pace.noteTurn(.milliseconds(800)) }
        #expect(pace.level(calling: 64) == 0)
        // Confirmations that hang for long do not make it large.
        for _ in 0..<100 { pace.noteTurn(.milliseconds(400)) }
        for _ in 0..<100 { pace.noteLease(.seconds(5)) }
        #expect(pace.level(calling: 64) <= 17)
    }

    @Test(
        "Calls that bring few leases come more rarely, and more stand by meanwhile; calls that bring many come often again"
    )
    func pause() {
        var pace = StandbyPace()
        #expect(pace.pause == StandbyPace.shortestPause)
        for _ in 0..<100 {
            pace.noteTurn(.milliseconds(52))
            pace.noteLease(.milliseconds(6))
        }
        let often = pace.level(calling: 64)
        for _ in 0..<10 { pace.noteLeases(2) }
        #expect(pace.pause == StandbyPace.longestPause)
        #expect(pace.level(calling: 64) > often)
        for _ in 0..<10 { pace.noteLeases(12) }
        #expect(pace.pause == StandbyPace.longestPause)
        for _ in 0..<10 { pace.noteLeases(24) }
        #expect(pace.pause == StandbyPace.shortestPause)
    }

    @Test("Whatever happens to lease calls, processes and Redis, no process uses more places than Redis counts for it")
    func processes() async throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)
        try await withKeyPrefix { client, name async throws in
            var run = try await PlacesRun(client: client, name: name, seed: seed)
            for step in 1...6_000 {
                let event = try await run.step()
                let problems = try await run.problems()
                try #require(problems.isEmpty, "TEST_SEED=\(seed), step \(step), \(event)")
            }
            // A run in which little happens proves nothing.
            let names = Set(run.counts.keys)
            #expect(names.isSuperset(of: PlacesRun.events), "TEST_SEED=\(seed), \(run.counts)")
            #expect(run.most >= 8, "TEST_SEED=\(seed)")
        }
    }
}
