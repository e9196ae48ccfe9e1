// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Queue
package import SCIM

/// How the workers lease, retry and give up. The defaults are those of the production settings.
package struct SyncConfiguration: Sendable {
    /// Calls to UDM at once by this process, and the most that all processes together make, however well UDM bears it
    /// (`UDM_CONCURRENCY_MAX`).
    package var concurrency: Int
    /// Resources worked on at once by this process: while some are leased and the outcomes of others stored, UDM has still
    /// ``concurrency`` calls to do.
    var slots: Int { concurrency + (concurrency + 1) / 2 }
    /// Resources worked on at once by all processes before anything is known of UDM; the limit then follows what UDM bears.
    package var startLimit: Int
    /// How long a lease lasts without renewal (`LEASE_SECONDS`). Recovery after a crash takes this long.
    package var leaseLength: Duration
    /// All leases of the process are renewed this often.
    package var heartbeat: Duration
    /// Jobs older than this end as dead letters (`RETRY_MAX_AGE`). Age and not a number of attempts: outages last longer than any count.
    package var maximumAge: Duration
    /// Passwords older than this are not sent any more: the write goes on without, and says so.
    package var passwordLifetime: Duration
    /// Leases of one job whose holder never ended its turn, before the job is taken for the cause.
    package var maximumCrashes: Int
    /// How long a group waits for members that are not in UDM yet, from the moment its job became due.
    package var memberWait: Duration
    /// From so many members on a group's few changes go through the `groups` of the users (`MEMBERS_BY_USER_FROM`); 0 for never.
    package var membersByUserFrom: Int
    /// How long UDM may go on with a request that nobody waits for any more (`UDM_REQUEST_LIMIT`): its gateway's limit.
    package var udmRequestLimit: Duration
    /// What UDM refuses for good is undone in SCIM (`ON_PERMANENT_REFUSAL=revert`) instead of kept.
    package var revertsRefusals: Bool
    /// How long turns under way may take to finish when the process is told to stop.
    package var drainTime: Duration
    package var backoff: Backoff
    /// Outcomes stored in one transaction (`OUTCOME_BATCH`); 1 is the strict mode.
    package var outcomeBatch: Int
    /// How often all open work is compared with what Redis holds, both ways.
    package var fullSweep = SyncConfiguration.fullSweepDefault
    /// The wall clock, for ages. A parameter so that tests own it.
    package var now: @Sendable () -> Timestamp

    package init(
        concurrency: Int = 32, startLimit: Int = 8, leaseLength: Duration = .seconds(15), heartbeat: Duration? = nil,
        maximumAge: Duration = .seconds(72 * 3600), passwordLifetime: Duration = SyncConfiguration.passwordLifetimeMax,
        maximumCrashes: Int = 5, memberWait: Duration = .seconds(60),
        membersByUserFrom: Int = 5000,
        udmRequestLimit: Duration = .seconds(311), revertsRefusals: Bool = false,
        drainTime: Duration = .seconds(20), backoff: Backoff = Backoff(),
        outcomeBatch: Int = 64,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }
    ) {
        self.concurrency = max(1, concurrency)
        self.startLimit = startLimit
        self.leaseLength = leaseLength
        self.heartbeat = heartbeat ?? leaseLength * 4 / 15
        self.maximumAge = maximumAge
        self.passwordLifetime = passwordLifetime
        self.maximumCrashes = maximumCrashes
        self.memberWait = memberWait
        self.membersByUserFrom = membersByUserFrom
        self.udmRequestLimit = udmRequestLimit
        self.revertsRefusals = revertsRefusals
        self.drainTime = drainTime
        self.backoff = backoff
        self.outcomeBatch = outcomeBatch
        self.now = now
    }

    /// The most changes of a group that go through users: each costs UDM two reads and a write.
    static let membersByUserMax = 20

    /// The default of ``passwordLifetime``, after which the leader erases what nobody may send any more.
    package static let passwordLifetimeMax = Duration.seconds(24 * 3600)

    package static let fullSweepDefault = Duration.seconds(600)

    /// What is left of a lease when its work must stop: a call to UDM is cancelled rather than risked.
    var leaseMargin: Duration { leaseLength / 8 }

    /// How long Redis must have been away before work is taken from PostgreSQL alone.
    var trickleDelay: Duration { min(.seconds(5), leaseLength / 3) }

    /// The breaker is open for a third of a lease at first and four leases at most: 5 s and a minute, and shorter where leases are short.
    func callLimit(of baseURL: String) -> CallLimit {
        // FNV-1a: the same in all processes, and nobody is hidden behind it.
        let digest = baseURL.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return CallLimit(
            endpoint: String(digest, radix: 36), maximum: concurrency, start: startLimit,
            firstOpen: min(.seconds(5), leaseLength / 3), longestOpen: min(.seconds(60), leaseLength * 4))
    }

    /// PostgreSQL is given a quarter of the lease for a renewal (``StorageConfiguration/leaseLength``), so there is time for two.
    ///
    /// - Parameter redisTimeout: How long one renewal may hang.
    /// - Throws: ``SyncConfigurationError`` when a lease could run out between two heartbeats.
    package func validate(redisTimeout: Duration) throws(SyncConfigurationError) {
        guard leaseLength >= heartbeat * 3 + redisTimeout else {
            throw SyncConfigurationError(
                description: """
                    LEASE_SECONDS is \(leaseLength), which is shorter than three heartbeats of \(heartbeat) plus the Redis timeout \
                    of \(redisTimeout): one slow renewal would lose every lease. Use a longer lease.
                    """)
        }
    }
}

/// A combination of settings with which leases cannot be kept.
package struct SyncConfigurationError: Error, CustomStringConvertible {
    package let description: String
}
