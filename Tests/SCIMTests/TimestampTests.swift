// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import SCIM
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "an instant is written in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000Z"),
            (1, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000001Z"),
            (999_999, "1970-01-01T00:00:00.999Z", "1970-01-01T00:00:00.999999Z"),
            (-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999999Z"),
            (1_795_252_529_900_123, "2026-11-21T09:15:29.900Z", "2026-11-21T09:15:29.900123Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z", "2000-02-29T00:00:00.000000Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000Z", "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z", "2100-03-01T00:00:00.000000Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000000Z"),
            (253_402_300_800_000_000, "10000-01-01T00:00:00.000Z", "10000-01-01T00:00:00.000000Z"),
        ] as [(Int64, String, String)])
    func written(microseconds: Int64, milliseconds: String, exact: String) {
        let instant = Timestamp(microsecondsSinceEpoch: microseconds)
        #expect(instant.iso8601Milliseconds == milliseconds)
        #expect(instant.iso8601Microseconds == exact)
    }

    @Test(
        "the forms of xsd:dateTime are read",
        arguments: [
            ("2026-11-21T09:15:29Z", "2026-11-21T09:15:29.000000Z"),
            ("2026-11-21T09:15:29.9Z", "2026-11-21T09:15:29.900000Z"),
            ("2026-11-21T09:15:29.123456789Z", "2026-11-21T09:15:29.123456Z"),
            ("2026-11-21T10:15:29+01:00", "2026-11-21T09:15:29.000000Z"),
            ("2026-11-20T23:45:29.5-09:30", "2026-11-21T09:15:29.500000Z"),
            ("2026-11-21T09:15:29+00:00", "2026-11-21T09:15:29.000000Z"),
            ("2026-11-21T09:15:29", "2026-11-21T09:15:29.000000Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
            ("2026-12-31T24:00:00Z", "2027-01-01T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("2026-01-01T00:30:00+14:00", "2025-12-31T10:30:00.000000Z"),
        ])
    func read(text: String, exact: String) {
        #expect(Timestamp(iso8601: text)?.iso8601Microseconds == exact)
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", "2026", "2026-11-21", "09:15:29", "2026-11-21 09:15:29Z", "2026-11-21t09:15:29Z", "2026-11-21T09:15Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-21T25:00:00Z", "2026-11-21T24:00:01Z",
            "2026-11-21T09:60:00Z", "2026-11-21T09:15:60Z", "2026-11-21T09:15:29.Z", "2026-11-21T09:15:29,5Z",
            "2026-11-21T09:15:29+1", "2026-11-21T09:15:29+0100", "2026-11-21T09:15:29+14:01",
            "2026-11-21T09:15:29+01:60",
            "2026-11-21T09:15:29ZZ", "2026-11-21T09:15:29Z ", " 2026-11-21T09:15:29Z", "0000-01-01T00:00:00Z",
            "-2026-11-21T09:15:29Z", "26-11-21T09:15:29Z", "20261121T091529Z", "2026-1-21T09:15:29Z", "20261121091529Z",
        ])
    func refused(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test("every day of 800 years reads back, and is the day after the one before")
    func calendar() throws {
        var previous = Timestamp(microsecondsSinceEpoch: -12_622_780_800_000_000)
        #expect(previous.iso8601Milliseconds == "1570-01-01T00:00:00.000Z")
        for day in 1...292_194 {
            let next = Timestamp(microsecondsSinceEpoch: -12_622_780_800_000_000 + Int64(day) * 86_400_000_000)
            try #require(Timestamp(iso8601: next.iso8601Microseconds) == next)
            try #require(previous.iso8601Microseconds < next.iso8601Microseconds)
            previous = next
        }
        #expect(previous.iso8601Milliseconds == "2370-01-01T00:00:00.000Z")
    }

    @Test("random instants are written as Foundation writes them")
    func againstFoundation() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: false)
        for _ in 0..<500 {
            let seconds = Int64.random(in: -50_000_000_000...200_000_000_000, using: &generator)
            guard seconds > -12_000_000_000 else { continue }
            let ours = Timestamp(microsecondsSinceEpoch: seconds * 1_000_000).iso8601Milliseconds
            let theirs = style.format(Date(timeIntervalSince1970: Double(seconds)))
            try #require(ours == theirs.dropLast() + ".000Z", "seed \(seed)")
        }
    }

    @Test("durations are added and measured in microseconds")
    func durations() {
        let instant = Timestamp(microsecondsSinceEpoch: 1_000_000)
        #expect(instant.advanced(by: .milliseconds(1500)).microsecondsSinceEpoch == 2_500_000)
        #expect(instant.advanced(by: .milliseconds(-1500)).microsecondsSinceEpoch == -500_000)
        #expect(instant.advanced(by: .nanoseconds(1999)).microsecondsSinceEpoch == 1_000_001)
        #expect(instant.duration(to: instant.advanced(by: .seconds(3))) == .seconds(3))
        #expect(instant.duration(to: instant.advanced(by: .seconds(-3))) == .seconds(-3))
        #expect(instant < instant.advanced(by: .microseconds(1)))
    }

    @Test("now is the time of the system")
    func now() {
        let before = Date().timeIntervalSince1970
        let now = Double(Timestamp.now().microsecondsSinceEpoch) / 1_000_000
        #expect(abs(now - before) < 60)
    }
}
