// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One run of the scenario, and one of the limit right after it.
struct Round: Sendable {
    /// What was asked for, where a bench asks for several things.
    var subject: String?
    var connections: Int
    /// Counted from 1 for each subject and number of connections.
    var repetition: Int
    var load: LoadResult
    /// What the proof of the accepted writes found missing.
    var missing: [String]
    var limit: LimitResult?
    /// When the round began.
    var loadAverage: String
    var measure = Measure.rate

    /// The scenario's figure in units of the limit's; nil without a limit.
    var ratio: Double? { limit.flatMap { measure.ratio(load, to: $0) } }

    /// Why its figures do not count; empty for a good round.
    var voidReasons: [String] {
        var reasons = load.failures.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
        if load.measured == 0 { reasons.append("nothing was accepted within the measured time") }
        return reasons + missing + (limit?.problems ?? [])
    }

    var isVoid: Bool { !voidReasons.isEmpty }
}
