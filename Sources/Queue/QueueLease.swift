// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Work that becomes due: now, or after `delay`.
package struct Enqueue: Sendable, Hashable {
    package let key: ResourceKey
    package let lane: Lane
    /// `nil` or zero: now.
    package let delay: Duration?

    package init(_ key: ResourceKey, lane: Lane, delay: Duration? = nil) {
        self.key = key
        self.lane = lane
        self.delay = delay
    }
}

/// The time-limited right to work on one resource.
package struct QueueLease: Sendable, Hashable {
    package let key: ResourceKey
    /// Names the holder; no two leases of a resource have the same.
    package let token: String
    package let lane: Lane
    /// The generation of the queue that gave the lease; after a rebuild, an older lease is registered anew by `renew`.
    package let generation: Int64
    /// When the lease is over at the latest. Counted from before the call that gave it, so it ends here before it ends in
    /// Redis; after a successful `renew` the caller moves it.
    package var deadline: ContinuousClock.Instant

    package init(
        key: ResourceKey, token: String, lane: Lane, generation: Int64, deadline: ContinuousClock.Instant
    ) {
        self.key = key
        self.token = token
        self.lane = lane
        self.generation = generation
        self.deadline = deadline
    }
}

/// What Redis says to one lease call.
package struct LeaseAnswer: Sendable, Hashable {
    package var leases: [QueueLease]
    /// How long until a lease call can find more: zero when leasable work remains, `nil` when nothing is waiting at all. At the limit of
    /// calls the next lease comes with the end of one, or when the breaker lets one through.
    package var nextDue: Duration?
    /// The whole queue is paused; nothing is handed out.
    package var isPaused: Bool
    package var generation: QueueState
    /// Releases without effect because the lease was not the current one any more.
    package var staleReleases: Int
    /// What is known of UDM; nil without a limit, or when the queue is lost.
    package var limit: CallLimitState?
    /// No more leases are to be had before one ends or rests.
    package var isAtLimit = false
    /// So many more leases of the caller may call UDM: new ones, or some that stood by.
    package var places = 0
    /// So many leases of all workers call UDM too much, because the limit has sunk.
    package var surplus = 0
}

/// What a lease call asks and tells about calls to UDM.
package struct LimitedCalls: Sendable, Hashable {
    package var limit: CallLimit
    /// Calls that ended since the last report of this process.
    package var report: CallReport

    /// Leases of this process that need no place at UDM: the last answer is there, and the outcome is being stored, or they stand by. Of other
    /// processes the queue knows it from their last lease call, if that was a moment ago.
    package var resting: Int
    /// Those of them that have no place yet and would take one.
    package var spare: Int
    /// Leases that are wanted beyond those that get a place.
    package var ahead: Int
    /// The generation of the queue that knows the leases which rest. In another one they are no leases, so that they would make room for others.
    package var generation: Int64?

    package init(
        limit: CallLimit, report: CallReport, resting: Int = 0, spare: Int = 0, ahead: Int = 0, generation: Int64? = nil
    ) {
        self.limit = limit
        self.resting = max(resting, spare)
        self.spare = spare
        self.ahead = ahead
        self.generation = generation
        self.report = report
    }

    /// For a release before the one that takes leases. What is asked for and the report go with the last one: as long as that was not
    /// answered, nothing was told.
    var beforehand: LimitedCalls {
        var calls = self
        calls.report = CallReport(era: report.era)
        (calls.spare, calls.ahead) = (0, 0)
        return calls
    }

    /// The argument of a script.
    func argument(of worker: String) -> String {
        "\(limit.argument) \(resting) \(spare) \(ahead) \(generation ?? -1) \(worker)"
    }
}

/// The end of a turn.
package struct Release: Sendable, Hashable {
    /// What becomes of the resource in the queue.
    package enum Next: Sendable, Hashable {
        /// Nothing is left to do, unless the resource was enqueued meanwhile.
        case forget
        /// More work is to be done now.
        case again
        /// No turn has begun: it is the next one of its lane and tenant again.
        case untouched
        /// The next try is due after this time, also when the resource was enqueued meanwhile.
        case due(Duration)
        /// The resource waits for others: due after this time, or at once when it was enqueued meanwhile, so that a wake-up during the
        /// turn is not lost.
        case waiting(Duration)
    }

    package let lease: QueueLease
    package let next: Next

    package init(_ lease: QueueLease, next: Next) {
        self.lease = lease
        self.next = next
    }
}
