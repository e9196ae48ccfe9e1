// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors
internal import Failpoints
package import Logging
package import Queue
internal import SCIM
internal import ServiceLifecycle
package import Storage
package import UDM

/// The supervisor of one process's slots: leases resource keys, hands them to slots, keeps their leases alive, gives them back.
///
/// A resource key in this process:
///
/// | state     | holds                                                                                            |
/// |-----------|--------------------------------------------------------------------------------------------------|
/// | leased    | Redis gave it to us; PostgreSQL has not said yes. Nobody works on it                               |
/// | held      | PostgreSQL confirmed epoch and token; a slot works on it; both leases are renewed by the heartbeats |
/// | finished  | the turn has ended in PostgreSQL; the release in Redis goes out with the next lease call           |
/// | lost      | PostgreSQL no longer says it is ours, or the deadline is near: the work is cancelled, nothing is written |
///
/// PostgreSQL alone decides whose a resource is; Redis only says where work may be. So leases outlive Redis.
package actor SyncWorker: Service {
    private struct Held {
        /// Its deadline moves with every renewal: without that, an emptied Redis would take it for one that is over.
        var lease: QueueLease
        let confirmed: ConfirmedLease
        let slot: SyncSlot
        var deadline: ContinuousClock.Instant { didSet { term.move(to: deadline) } }
        let term: LeaseTerm
        var task: Task<Void, Never>?
    }

    private let executor = DispatchExecutor(label: "sync.supervisor")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let configuration: SyncConfiguration
    private let queue: WorkQueue
    private let jobs: JobStore
    private let client: UDMClient
    private let gate: UDMGate
    private let gateChanges: AsyncStream<Void>
    private let environment: TurnEnvironment
    private let metrics = SyncMetrics()
    private let logger: Logger
    /// Random per process start: host names return after restarts.
    private let worker = LowercaseUUID.random().description
    private let slotExecutors: [DispatchExecutor]

    private var idleSlots: [SyncSlot]
    private var held: [ResourceID: Held] = [:]
    private var finished: [Release] = []
    private var isDraining = false
    private var isStopped = false
    private var isListening = false
    private var change = Signal()

    /// Slots await UDM, so a few dispatch queues carry many of them.
    private static let slotExecutorCount = 2
    /// At most this many keys are leased in one call, so that one process does not take all from the others.
    private static let leaseBatch = 16
    /// An idle worker looks again after this long even if no wake-up came: wake-ups are bounded and may be taken by a busy worker.
    private static let longestWait = Duration.seconds(5)

    package init(
        configuration: SyncConfiguration, queue: WorkQueue, jobs: JobStore, client: UDMClient, mapping: UDMMapping,
        sealer: SecretSealer?, logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.jobs = jobs
        self.client = client
        self.logger = logger
        let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        gate = UDMGate { changed.yield() }
        gateChanges = changes
        let recorder = OutcomeRecorder(jobs: jobs, logger: logger) { woken in
            queue.enqueueDetached(woken.map { Enqueue($0.key, lane: .interactive) })
        }
        let gate = gate
        environment = TurnEnvironment(
            configuration: configuration, client: client, mapping: mapping, jobs: jobs, sealer: sealer,
            metrics: metrics, leftOut: LeftOutLog(),
            record: { outcome in try await Self.record(outcome, with: recorder, logger: logger) },
            giveBack: { handle, mayHaveCalled in
                try await Self.giveBack(handle, mayHaveCalled, jobs: jobs, logger: logger)
            },
            report: { gate.failed($0) },
            reportHealthy: { gate.succeeded() })
        let executors = (0..<min(Self.slotExecutorCount, configuration.slots)).map {
            DispatchExecutor(label: "sync.slots.\($0)")
        }
        slotExecutors = executors
        idleSlots = (0..<configuration.slots).map { [environment] number in
            SyncSlot(
                number: number, executor: executors[number % executors.count], environment: environment, logger: logger)
        }
    }

    /// Takes the place of an abandoned slot.
    private func makeSlot(_ number: Int) -> SyncSlot {
        SyncSlot(
            number: number, executor: slotExecutors[number % slotExecutors.count], environment: environment,
            logger: logger)
    }

    // MARK: Running

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.renewInPostgres() }
                group.addTask { await self.renewInRedis() }
                group.addTask { await self.watchDeadlines() }
                group.addTask { await self.watchGate() }
                await self.leaseUntilDrained()
                self.isStopped = true
                group.cancelAll()
            }
        } onGracefulShutdown: {
            Task { await self.drain() }
        }
    }

    /// Stops leasing; turns under way may finish within the drain time, then they are cancelled and handed back.
    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        logger.info("Draining", metadata: ["held": "\(held.count)"])
        change.raise()
        after(configuration.drainTime) { worker in
            for held in worker.held.values { held.task?.cancel() }
        }
    }

    private func leaseUntilDrained() async {
        while true {
            if isDraining && held.isEmpty && finished.isEmpty { return }
            if Task.isCancelled && held.isEmpty { return }
            let releases = finished
            finished = []
            let wanted = isDraining || !gate.isClosed ? 0 : min(idleSlots.count, Self.leaseBatch)
            if releases.isEmpty && wanted == 0 {
                await wait(upTo: gate.probeDue ?? Self.longestWait)
                probeIfDue()
                continue
            }
            do {
                try await Failpoint.hit("worker.before-release")
                let answer =
                    if releases.isEmpty {
                        try await queue.lease(upTo: wanted, for: configuration.leaseLength, worker: worker)
                    } else {
                        try await queue.release(
                            releases, leaseNext: wanted, for: configuration.leaseLength, worker: worker)
                    }
                try await Failpoint.hit("worker.leased")
                if !answer.leases.isEmpty {
                    await begin(answer.leases)
                } else if releases.isEmpty {
                    await waitForWork(nextDue: answer.nextDue)
                }
            } catch {
                // A release that did not arrive costs no more than the lease's end: PostgreSQL has the outcome.
                logger.warning("Redis did not answer a lease call", metadata: ["error": "\(error)"])
                await wait(upTo: .milliseconds(Int64.random(in: 200...1000)))
            }
        }
    }

    /// Asks PostgreSQL for the leases that Redis gave, and starts what it confirms.
    private func begin(_ leases: [QueueLease]) async {
        var byID: [ResourceID: QueueLease] = [:]
        var requests: [LeaseRequest] = []
        for lease in leases {
            guard let request = LeaseRequest(lease.key) else {
                logger.error("Redis holds a key that is not ours", metadata: ["key": "\(lease.key)"])
                finished.append(Release(lease, next: .forget))
                continue
            }
            byID[request.resourceID] = lease
            requests.append(request)
        }
        let before = ContinuousClock.now
        do {
            try await Failpoint.hit("worker.before-confirm")
            for confirmation in try await jobs.confirm(requests, worker: worker, length: configuration.leaseLength) {
                guard let lease = byID.removeValue(forKey: confirmation.resourceID) else { continue }
                switch confirmation {
                case .leased(let confirmed):
                    metrics.leased("leased")
                    start(lease, confirmed, deadline: before.advanced(by: configuration.leaseLength))
                case .nothingToDo:
                    metrics.leased("nothing")
                    finished.append(Release(lease, next: .forget))
                case .heldElsewhere(_, let remaining):
                    metrics.leased("elsewhere")
                    finished.append(Release(lease, next: .due(max(.milliseconds(100), remaining))))
                }
            }
            try await Failpoint.hit("worker.confirmed")
        } catch {
            logger.warning("PostgreSQL did not confirm leases", metadata: ["error": "\(error)"])
            await wait(upTo: .milliseconds(Int64.random(in: 200...1000)))
        }
        // Neither confirmed nor refused: later, by whoever comes first.
        for lease in byID.values { finished.append(Release(lease, next: .due(.seconds(1)))) }
        metrics.slots(busy: held.count, of: configuration.slots)
    }

    private func start(_ lease: QueueLease, _ confirmed: ConfirmedLease, deadline: ContinuousClock.Instant) {
        let slot = idleSlots.popLast() ?? makeSlot(0)
        let id = confirmed.resourceID
        Failpoint.strike("worker.turn-begins")
        let term = LeaseTerm(until: deadline)
        held[id] = Held(lease: lease, confirmed: confirmed, slot: slot, deadline: deadline, term: term)
        held[id]?.task = Task {
            let end = await slot.work(on: confirmed, for: term)
            await self.ended(id, epoch: confirmed.epoch, slot: slot, end: end)
        }
    }

    private func ended(_ id: ResourceID, epoch: Int64, slot: SyncSlot, end: TurnEnd) async {
        // A turn that was abandoned has lost its place already.
        guard let held = held[id], held.confirmed.epoch == epoch else { return }
        Failpoint.strike("worker.turn-ended")
        if end == .lost && isDraining {
            await handBack(held)
        }
        self.held[id] = nil
        idleSlots.append(slot)
        switch end {
        case .forget: finished.append(Release(held.lease, next: .forget))
        case .again: finished.append(Release(held.lease, next: .again))
        case .due(let wait): finished.append(Release(held.lease, next: .due(wait)))
        case .waiting(let wait): finished.append(Release(held.lease, next: .waiting(wait)))
        case .lost:
            metrics.leased("lost")
            if isDraining { finished.append(Release(held.lease, next: .again)) }
        }
        metrics.slots(busy: self.held.count, of: configuration.slots)
        change.raise()
    }

    /// A call was cancelled to let the process stop: no attempt is counted, and the next holder reads before it writes.
    private func handBack(_ held: Held) async {
        // A task of its own: the turn's task, in which this runs, is cancelled, and PostgreSQL answers no cancelled task.
        let (jobs, handle) = (jobs, held.confirmed.handle)
        let result = await Task { try await jobs.giveBack([handle], callMayHaveStarted: true) }.result
        if case .failure(let error) = result {
            logger.warning("A lease was not handed back and runs out by itself", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Keeping leases

    private func renewInPostgres() async {
        var wait = configuration.heartbeat
        while !isStopped {
            await sleep(wait)
            wait = configuration.heartbeat
            if held.isEmpty { continue }
            let handles = held.values.map(\.confirmed.handle)
            let before = ContinuousClock.now
            do {
                try await Failpoint.hit("worker.before-renewal")
                let ours = try await jobs.renew(handles, worker: worker, length: configuration.leaseLength)
                Failpoint.strike("worker.renewed")
                for handle in handles {
                    guard let current = held[handle.resourceID], current.confirmed.epoch == handle.epoch else {
                        continue
                    }
                    if ours.contains(handle.resourceID) {
                        held[handle.resourceID]?.deadline = before.advanced(by: configuration.leaseLength)
                    } else {
                        // Either somebody else's, or the turn has just ended and its end is on the way here: then the
                        // cancellation changes nothing. Whatever ignores it is abandoned at the deadline.
                        current.task?.cancel()
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
    private func renewInRedis() async {
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

    private func watchDeadlines() async {
        while !isStopped {
            await sleep(configuration.heartbeat / 4)
            let limit = ContinuousClock.now.advanced(by: configuration.leaseMargin)
            for (id, held) in held where held.deadline < limit {
                lose(id, why: "the lease could not be renewed in time")
            }
        }
    }

    /// Cancels the work and abandons its slot: slots are leases, so a turn that ignores the cancellation blocks nobody.
    private func lose(_ id: ResourceID, why: String) {
        guard let lost = held.removeValue(forKey: id) else { return }
        logger.warning("A lease was lost: \(why)", metadata: ["resource": "\(id)", "epoch": "\(lost.confirmed.epoch)"])
        lost.task?.cancel()
        metrics.leased("lost")
        idleSlots.append(makeSlot(lost.slot.number))
        change.raise()
    }

    // MARK: UDM out of order

    private func watchGate() async {
        for await _ in gateChanges {
            metrics.breaker(gate.metricValue)
            if gate.isClosed {
                logger.notice("UDM answers again; leasing goes on")
            } else {
                logger.error("UDM is out of order or refuses our account; no leases are taken until a probe succeeds")
            }
            change.raise()
        }
    }

    private func probeIfDue() {
        guard gate.beginProbe() else { return }
        Task {
            do throws(UDMError) {
                try await client.probe()
                gate.probeSucceeded()
            } catch {
                logger.warning("UDM is still out of order", metadata: ["error": "\(error)"])
                gate.probeFailed(error)
            }
            change.raise()
        }
    }

    // MARK: Waiting

    private func waitForWork(nextDue: Duration?) async {
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
    private func wait(upTo limit: Duration) async {
        if change.takeRaised() { return }
        let generation = change.generation
        after(max(limit, .milliseconds(1))) { $0.change.expire(generation) }
        await withCheckedContinuation { change.wait($0) }
    }

    private func sleep(_ length: Duration) async {
        await withCheckedContinuation { continuation in
            after(length) { _ in continuation.resume() }
        }
    }

    private func after(_ length: Duration, _ body: @escaping @Sendable (isolated SyncWorker) -> Void) {
        executor.dispatchQueue.asyncAfter(deadline: .now() + length.inSeconds) {
            self.assumeIsolated { body($0) }
        }
    }

    private static func giveBack(
        _ handle: LeaseHandle, _ mayHaveCalled: Bool, jobs: JobStore, logger: Logger
    ) async throws {
        try await whileLeased("A lease was not handed back yet", handle, logger) {
            try await jobs.giveBack([handle], callMayHaveStarted: mayHaveCalled)
        }
    }

    /// Stores an outcome for as long as the lease lasts: PostgreSQL may be away for a moment, and the call to UDM cannot be undone.
    /// The loss of the lease cancels the task and so ends the loop.
    private static func record(
        _ outcome: JobOutcome, with recorder: OutcomeRecorder, logger: Logger
    ) async throws -> Bool {
        try await whileLeased("An outcome was not stored yet", outcome.lease, logger) {
            try await recorder.record(outcome)
        }
    }

    private static func whileLeased<Value: Sendable>(
        _ warning: String, _ handle: LeaseHandle, _ logger: Logger, _ body: () async throws -> Value
    ) async throws -> Value {
        var wait = Duration.milliseconds(50)
        while true {
            do {
                return try await body()
            } catch {
                if Task.isCancelled { throw error }
                logger.warning(
                    "\(warning)", metadata: ["resource": "\(handle.resourceID)", "error": "\(error)"])
                try await Task.sleep(for: wait)
                wait = min(wait * 2, .seconds(1))
            }
        }
    }
}
