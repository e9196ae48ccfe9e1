// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import SCIM
internal import Storage

/// The lease of a user that the turn of a group has for one call.
struct Loan: Sendable {
    let handle: LeaseHandle
    let tenant: String
    /// Whose turn it is.
    let group: ResourceID
    let term: LeaseTerm
}

/// The lent leases of this process: renewed with those of the turns they were lent to, and lost with them.
///
/// Redis knows nothing of them. A worker that it gives such a user to is turned away by PostgreSQL, and the user enqueued when the loan ends.
final class LentLeases: Sendable {
    private struct Entry {
        let loan: Loan
        var deadline: ContinuousClock.Instant
    }

    private let entries = Locked<[LeaseToken: Entry]>([:])

    func add(_ loan: Loan, until deadline: ContinuousClock.Instant) {
        entries.withLock { $0[loan.handle.token] = Entry(loan: loan, deadline: deadline) }
    }

    /// - Returns: Whether the loan was still there.
    @discardableResult
    func remove(_ loan: Loan) -> Bool { entries.withLock { $0.removeValue(forKey: loan.handle.token) } != nil }

    /// A turn that was given up: nobody renews its loans any more.
    func remove(lentTo group: ResourceID) { entries.withLock { $0 = $0.filter { $0.value.loan.group != group } } }

    var all: [Loan] { entries.withLock { $0.values.map(\.loan) } }

    /// Loans that end before `limit`.
    func ending(before limit: ContinuousClock.Instant) -> [Loan] {
        entries.withLock { $0.values.filter { $0.deadline < limit }.map(\.loan) }
    }

    func renewed(_ loan: Loan, until deadline: ContinuousClock.Instant) {
        let isThere = entries.withLock { entries in
            entries[loan.handle.token]?.deadline = deadline
            return entries[loan.handle.token] != nil
        }
        if isThere { loan.term.move(to: deadline) }
    }
}
