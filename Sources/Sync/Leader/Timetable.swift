// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What the leader does again and again, in this order.
enum Duty: CaseIterable, Sendable {
    case sample
    case sampleResources
    case recentSweep
    case fullSweep
    case pauses
    case expiry
    case partitions
    case retention

    /// From the beginning of one time to that of the next.
    var interval: Duration {
        switch self {
        case .sample, .pauses: .seconds(5)
        case .recentSweep: .seconds(10)
        case .sampleResources: .seconds(60)
        case .fullSweep: SyncConfiguration.fullSweepDefault
        case .expiry: .seconds(600)
        case .partitions, .retention: .seconds(3600)
        }
    }

    /// A full sweep reads all open work: not in the moment in which a leader has died.
    fileprivate var firstWait: Duration { self == .fullSweep ? .seconds(30) : .zero }
}

/// When each duty is due.
struct Timetable: Sendable {
    private var next: [Duty: ContinuousClock.Instant] = [:]
    private let fullSweep: Duration

    init(fullSweepEvery fullSweep: Duration = Duty.fullSweep.interval, now: ContinuousClock.Instant = .now) {
        self.fullSweep = fullSweep
        for duty in Duty.allCases { next[duty] = now.advanced(by: min(duty.firstWait, interval(of: duty))) }
    }

    private func interval(of duty: Duty) -> Duration { duty == .fullSweep ? fullSweep : duty.interval }

    /// The duties whose time has come, each of which is due again an interval from now.
    mutating func due(at now: ContinuousClock.Instant) -> [Duty] {
        Duty.allCases.filter { duty in
            guard let time = next[duty], now >= time else { return false }
            next[duty] = now.advanced(by: interval(of: duty))
            return true
        }
    }

    /// Once, at another time than its interval says.
    mutating func put(_ duty: Duty, at time: ContinuousClock.Instant) { next[duty] = time }
}
