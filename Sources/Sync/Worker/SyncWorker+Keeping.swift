// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// Keeping leases: all of the process with one call to PostgreSQL and one to Redis, by the local clock.
extension SyncWorker {
    func renewInPostgres() async {
        var wait = configuration.heartbeat
        while !isStopped {
            await sleep(wait)
            wait = configuration.heartbeat
            if held.isEmpty { continue }
            let handles = held.values.map(\.confirmed.handle)
            let loans = lent.all
            let before = ContinuousClock.now
            do {
                try await Failpoint.hit("worker.before-renewal")
                let ours = try await jobs.renew(
                    handles + loans.map(\.handle), worker: worker, length: configuration.leaseLength)
                Failpoint.strike("worker.renewed")
                for handle in handles {
                    guard let current = held[handle.resourceID], current.confirmed.epoch == handle.epoch else {
                        continue
                    }
                    if ours.contains(handle.token) {
                        held[handle.resourceID]?.deadline = before.advanced(by: configuration.leaseLength)
                    } else if let turn = current.turn {
                        // Either somebody else's, or the turn has just ended and its end is on the way here: then the
                        // cancellation changes nothing. Whatever ignores it is abandoned at the deadline.
                        turn.task.cancel()
                    } else {
                        lose(handle.resourceID, why: "somebody else has it")
                    }
                }
                for loan in loans {
                    if ours.contains(loan.handle.token) {
                        lent.renewed(loan, until: before.advanced(by: configuration.leaseLength))
                    } else if lent.remove(loan) {
                        // Not given back in the meantime: the call made under it must end.
                        held[loan.group]?.turn?.task.cancel()
                    }
                }
            } catch {
                logger.warning("PostgreSQL did not renew leases", metadata: ["error": "\(error)"])
                // A try that hung has used up its share of the lease: the next one follows soon.
                wait = configuration.heartbeat / 16
            }
        }
    }

    /// Keeps the keys out of other workers' hands. What Redis says decides nothing: PostgreSQL refuses whoever it gives them to.
    func renewInRedis() async {
        while !isStopped {
            await sleep(configuration.heartbeat)
            if held.isEmpty { continue }
            let leases = held.mapValues(\.lease)
            let before = ContinuousClock.now
            do {
                try await Failpoint.hit("worker.before-renewal-in-redis")
                let gone = try await queue.renew(Array(leases.values), for: configuration.leaseLength)
                for (id, lease) in leases where held[id]?.lease.token == lease.token && !gone.contains(lease.key) {
                    held[id]?.lease.deadline = before.advanced(by: configuration.leaseLength)
                }
                if !gone.isEmpty {
                    logger.notice(
                        "Leases had run out in Redis; PostgreSQL still guards them", metadata: ["keys": "\(gone.count)"]
                    )
                }
            } catch {
                logger.warning("Redis did not renew leases", metadata: ["error": "\(error)"])
            }
        }
    }

    func watchDeadlines() async {
        while !isStopped {
            await sleep(configuration.heartbeat / 4)
            let limit = ContinuousClock.now.advanced(by: configuration.leaseMargin)
            for (id, held) in held where held.deadline < limit {
                lose(id, why: "the lease could not be renewed in time")
            }
            for loan in lent.ending(before: limit) {
                lent.remove(loan)
                lose(loan.group, why: "the lease of a member could not be renewed in time")
            }
        }
    }

    /// Cancels the work and abandons its slot: slots are leases, so a turn that ignores the cancellation blocks nobody.
    func lose(_ id: ResourceID, why: String) {
        guard let lost = held.removeValue(forKey: id) else { return }
        lent.remove(lentTo: id)
        logger.warning("A lease was lost: \(why)", metadata: ["resource": "\(id)", "epoch": "\(lost.confirmed.epoch)"])
        metrics.leased("lost")
        if let turn = lost.turn {
            turn.task.cancel()
            idleSlots.append(makeSlot(turn.slot.number))
        } else {
            standby.removeAll { $0 == id }
            noteStandby()
        }
        change.raise()
    }
}
