// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors
internal import Failpoints
internal import Logging
internal import Queue
internal import Redis
internal import Storage

/// Waiting for work, for time to pass, and for Redis.
extension SyncWorker {
    func waitForWork(nextDue: Duration?) async {
        if !isListening {
            isListening = true
            Task {
                do {
                    _ = try await queue.waitForWork(upTo: Self.longestWait, worker: worker)
                } catch {
                    await sleep(.milliseconds(Int64.random(in: 200...1000)))
                }
                isListening = false
                change.raise()
            }
        }
        await wait(upTo: min(nextDue ?? Self.longestWait, Self.longestWait))
    }

    /// Returns when something has changed, or at the latest after `limit`.
    func wait(upTo limit: Duration) async {
        if change.takeRaised() { return }
        let generation = change.generation
        after(max(limit, .milliseconds(1))) { $0.change.expire(generation) }
        await withCheckedContinuation { change.wait($0) }
    }

    /// Returns after `length`, or when the worker stops.
    func sleep(_ length: Duration) async {
        if isStopped { return }
        sleepNumber += 1
        let number = sleepNumber
        after(length) { $0.sleepers.removeValue(forKey: number)?.resume() }
        await withCheckedContinuation { sleepers[number] = $0 }
    }

    func stop() {
        isStopped = true
        let sleepers = sleepers.values
        self.sleepers = [:]
        for sleeper in sleepers { sleeper.resume() }
    }

    func after(_ length: Duration, _ body: @escaping @Sendable (isolated SyncWorker) -> Void) {
        executor.dispatchQueue.asyncAfter(deadline: .now() + length.inSeconds) {
            self.assumeIsolated { body($0) }
        }
    }

    // MARK: Without Redis

    /// Redis did not answer a lease call. After a while work is taken from PostgreSQL alone: slowly, as nothing here knows how many calls
    /// other processes make.
    func goOn(without error: any Error) async {
        // A release that did not arrive costs no more than the lease's end: PostgreSQL has the outcome.
        logger.warning("Redis did not answer a lease call", metadata: ["error": "\(error)"])
        let since = redisAwaySince ?? .now
        redisAwaySince = since
        if !isDraining, since.duration(to: .now) >= configuration.trickleDelay { await trickle() }
        await wait(upTo: .milliseconds(Int64.random(in: 200...1000)))
    }

    private func trickle() async {
        let wanted = gate.admitAlone(
            min(idleSlots.count - confirming, Self.trickleBatch), held: held.count + confirming)
        guard wanted > 0 else { return }
        let deadline = ContinuousClock.now.advanced(by: configuration.leaseLength)
        do {
            try await Failpoint.hit("trickle.begins")
            let work = try await jobs.dueWork(after: trickleAfter, limit: wanted)
            trickleAfter = work.next
            if !work.entries.isEmpty { try await Failpoint.hit("trickle.found") }
            let token = "\(worker):\(String(UInt64.random(in: .min ... .max), radix: 36))"
            // Of no generation: when Redis is back, the next renewal registers it there.
            let asked = ContinuousClock.now
            begin(
                work.entries.map { entry in
                    QueueLease(
                        key: entry.key, token: token, lane: Lane(rawValue: entry.lane) ?? .repair,
                        generation: Self.unregistered, deadline: deadline)
                }, asked: asked)
        } catch {
            logger.warning("PostgreSQL told no work while Redis is away", metadata: ["error": "\(error)"])
        }
    }

    static let unregistered: Int64 = -1
    /// Resources at a look, of which there are one or two a second.
    private static let trickleBatch = 4
}
