// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// Leases that stand by: confirmed ahead, so that a place at UDM that a turn leaves is another one's at once (record 27).
extension SyncWorker {
    /// Nothing stands by for longer, so that no turn begins long after PostgreSQL was asked what there is to do and whether that is paused, or after
    /// the time that PostgreSQL takes for the start of its call.
    var longestStandby: Duration { min(.seconds(1), configuration.leaseLength / 8) }

    /// Leases wait for a place only while UDM works and the queue goes on.
    var mayStandBy: Bool { !isDraining && !isPaused && gate.breaker == .closed }

    /// Whether Redis counts the lease, now and for as long as it believes what is said of it in the next call.
    func isKnown(_ lease: QueueLease) -> Bool {
        lease.generation == places.generation
            && lease.deadline > ContinuousClock.now.advanced(by: configuration.leaseLength / 2)
    }

    // MARK: Lease calls

    func limitedCalls() -> LimitedCalls {
        noteResting()
        startStandby()
        var (calling, resting, idle) = (0, 0, 0)
        for held in held.values where isKnown(held.lease) {
            if held.turn == nil, !held.followsCall {
                idle += 1
            } else if held.isResting {
                resting += 1
            } else {
                calling += 1
            }
        }
        for batch in batches.values where batch.first.map(isKnown) ?? false { idle += batch.count }
        let spare = places.ask(calling: calling, idle: idle)
        let ahead = mayStandBy ? max(0, pace.level(calling: calling) - spare) : 0
        return gate.calls(resting: resting + spare, spare: spare, ahead: ahead, in: places.generation)
    }

    func took(_ answer: LeaseAnswer) {
        let isOther = places.answered(answer)
        isPaused = answer.isPaused
        note(answer)
        if isOther {
            giveBackStandby { $0.lease.generation != places.generation }
        } else if !mayStandBy {
            giveBackStandby { _ in true }
        }
        startStandby()
    }

    // MARK: Places

    /// A turn has left its place, on its own thread.
    func placeLeft() {
        noteResting()
        startStandby()
        change.raise()
    }

    func noteResting() {
        for handle in gate.takeLeft() {
            guard let resting = held[handle.resourceID], resting.confirmed.handle == handle, !resting.isResting else {
                continue
            }
            held[handle.resourceID]?.isResting = true
            leavePlace(resting)
        }
    }

    /// Its place is ours to use again, if Redis counts it.
    func leavePlace(_ held: Held) {
        if let turn = held.turn { pace.noteTurn(turn.began.duration(to: .now)) }
        if isKnown(held.lease) { places.leave() }
    }

    // MARK: Standing by

    func standBy(_ lease: QueueLease, _ confirmed: ConfirmedLease, deadline: ContinuousClock.Instant) {
        let id = confirmed.resourceID
        Failpoint.strike("worker.stands-by")
        var next = Held(lease: lease, confirmed: confirmed, deadline: deadline)
        // PostgreSQL says that the former lease is over.
        if let former = held[id] {
            lose(id, why: "another one has followed")
            if let turn = former.turn, !former.isResting {
                next.followsCall = true
                Task {
                    await turn.task.value
                    formerEnded(id, before: confirmed.epoch)
                }
            }
        }
        held[id] = next
        // Of no generation: found without Redis, where others decide how many there may be.
        if lease.generation == Self.unregistered, !isDraining, mayBegin(next) { return begin(id) }
        guard lease.generation == places.generation, !isDraining else { return giveBack([id]) }
        let behind = lease.lane == .interactive ? standby.firstIndex { held[$0]?.lease.lane != .interactive } : nil
        standby.insert(id, at: behind ?? standby.endIndex)
        watchStandby()
    }

    private func formerEnded(_ id: ResourceID, before epoch: Int64) {
        guard held[id]?.confirmed.epoch == epoch else { return }
        held[id]?.followsCall = false
        startStandby()
        change.raise()
    }

    /// Begins the turns for which there are places.
    func startStandby() {
        while places.credit > 0, let index = nextStandby() {
            let id = standby.remove(at: index)
            guard let next = held[id], !isOld(next) else {
                giveBack([id])
                continue
            }
            places.take()
            begin(id)
        }
        noteStandby()
    }

    private func nextStandby() -> Int? { standby.firstIndex { held[$0].map(mayBegin) ?? true } }

    private func mayBegin(_ next: Held) -> Bool {
        if next.followsCall { return false }
        return !isLastTry(next) || !held.values.contains { $0.turn != nil && isLastTry($0) }
    }

    private func isLastTry(_ held: Held) -> Bool { held.confirmed.isLastTry(of: configuration.maximumCrashes) }

    private func isOld(_ held: Held) -> Bool {
        held.since.duration(to: .now) >= longestStandby
            || held.deadline < ContinuousClock.now.advanced(by: configuration.leaseLength / 2)
    }

    /// Looks after what stands by for too long; one timer as long as anything does.
    private func watchStandby() {
        if isWatchingStandby { return }
        isWatchingStandby = true
        after(longestStandby / 2) { worker in
            worker.isWatchingStandby = false
            let before = worker.standby.count
            worker.giveBackStandby { worker.isOld($0) }
            if worker.standby.count < before { worker.pace.noteWait() }
            if !worker.standby.isEmpty { worker.watchStandby() }
        }
    }

    func noteStandby() {
        gate.noteStandby(!standby.isEmpty)
        metrics.standby(standby.count)
    }

    // MARK: Giving back

    func giveBackStandby(where isUnwanted: (Held) -> Bool) {
        let unwanted = standby.filter { held[$0].map(isUnwanted) ?? true }
        if unwanted.isEmpty { return }
        standby.removeAll { unwanted.contains($0) }
        giveBack(unwanted)
        noteStandby()
    }

    /// No turn has begun, so nobody was called and no attempt is counted. First in PostgreSQL, then in Redis: in between the resource waits for no
    /// longer than the lease.
    private func giveBack(_ ids: [ResourceID]) {
        let unused = ids.compactMap { held.removeValue(forKey: $0) }
        guard let first = unused.map(\.deadline).min() else { return }
        returning += unused.count
        metrics.leased("returned", unused.count)
        Task {
            if await handBack(unused.map(\.confirmed.handle), until: first) {
                Failpoint.strike("worker.standby-returned")
                for held in unused {
                    let lease = held.lease
                    if lease.generation == places.generation {
                        // One that has to wait for another one's last try leaves its turn to the rest.
                        finished.append(Release(lease, next: isLastTry(held) ? .due(.seconds(1)) : .untouched))
                    } else {
                        // Another Redis may have given the key to somebody whom PostgreSQL has turned away.
                        queue.enqueueDetached([Enqueue(lease.key, lane: lease.lane)])
                    }
                }
            }
            returning -= unused.count
            change.raise()
        }
    }

    /// A lease that ran out would count as a crash of its job.
    private func handBack(_ handles: [LeaseHandle], until deadline: ContinuousClock.Instant) async -> Bool {
        var wait = Duration.milliseconds(50)
        repeat {
            do {
                try await jobs.giveBack(handles, callMayHaveStarted: false)
                return true
            } catch {
                logger.warning("Leases without a turn were not handed back yet", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: wait)  // cancelled by nobody
            wait = min(wait * 2, .seconds(1))
        } while deadline > .now
        return false
    }
}
