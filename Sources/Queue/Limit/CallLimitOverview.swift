// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What all workers of a queue know of UDM, as operators read it.
package struct CallLimitOverview: Sendable, Hashable {
    /// One for each address of UDM that workers use.
    package struct Endpoint: Sendable, Hashable {
        /// See ``CallLimit/endpoint``.
        package let name: String
        package let breaker: CallLimitState.Breaker
        /// While the breaker is open: until the next lease may try UDM again, zero when the time has come. Nil otherwise.
        package let triedIn: Duration?
        /// Leases at one time while the breaker is half-open; nil otherwise.
        package let probes: Int?
        /// Leases at one time when the breaker is closed; nil as long as it is the start value of the workers.
        package let limit: Int?

        package init(
            name: String, breaker: CallLimitState.Breaker, triedIn: Duration? = nil, probes: Int? = nil,
            limit: Int? = nil
        ) {
            self.name = name
            self.breaker = breaker
            self.triedIn = triedIn
            self.probes = probes
            self.limit = limit
        }
    }

    /// Sorted by name; empty when no worker has called UDM for a day.
    package let endpoints: [Endpoint]
    /// Leases for which UDM is being called or will be, at all endpoints.
    package let calling: Int
    /// Leases that need no place: they rest while their outcome is stored, or stand by.
    package let resting: Int

    package init(endpoints: [Endpoint], calling: Int, resting: Int) {
        self.endpoints = endpoints
        self.calling = calling
        self.resting = resting
    }
}
