// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// Lends the leases of users to turns of groups, and takes them back.
struct Lender: Sendable {
    let jobs: JobStore
    let queue: WorkQueue
    let lent: LentLeases
    let worker: String
    let length: Duration
    let logger: Logger

    /// - Parameters:
    ///   - group: The lease of the turn.
    ///   - term: Of the turn.
    /// - Returns: Nil when the user is not to be had, or another group is about to change its list for this user.
    func lend(
        _ user: ResourceID, to group: ConfirmedLease, isAddition: Bool, within term: LeaseTerm
    ) async throws -> Loan? {
        try term.check()
        let deadline = ContinuousClock.now.advanced(by: length)
        guard
            let handle = try await jobs.lend(
                user, to: group, isAddition: isAddition, worker: worker, length: length,
                takingBack: { unused in
                    await takeBack(
                        Loan(handle: unused, tenant: group.tenant, group: group.resourceID, term: term), .known)
                })
        else { return nil }
        let loan = Loan(
            handle: handle, tenant: group.tenant, group: group.resourceID,
            term: LeaseTerm(until: deadline, within: term))
        lent.add(loan, until: deadline)
        do {
            if try await !jobs.isContended(user, besides: group.resourceID) { return loan }
        } catch {
            await takeBack(loan, .known)
            throw error
        }
        await takeBack(loan, .known)
        return nil
    }

    /// Also when the turn was cancelled: PostgreSQL answers no cancelled task, so this is done in one of its own.
    func takeBack(_ loan: Loan, _ end: LoanEnd) async {
        lent.remove(loan)
        await Task { await store(loan, end) }.value
    }

    private func store(_ loan: Loan, _ end: LoanEnd) async {
        var wait = Duration.milliseconds(50)
        for attempt in 1...Self.attempts {
            do {
                let lane = try await jobs.takeBack(loan.handle, end)
                if let lane = lane.flatMap({ Lane(rawValue: $0) }) {
                    let key = ResourceKey(
                        tenant: loan.tenant, type: ResourceType.user.rawValue, id: loan.handle.resourceID.description)
                    queue.enqueueDetached([Enqueue(key, lane: lane)])
                }
                return
            } catch {
                // In the end the lease runs out, and the user's groups are looked at when any call must be over.
                logger.warning(
                    "The lease of a member was not given back yet",
                    metadata: ["user": "\(loan.handle.resourceID)", "attempt": "\(attempt)", "error": "\(error)"])
                try? await Task.sleep(for: wait)
                wait *= 2
            }
        }
    }

    private static let attempts = 5
}
