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
/// | held      | PostgreSQL confirmed epoch and token; both leases are renewed by the heartbeats. It stands by until UDM has a place for it; then a slot works on it |
/// | finished  | the turn has ended in PostgreSQL; the release in Redis goes out with the next lease call           |
/// | lost      | PostgreSQL no longer says it is ours, or the deadline is near: the work is cancelled, nothing is written |
///
/// PostgreSQL alone decides whose a resource is; Redis only says where work may be. So leases outlive Redis.
package actor SyncWorker: Service {
    struct Held {
        /// Its deadline moves with every renewal: without that, an emptied Redis would take it for one that is over.
        var lease: QueueLease
        let confirmed: ConfirmedLease
        let since = ContinuousClock.now
        var deadline: ContinuousClock.Instant { didSet { term.move(to: deadline) } }
        let term: LeaseTerm
        /// Nil while it stands by.
        var turn: Turn?
        /// The turn has made its last call, and stores what came of it.
        var isResting = false
        /// The turn of a former lease has not ended yet: its call has the place.
        var followsCall = false

        init(lease: QueueLease, confirmed: ConfirmedLease, deadline: ContinuousClock.Instant) {
            self.lease = lease
            self.confirmed = confirmed
            self.deadline = deadline
            term = LeaseTerm(until: deadline)
        }
    }

    struct Turn {
        let slot: SyncSlot
        let began: ContinuousClock.Instant
        let task: Task<Void, Never>
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
    /// Keys that PostgreSQL has not answered for yet, by the call that gave them; each will need a slot.
    var batches: [Int: [QueueLease]] = [:]
    private var batchNumber = 0
    var places = Places()
    var pace = StandbyPace()
    /// Held leases without a turn: single writes first, and then in the order in which they came.
    var standby: [ResourceID] = []
    var isWatchingStandby = false
    /// Leases that PostgreSQL is about to get back.
    var returning = 0
    /// The whole queue is, as the last answer said.
    var isPaused = false
    var isDraining = false
    var isStopped = false
    var isListening = false
    var change = Signal()
    var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
    var sleepNumber = 0
    /// Since when Redis does not answer; nil while it does.
    var redisAwaySince: ContinuousClock.Instant?
    private var lastLease = ContinuousClock.now
    /// Where the look for work without Redis goes on.
    var trickleAfter: JobID?

    /// Slots await UDM, so a few dispatch queues carry many of them.
    private static let slotExecutorCount = 2
    /// At most this many keys are leased in one call, so that one process does not take all from the others.
    private static let leaseBatch = 32
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
        prepare()
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

    func prepare() {
        gate.whenPlaceIsLeft { [weak self] in
            guard let self else { return }
            executor.dispatchQueue.async { self.assumeIsolated { $0.placeLeft() } }
        }
    }

    /// Stops leasing; turns under way may finish within `time`, then they are cancelled and handed back. What ignores that is left behind:
    /// its lease runs out.
    private func drain(within time: Duration) {
        guard !isDraining || time == .zero else { return }
        isDraining = true
        logger.info("Draining", metadata: ["held": "\(held.count)"])
        giveBackStandby { _ in true }
        change.raise()
        after(time) { worker in
            for held in worker.held.values { held.turn?.task.cancel() }
        }
        after(time + configuration.leaseLength / 2) { worker in
            for id in worker.held.keys { worker.lose(id, why: "its turn did not end in time") }
        }
    }

    private func leaseUntilDrained() async {
        while true {
            if isDraining && held.isEmpty && finished.isEmpty && batches.isEmpty && returning == 0 { return }
            // A worker with little to do asks at once.
            let pause = pace.pause - lastLease.duration(to: .now)
            if isBusy, pause > .zero { await sleep(pause) }
            let wanted = wanted
            if isGathering || finished.isEmpty && wanted <= 0 {
                await wait(upTo: Self.longestWait)
                continue
            }
            let asked = ContinuousClock.now
            lastLease = asked
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
                took(answer)
                let isAtLimit = answer.leases.count < wanted && answer.isAtLimit
                gate.noteLimit(isReached: isAtLimit)
                if isBusy, wanted > 0 { pace.noteLeases(answer.leases.count) }
                try await Failpoint.hit("worker.leased")
                if !answer.leases.isEmpty {
                    begin(answer.leases, asked: asked)
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
        isDraining
            ? 0 : min(idleSlots.count - standby.count - confirming, Self.leaseBatch, Self.confirmingMax - confirming)
    }

    var confirming: Int { batches.values.reduce(0) { $0 + $1.count } }

    /// What ends while leases are being confirmed is released with the next ones: under load a call carries many, and a statement in PostgreSQL
    /// costs most of what it costs by itself, not for its rows.
    var isGathering: Bool {
        !isDraining && !batches.isEmpty && wanted < min(Self.leaseBatch, configuration.slots / 4)
    }

    /// Many turns are under way: there will be more to say in a moment.
    var isBusy: Bool { held.count > configuration.slots / 4 }

    func note(_ answer: LeaseAnswer) {
        guard let known = answer.limit, let former = gate.learned(known) else { return }
        switch known.breaker {
        case .open:
            logger.error("UDM is out of order or refuses our account; no leases are taken until it may work again")
        case .halfOpen: logger.notice("UDM is tried again")
        case .closed where former.breaker != .closed: logger.notice("UDM answers again; leasing goes on")
        case .closed: break
        }
    }

    /// - Parameter asked: When Redis was asked for them.
    func begin(_ leases: [QueueLease], asked: ContinuousClock.Instant) {
        batchNumber += 1
        let number = batchNumber
        batches[number] = leases
        Task {
            await confirm(leases, batch: number, asked: asked)
            change.raise()
        }
    }

    /// Asks PostgreSQL for the leases that Redis gave, and starts what it confirms, as far as there are places.
    private func confirm(_ leases: [QueueLease], batch: Int, asked: ContinuousClock.Instant) async {
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
            let confirmations = try await jobs.confirm(
                requests, worker: worker, length: configuration.leaseLength,
                maximumCrashes: configuration.maximumCrashes)
            // From here to the start of turns nothing else happens: what is confirmed counts once in what Redis is told.
            batches[batch] = nil
            pace.noteLease(asked.duration(to: .now))
            for confirmation in confirmations {
                guard let lease = byID.removeValue(forKey: confirmation.resourceID) else { continue }
                switch confirmation {
                case .leased(let confirmed):
                    metrics.leased("leased")
                    standBy(lease, confirmed, deadline: before.advanced(by: configuration.leaseLength))
                case .nothingToDo:
                    metrics.leased("nothing")
                    finished.append(Release(lease, next: .forget))
                case .heldElsewhere(_, let remaining):
                    metrics.leased("elsewhere")
                    if remaining <= Self.shortWait {
                        waitForEnd(of: lease, in: remaining)
                        continue
                    }
                    // It may be lent for one call only: whoever ends the loan enqueues it.
                    finished.append(Release(lease, next: .waiting(max(.milliseconds(100), remaining))))
                case .paused:
                    metrics.leased("paused")
                    // No backoff: whoever resumes meanwhile makes it ready at once.
                    finished.append(Release(lease, next: .waiting(PauseStore.lookAgain)))
                }
            }
            startStandby()
            if !mayStandBy { giveBackStandby { _ in true } }
            try await Failpoint.hit("worker.confirmed")
        } catch {
            logger.warning("PostgreSQL did not confirm leases", metadata: ["error": "\(error)"])
            // The keys count as being confirmed meanwhile, so that no others are leased in their place.
            await sleep(.milliseconds(Int64.random(in: 200...1000)))
        }
        batches[batch] = nil
        // Neither confirmed nor refused: later, by whoever comes first.
        for lease in byID.values { finished.append(Release(lease, next: .due(.seconds(1)))) }
    }

    /// A lease in PostgreSQL that ends so soon is waited for: mostly it is that of a worker which was killed, and was taken a moment later than the one in
    /// Redis, which has run out. Put off, its resource would come again behind all that is ready.
    private static let shortWait = Duration.seconds(1)

    private func waitForEnd(of lease: QueueLease, in remaining: Duration) {
        batchNumber += 1
        let number = batchNumber
        // Counts as being confirmed meanwhile.
        batches[number] = [lease]
        Task {
            await sleep(max(.milliseconds(10), remaining))
            batches[number] = nil
            finished.append(Release(lease, next: .untouched))
            change.raise()
        }
    }

    func begin(_ id: ResourceID) {
        guard let lease = held[id] else { return }
        let slot = idleSlots.popLast() ?? makeSlot(0)
        Failpoint.strike("worker.turn-begins")
        let task = Task {
            let end = await slot.work(on: lease.confirmed, for: lease.term)
            await self.ended(id, epoch: lease.confirmed.epoch, slot: slot, end: end)
        }
        held[id]?.turn = Turn(slot: slot, began: .now, task: task)
    }

    private func ended(_ id: ResourceID, epoch: Int64, slot: SyncSlot, end: TurnEnd) async {
        // A turn that was abandoned has lost its place already.
        guard let held = held[id], held.confirmed.epoch == epoch else { return }
        Failpoint.strike("worker.turn-ended")
        if end == .lost && isDraining {
            await handBack(held)
        }
        noteResting()
        // A call that was given up may go on at UDM: its place comes back with the end of its lease in Redis.
        if end != .lost, let ended = self.held[id], !ended.isResting { leavePlace(ended) }
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
        startStandby()
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
