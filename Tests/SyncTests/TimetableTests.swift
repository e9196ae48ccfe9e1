// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sync

@Suite struct TimetableTests {
    private let start = ContinuousClock.now

    private func time(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test("Each duty comes at once but for the full sweep, and then once in its interval")
    func intervals() {
        var timetable = Timetable(now: start)
        var counts: [Duty: Int] = [:]
        for second in 0..<7200 {
            for duty in timetable.due(at: time(second)) { counts[duty, default: 0] += 1 }
        }
        #expect(
            counts == [
                .sample: 1440, .pauses: 1440, .recentSweep: 720, .sampleResources: 120, .fullSweep: 12, .expiry: 12,
                .partitions: 2, .retention: 2,
            ])
    }

    @Test("The full sweep waits at first; what was missed comes once")
    func missed() {
        var timetable = Timetable(now: start)
        #expect(timetable.due(at: start) == Duty.allCases.filter { $0 != .fullSweep })
        #expect(timetable.due(at: time(4)).isEmpty)
        #expect(timetable.due(at: time(5000)) == Duty.allCases)
        #expect(timetable.due(at: time(5004)).isEmpty)
    }

    @Test("Full sweeps come as often as they are asked for, the first one soon")
    func frequentSweeps() {
        var timetable = Timetable(fullSweepEvery: .seconds(3), now: start)
        _ = timetable.due(at: start)
        let sweeps = (1...9).filter { timetable.due(at: time($0)).contains(.fullSweep) }
        #expect(sweeps == [3, 6, 9])
    }

    @Test("A duty that is put at another time comes then, and goes on in its interval")
    func put() {
        var timetable = Timetable(now: start)
        _ = timetable.due(at: start)
        timetable.put(.retention, at: time(3))
        #expect(timetable.due(at: time(3)) == [.retention])
        #expect(!timetable.due(at: time(3602)).contains(.retention))
        #expect(timetable.due(at: time(3603)).contains(.retention))
    }
}
