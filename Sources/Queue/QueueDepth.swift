// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How much is queued, counted from the sets themselves.
package struct QueueDepth: Sendable, Hashable {
    /// The work of one lane whose time has come.
    package struct LaneDepth: Sendable, Hashable {
        package var ready: Int
        /// How long the resource that waits longest has been ready; `nil` when none is.
        package var oldestReadyAge: Duration?

        package init(ready: Int = 0, oldestReadyAge: Duration? = nil) {
            self.ready = ready
            self.oldestReadyAge = oldestReadyAge
        }
    }

    package var state: QueueState
    /// Every lane is present.
    package var lanes: [Lane: LaneDepth]
    /// Waiting for their due time, all lanes.
    package var due: Int
    package var leased: Int
    /// Leased resources that were enqueued again meanwhile.
    package var dirty: Int
    /// Until the earliest due time; zero when it has passed, `nil` when nothing is due.
    package var nextDue: Duration?
    /// How long the lease that ended first is over; `nil` when none is. Any lease call gives such resources back, so more than a moment means
    /// that nobody makes any.
    package var leaseOverdue: Duration?

    /// Resources in any state; dirty ones are among the leased.
    package var resources: Int { ready + due + leased }
    package var ready: Int { lanes.values.reduce(0) { $0 + $1.ready } }
}
