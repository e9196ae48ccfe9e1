// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Queue

/// The places at UDM that Redis counts for this process, and those of them that no turn uses.
///
/// A turn *calls* from its start until it rests or ends, and needs a place for that. Redis counts for each process, with `L` for the leases that
/// it has of it and `N` for those that the process said need no place, `A = L − N`; it gives a place only while the sum of all `A` is below the
/// limit, and counts it with `A`. So no more turns call than the limit allowed when it gave the places, as long as in each process
///
///     calling + min(max(credit, 0), idle) ≤ A                                                                             (1)
///
/// where `calling` are the turns and `idle` the leases without one, of those leases that Redis has. Why (1) holds, whatever happens between the
/// steps of a lease call:
///
/// - ``ask(calling:idle:)``: of the leases, all that Redis will have after the call's releases, those that rest, stand by or are being confirmed
///   need no place, but for as many as there is credit kept. So once the script has run, `A` is at least `calling + credit` of now, plus the
///   places that it gave: leases that it gives without one it adds to `N` itself. Before, `A` is what it was, and the credit can only be cut here.
/// - Until the answer, ``leave()`` and ``take()`` move a turn's place into the credit and out of it: the sum stays.
/// - ``answered(_:)`` adds the places. A surplus is taken off. The debt of an earlier surplus is not told (1 counts no negative credit), so the
///   script has counted it as a surplus again.
/// - The answer is lost: its places are nobody's, and leases that only Redis has are counted until they run out.
/// - The call, or this process, is lost: what it said is believed for a second, then each of its leases counts, `A = L`, and (1) holds by itself.
/// - `N` counts no lease that can run out within that second (``SyncWorker/isKnown(_:)``), and a turn under one that can leaves no credit: where
///   a lease runs out, `A` and what it stands for on the left fall together. A process that is stopped between this and the sending, for half
///   a lease, tells of leases that are no more: that is believed until its next call.
/// - Redis was emptied: in another generation nothing is left of the credit, and no turn under an older lease adds to it.
/// - The breaker is not closed: then every lease counts, `A = L`, and only new leases bring places. When it opens, the credit is gone.
struct Places {
    /// Places that no turn uses. Negative: so many turns must leave theirs to others first.
    private(set) var credit = 0
    /// Of the queue, as the last answer said; nil before the first one, and when the queue is lost.
    private(set) var generation: Int64?
    private var era: Int64 = 0
    /// What the lease call under way told.
    private var told = (claim: 0, debt: 0)

    /// A lease call is about to be made. Credit that nothing could use is left to others.
    /// - Parameters:
    ///   - calling: Turns that neither rest nor have ended.
    ///   - idle: Leases that stand by or are being confirmed.
    /// - Returns: How many of the idle ones have no place.
    mutating func ask(calling: Int, idle: Int) -> Int {
        credit = min(credit, idle)
        let kept = max(credit, 0)
        told = (calling + kept, max(-credit, 0))
        return idle - kept
    }

    /// - Returns: Whether the queue is another one now, so that older leases are none.
    mutating func answered(_ answer: LeaseAnswer) -> Bool {
        defer { told = (0, 0) }
        let era = answer.limit?.era ?? 0
        let hasOpened = era != self.era
        self.era = era
        guard answer.generation.generation == generation else {
            generation = answer.generation.generation
            credit = answer.places
            return true
        }
        credit += told.debt + answer.places
        if answer.surplus > 0, let limit = answer.limit?.limit {
            // Our share of it, rounded up: every process that asks takes its own.
            let all = limit + answer.surplus
            credit -= (answer.surplus * told.claim + all - 1) / all
        }
        if hasOpened { credit = min(credit, answer.places) }
        return false
    }

    /// A turn has made its last call.
    mutating func leave() { credit += 1 }

    /// A turn begins.
    mutating func take() { credit -= 1 }
}
