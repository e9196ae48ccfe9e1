// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
internal import Executors
package import Queue
package import SCIM
package import Storage

/// Refuses writes of a tenant of which too much is open already (queue-patterns section 11). Accepting is cheap and identity providers take
/// refusals badly, so the limits are high, and single writes go on long after bulk work has to wait.
///
/// What is open is counted by the leader; this is what was read of it a few seconds ago. While nobody leads the figures stay as they are:
/// then nothing is pushed either.
package final class BackPressure: Sendable {
    /// How much may be open of one tenant.
    package struct Limits: Sendable, Hashable {
        /// Open jobs of a tenant beyond which bulk work is refused (`TENANT_JOBS_MAX`).
        package var bulkJobs: Int
        /// The age of the oldest open job beyond which bulk work is refused (`TENANT_AGE_MAX`).
        package var bulkAge: Duration
        /// Open jobs of a tenant beyond which every write is refused (`TENANT_JOBS_HARD_MAX`).
        package var jobs: Int

        package init(bulkJobs: Int = 200_000, bulkAge: Duration = .seconds(6 * 3600), jobs: Int = 1_000_000) {
            self.bulkJobs = bulkJobs
            self.bulkAge = bulkAge
            self.jobs = max(jobs, bulkJobs)
        }
    }

    private let limits: Limits
    private let loads = Locked<[String: TenantLoad]>([:])
    private let refusals: [Lane: Counter]

    package init(limits: Limits = Limits(), metrics factory: any MetricsFactory = MetricsSystem.factory) {
        self.limits = limits
        refusals = Dictionary(
            uniqueKeysWithValues: [Lane.interactive, .bulk].map {
                let labels = [("lane", $0.rawValue)]
                return ($0, Counter(label: "scim_writes_refused_total", dimensions: labels, factory: factory))
            })
    }

    /// Takes over what was read from the database.
    package func update(_ loads: [String: TenantLoad]) { self.loads.withLock { $0 = loads } }

    /// - Throws: 429 with the time after which the backlog may be gone.
    package func admit(_ lane: Lane, tenant: String, now: Timestamp) throws(SCIMError) {
        guard let load = loads.withLock({ $0[tenant] }) else { return }
        let isTooMany = load.openJobs >= (lane == .interactive ? limits.jobs : limits.bulkJobs)
        let age = load.oldestAcceptedAt.duration(to: now)
        let isTooOld = lane != .interactive && age >= limits.bulkAge
        guard isTooMany || isTooOld else { return }
        refusals[lane]?.increment()
        let wait = min(max(load.drainTime ?? .seconds(300), .seconds(5)), .seconds(300))
        let backlog =
            isTooMany
            ? "\(load.openJobs) writes wait for the directory"
            : "The oldest write waits for the directory for \(age.components.seconds / 3600) hours"
        let taken = lane == .interactive ? "Writes" : "Bulk writes"
        throw SCIMError(
            status: 429,
            detail: "\(backlog); nothing was changed. \(taken) are taken again when the backlog is smaller",
            retryAfter: wait)
    }
}
