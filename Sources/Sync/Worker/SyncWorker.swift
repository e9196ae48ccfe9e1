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
    struct Held {
        /// Its deadline moves with every renewal: without that, an emptied Redis would take it for one that is over.
        var lease: QueueLease
        let confirmed: ConfirmedLease
        let slot: SyncSlot
        var deadline: ContinuousClock.Instant { didSet { term.move(to: deadline) } }
        let term: LeaseTerm
        var task: Task<Void, Never>?
    }

    let executor = DispatchExecutor(label: "sync.supervisor")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let configuration: SyncConfiguration
    let queue: WorkQueue
    let jobs: JobStore
    let gate: UDMGate
    private let environment: TurnEnvironment
    /// Leases of users that turns of groups have besides their own.
    let lent: LentLeases
    let metrics = SyncMetrics()
    let logger: Logger
    /// Random per process start: host names return after restarts.
    let worker = LowercaseUUID.random().description
    private let slotExecutors: [DispatchExecutor]

    var idleSlots: [SyncSlot]
    var held: [ResourceID: Held] = [:]
    var finished: [Release] = []
    /// Keys that PostgreSQL has not answered for yet; each will need a slot.
    var confirming = 0
    var isDraining = false
    var isStopped = false
    var isListening = false
    var change = Signal()
    var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
    var sleepNumber = 0
    /// Since when Redis does not answer; nil while it does.
    var redisAwaySince: ContinuousClock.Instant?
    private var lastLease = ContinuousClock.now
    /// Of the queue, as the last answer said; nil before the first one, and when the queue is lost.
    private var generation: Int64?
    /// Where the look for work without Redis goes on.
    var trickleAfter: JobID?

    /// Slots await UDM, so a few dispatch queues carry many of them.
    private static let slotExecutorCount = 2
    /// At most this many keys are leased in one call, so that one process does not take all from the others.
    private static let leaseBatch = 32
    /// Between two lease calls of a busy worker.
    static let shortestPause = Duration.milliseconds(3)
    /// An idle worker looks again after this long even if no wake-up came: wake-ups are bounded and may be taken by a busy worker.
    static let longestWait = Duration.seconds(5)
    /// Keys being confirmed: while PostgreSQL's disk is slow, a full batch goes beside another.
    private static let confirmingMax = 4 * leaseBatch

    package init(
        configuration: SyncConfiguration, queue: WorkQueue, jobs: JobStore, client: UDMClient, mapping: UDMMapping,
        sealer: SecretSealer?, logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.jobs = jobs
        self.logger = logger
        let gate = UDMGate(limit: configuration.callLimit(of: client.configuration.baseURL))
        self.gate = gate
        client.observe(gate)
        let recorder = OutcomeRecorder(
            jobs: jobs, batchLimit: configuration.outcomeBatch, logger: logger,
            wake: { woken in
                // What is queued already keeps its lane; a group whose late members have come is nobody's single write.
                queue.enqueueDetached(woken.map { Enqueue($0.key, lane: .bulk) })
            }, told: { queue.announceEvents() })
        let lent = LentLeases()
        self.lent = lent
        let lender = Lender(
            jobs: jobs, queue: queue, lent: lent, worker: worker, length: configuration.leaseLength, logger: logger)
        environment = TurnEnvironment(
            configuration: configuration, client: client, mapping: mapping, jobs: jobs, sealer: sealer,
            metrics: metrics, leftOut: LeftOutLog(),
            record: { outcome in
                if outcome.endsTurn { gate.storingBegan(outcome.lease) }
                defer { if outcome.endsTurn { gate.storingEnded(outcome.lease) } }
                return try await Self.record(outcome, with: recorder, logger: logger)
            },
            giveBack: { handle, mayHaveCalled in
                try await Self.giveBack(handle, mayHaveCalled, jobs: jobs, logger: logger)
            },
            lender: lender)
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
    func makeSlot(_ number: Int) -> SyncSlot {
        SyncSlot(
            number: number, executor: slotExecutors[number % slotExecutors.count], environment: environment,
            logger: logger)
    }

    // MARK: Running

    package func run() async throws {
        logger.info("Leasing work", metadata: ["worker": "\(worker)"])
        gate.whenPlaceIsLeft { [weak self] in
            guard let self else { return }
            executor.dispatchQueue.async { self.assumeIsolated { $0.change.raise() } }
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await self.renewInPostgres() }
                    group.addTask { await self.renewInRedis() }
                    group.addTask { await self.watchDeadlines() }
                    await self.leaseUntilDrained()
                    self.stop()
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                Task { await self.drain(within: self.configuration.drainTime) }
            }
        } onCancel: {
            Task { await self.drain(within: .zero) }
        }
    }

    /// Stops leasing; turns under way may finish within `time`, then they are cancelled and handed back. What ignores that is left behind:
    /// its lease runs out.
    private func drain(within time: Duration) {
        guard !isDraining || time == .zero else { return }
        isDraining = true
        logger.info("Draining", metadata: ["held": "\(held.count)"])
        change.raise()
        after(time) { worker in
            for held in worker.held.values { held.task?.cancel() }
        }
        after(time + configuration.leaseLength / 2) { worker in
            for id in worker.held.keys { worker.lose(id, why: "its turn did not end in time") }
        }
    }

    private func leaseUntilDrained() async {
        while true {
            if isDraining && held.isEmpty && finished.isEmpty && confirming == 0 { return }
            // A worker with little to do asks at once.
            let pause = Self.shortestPause - lastLease.duration(to: .now)
            if isBusy, pause > .zero { await sleep(pause) }
            let wanted = wanted
            if isGathering || finished.isEmpty && wanted <= 0 {
                await wait(upTo: Self.longestWait)
                continue
            }
            lastLease = .now
            let releases = finished
            finished = []
            let calls = limitedCalls()
            do {
                try await Failpoint.hit("worker.before-release")
                let answer =
                    if releases.isEmpty {
                        try await queue.lease(
                            upTo: wanted, for: configuration.leaseLength, worker: worker, calls: calls)
                    } else {
                        try await queue.release(
                            releases, leaseNext: max(0, wanted), for: configuration.leaseLength, worker: worker,
                            calls: calls)
                    }
                redisAwaySince = nil
                generation = answer.generation.generation
                note(answer)
                let isAtLimit = answer.leases.count < wanted && answer.isAtLimit
                gate.noteLimit(isReached: isAtLimit)
                try await Failpoint.hit("worker.leased")
                if !answer.leases.isEmpty {
                    begin(answer.leases)
                } else if isAtLimit, !held.isEmpty {
                    // Other work that comes finds no place either: a turn of ours that ends or leaves its place tells us.
                    await wait(upTo: min(answer.nextDue ?? Self.longestWait, Self.longestWait))
                } else if wanted > 0, answer.nextDue != .zero {
                    await waitForWork(nextDue: answer.nextDue)
                }
            } catch {
                gate.keep(calls)
                await goOn(without: error)
            }
        }
    }

    /// Leases that this process has room for.
    var wanted: Int {
        isDraining ? 0 : min(idleSlots.count - confirming, Self.leaseBatch, Self.confirmingMax - confirming)
    }

    /// What ends while leases are being confirmed is released with the next ones: under load a call carries many, and a statement in PostgreSQL
    /// costs most of what it costs by itself, not for its rows.
    var isGathering: Bool {
        !isDraining && confirming > 0 && wanted < min(Self.leaseBatch, configuration.slots / 4)
    }

    /// Many turns are under way: there will be more to say in a moment.
    var isBusy: Bool { held.count > configuration.slots / 4 }

    /// A lease that Redis gave in this generation, and that has not run out there, may be said to rest.
    private func limitedCalls() -> LimitedCalls {
        let now = ContinuousClock.now
        return gate.calls(in: generation) { handle in
            guard let held = held[handle.resourceID], held.confirmed.epoch == handle.epoch else { return false }
            return held.lease.generation == generation && held.lease.deadline > now
        }
    }

    private func note(_ answer: LeaseAnswer) {
        guard let known = answer.limit, let former = gate.learned(known) else { return }
        switch known.breaker {
        case .open:
            logger.error("UDM is out of order or refuses our account; no leases are taken until it may work again")
        case .halfOpen: logger.notice("UDM is tried again")
        case .closed where former.breaker != .closed: logger.notice("UDM answers again; leasing goes on")
        case .closed: break
        }
    }

    func begin(_ leases: [QueueLease]) {
        confirming += leases.count
        Task {
            await confirm(leases)
            confirming -= leases.count
            change.raise()
        }
    }

    /// Asks PostgreSQL for the leases that Redis gave, and starts what it confirms.
    private func confirm(_ leases: [QueueLease]) async {
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
                    // It may be lent for one call only: whoever ends the loan enqueues it.
                    finished.append(Release(lease, next: .waiting(max(.milliseconds(100), remaining))))
                case .paused:
                    metrics.leased("paused")
                    finished.append(Release(lease, next: .due(PauseStore.lookAgain)))
                }
            }
            try await Failpoint.hit("worker.confirmed")
        } catch {
            logger.warning("PostgreSQL did not confirm leases", metadata: ["error": "\(error)"])
            // The keys count as being confirmed meanwhile, so that no others are leased in their place.
            await sleep(.milliseconds(Int64.random(in: 200...1000)))
        }
        // Neither confirmed nor refused: later, by whoever comes first.
        for lease in byID.values { finished.append(Release(lease, next: .due(.seconds(1)))) }
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
