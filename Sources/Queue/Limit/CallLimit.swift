// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How the calls to one UDM endpoint are limited, as a lease call asks for it. What is known of the endpoint is shared by all workers of the
/// queue, in `P:limit:<endpoint>`; see ``CallLimiter``.
package struct CallLimit: Sendable, Hashable {
    /// Names the endpoint, such as a digest of its address: letters and digits.
    package let endpoint: String
    /// Most leases at one time, whatever UDM bears.
    package let maximum: Int
    /// Leases at one time before anything is known.
    package let start: Int
    /// How long the breaker stays open the first time; twice as long after each probe that fails.
    package let firstOpen: Duration
    package let longestOpen: Duration

    package init(
        endpoint: String, maximum: Int, start: Int = 8, firstOpen: Duration = .seconds(5),
        longestOpen: Duration = .seconds(60)
    ) {
        precondition(
            !endpoint.isEmpty && endpoint.utf8.allSatisfy { (0x21...0x7E).contains($0) },
            "the name of an endpoint is one word")
        self.endpoint = endpoint
        self.maximum = max(1, maximum)
        self.start = max(1, min(start, maximum))
        self.firstOpen = firstOpen
        self.longestOpen = max(firstOpen, longestOpen)
    }

    /// The argument of a script.
    var argument: String {
        "\(endpoint) \(maximum) \(start) \(firstOpen.milliseconds) \(longestOpen.milliseconds)"
    }
}

/// What is known of an endpoint.
package struct CallLimitState: Sendable, Hashable {
    /// The values of the metric `scim_udm_breaker_state`.
    package enum Breaker: Int, Sendable {
        case closed = 0
        /// Some leases are given, to see whether UDM works again.
        case halfOpen = 1
        /// No leases are given.
        case open = 2
    }

    package var breaker: Breaker
    /// Leases at one time when the breaker is closed.
    package var limit: Int
    /// Rises whenever the breaker opens; a report of calls that began before says nothing about UDM now.
    package var era: Int64

    package init(breaker: Breaker, limit: Int, era: Int64) {
        self.breaker = breaker
        self.limit = limit
        self.era = era
    }
}
