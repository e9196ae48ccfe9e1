// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Until when a lease is certainly ours, by our own clock: never later than PostgreSQL's. Renewals move it.
///
/// A turn looks at it after it has read the object and before it writes. A process that stood still for longer than its lease so writes
/// nothing upon a read of afterwards; and whoever took the lease after the look changes the ETag (`docs/model`, `WRONG_CHECK`).
final class LeaseTerm: Sendable {
    private let end: Mutex<ContinuousClock.Instant?>
    private let outer: LeaseTerm?

    /// - Parameters:
    ///   - end: nil for a term that does not end.
    ///   - outer: The term of the turn for which this lease was lent: over with that one, too.
    init(until end: ContinuousClock.Instant?, within outer: LeaseTerm? = nil) {
        self.end = Mutex(end)
        self.outer = outer
    }

    func move(to end: ContinuousClock.Instant) { self.end.withLock { $0 = end } }

    /// - Throws: `CancellationError` when the lease may be somebody else's: nothing may be written any more.
    func check() throws {
        if let end = end.withLock({ $0 }), end <= .now { throw CancellationError() }
        try outer?.check()
    }
}
