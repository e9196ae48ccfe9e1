// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors

/// Wakes one waiting loop of an actor; a signal that comes while nobody waits is kept, several are one.
///
/// Its timer fires on the actor's dispatch queue and not on the cooperative pool, whose load would delay it.
struct Signal {
    private var waiter: CheckedContinuation<Void, Never>?
    private var isRaised = false
    private(set) var generation = 0

    mutating func raise() {
        if let waiter {
            self.waiter = nil
            waiter.resume()
        } else {
            isRaised = true
        }
    }

    /// Ends a wait that is still the one the timer was set for.
    mutating func expire(_ generation: Int) {
        if generation == self.generation { waiter.take()?.resume() }
    }

    /// - Returns: Whether a kept signal was taken, so that there is nothing to wait for.
    mutating func takeRaised() -> Bool {
        defer { isRaised = false }
        generation += 1
        return isRaised
    }

    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) {
        waiter = continuation
    }
}
