// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// How many jobs end in a second, by a counter that is looked at now and then; a moving mean over about half a minute.
struct DrainRate: Sendable {
    private(set) var perSecond = 0.0
    private var last: (count: Int64, at: ContinuousClock.Instant)?
    private static let memory = 30.0

    mutating func note(_ count: Int64, at now: ContinuousClock.Instant) {
        defer { last = (count, now) }
        guard let last else { return }
        let seconds = last.at.duration(to: now).inSeconds
        // After a crash of PostgreSQL the counter begins anew.
        guard seconds > 0, count >= last.count else { return }
        let rate = Double(count - last.count) / seconds
        let weight = perSecond == 0 ? 1 : min(1, seconds / Self.memory)
        perSecond += weight * (rate - perSecond)
    }

    /// What the API is told: tenants take turns, so each waits for its own jobs once for every tenant, and at most for all.
    func loads(_ tenants: [String: QueueStatistics.Count]) -> [String: TenantLoad] {
        let all = tenants.values.reduce(0) { $0 + $1.openJobs }
        var loads: [String: TenantLoad] = [:]
        for (tenant, count) in tenants {
            guard let oldest = count.oldestAcceptedAt else { continue }
            let before = min(all, count.openJobs * tenants.count)
            let drainTime = perSecond > 0.01 ? Duration.seconds(Double(before) / perSecond) : nil
            loads[tenant] = TenantLoad(openJobs: count.openJobs, oldestAcceptedAt: oldest, drainTime: drainTime)
        }
        return loads
    }
}
