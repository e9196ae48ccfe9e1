// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors
internal import Logging

/// Drives the connection of a ``PostgresPipeline`` on its own dispatch queue.
///
/// | phase | holds |
/// |---|---|
/// | disconnected | nothing was asked yet; the first request connects |
/// | connecting | an attempt runs on `connectQueue`; its end answers or serves whoever waits |
/// | waiting | an attempt failed or the connection was lost; the next attempt is scheduled |
/// | ready | `link` is there; `flight` is what it owes an answer for |
/// | closed | for good |
actor PipelineDriver {
    enum Phase { case disconnected, connecting, waiting, ready, closed }
    typealias Completion = (request: PipelineRequest, outcome: PipelineRequest.Outcome)

    /// Commands sent together; more would only make the first of them wait longer.
    static let largestFlight = 256
    /// The server keeps its answers until a sync unless it is asked for them. After this many commands it is, so that
    /// the first callers go on, and its silence means something, while it works on the others.
    static let flushInterval = 32
    /// Reads that share one statement; none of them is answered before the last of them has been found.
    static let largestGathering = 64

    nonisolated let inbox = PipelineInbox()
    nonisolated let configuration: PostgresConfiguration
    nonisolated let mode: PostgresPipeline.Mode
    nonisolated let waitTimeout: Duration?
    nonisolated let logger: Logger
    private nonisolated let executor: DispatchExecutor
    private nonisolated let connectQueue: DispatchQueue

    private var phase = Phase.disconnected
    private(set) var link: PostgresLink?
    private var backoff = Backoff()
    private var isClosing = false
    private var closers: [CheckedContinuation<Void, Never>] = []

    var flight: PipelineFlight?
    /// To be sent before `backlog`: requests that were rolled back with a neighbour.
    var repeats: [QueuedRequest] = []
    private var backlog: ArraySlice<PipelineRequest> = []
    private var taken: [PipelineRequest] = []
    /// A look at who waits for too long is scheduled.
    private var isWatchingWaiters = false
    /// Answers to hand over once the next segment is on its way.
    var completions: [Completion] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        configuration: PostgresConfiguration, label: String, mode: PostgresPipeline.Mode, waitTimeout: Duration?,
        logger: Logger
    ) {
        self.configuration = configuration
        self.mode = mode
        self.waitTimeout = waitTimeout
        self.logger = logger
        executor = DispatchExecutor(label: label)
        connectQueue = DispatchQueue(label: "\(label).connect")
    }

    // MARK: - From outside

    /// Requests wait in the inbox of a sleeping driver. It has nothing else to do, so its queue is free, and the caller's own thread sends them:
    /// to wake another one would take longer.
    nonisolated func wake() { executor.dispatchQueue.sync { assumeIsolated { $0.pump() } } }

    /// Ends the wait of `requests` that are still unsent when the connect timeout has passed.
    nonisolated func expire(_ requests: [PipelineRequest]) {
        let limit = configuration.connectTimeout
        let error = PostgresError.connectionFailed("no connection within \(limit)")
        let deadline = DispatchTime(uptimeNanoseconds: DispatchTime.now().uptimeNanoseconds + limit.nanoseconds)
        // Weak: an outage must not keep every request it refused for that long.
        let waiting = requests.map { WeakRequest($0) }
        executor.dispatchQueue.asyncAfter(deadline: deadline) {
            for waiter in waiting { waiter.request?.expire(error) }
        }
    }

    func close() async {
        inbox.close()
        if phase == .closed { return }
        isClosing = true
        await withCheckedContinuation { continuation in
            closers.append(continuation)
            pump()
        }
    }

    /// The pipeline has gone: nobody waits any more.
    nonisolated func abort() {
        inbox.close()
        executor.dispatchQueue.async { self.assumeIsolated { $0.finishClosing() } }
    }

    private nonisolated func onQueue(_ body: @escaping @Sendable (isolated PipelineDriver) -> Void) {
        executor.dispatchQueue.async { [weak self] in self?.assumeIsolated { body($0) } }
    }

    // MARK: - Connecting

    private func connect() {
        guard phase == .disconnected || phase == .waiting else { return }
        phase = .connecting
        let deadline = ContinuousClock.now + configuration.connectTimeout
        connectQueue.async { [weak self, configuration, mode, logger, queue = executor.dispatchQueue] in
            let attempt: Result<PostgresLink, PostgresError>
            do throws(PostgresError) {
                attempt = .success(
                    try PostgresLink(
                        opening: configuration, readOnly: mode == .reads, pipelined: true, deadline: deadline,
                        queue: queue, logger: logger))
            } catch {
                attempt = .failure(error)
            }
            self?.onQueue { $0.connected(attempt) }
        }
    }

    private func connected(_ attempt: Result<PostgresLink, PostgresError>) {
        guard phase == .connecting else {
            if case .success(let link) = attempt { link.close() }
            return
        }
        switch attempt {
        case .success(let link):
            if backoff.failures > 0 { logger.info("connected to PostgreSQL again") }
            backoff.reset()
            link.start(
                onReadable: { [weak self] in self?.assumeIsolated { $0.readable() } },
                onSilence: { [weak self] in self?.assumeIsolated { $0.silent() } })
            self.link = link
            phase = .ready
            inbox.setConnected(true)
        case .failure(let error):
            let isFirst = backoff.failures <= 1
            logger.log(level: isFirst ? .warning : .debug, "cannot connect to PostgreSQL: \(error.message)")
            phase = .waiting
            failWaiting(error)
            scheduleConnect()
        }
        pump()
    }

    private func scheduleConnect() {
        let nanoseconds = backoff.next().nanoseconds
        let deadline = DispatchTime(uptimeNanoseconds: DispatchTime.now().uptimeNanoseconds + nanoseconds)
        executor.dispatchQueue.asyncAfter(deadline: deadline) { [weak self] in
            self?.assumeIsolated { driver in
                if driver.phase == .waiting { driver.connect() }
            }
        }
    }

    private func failWaiting(_ error: PostgresError) {
        takeInbox(maySleep: false)
        for queued in repeats { completions.append((queued.request, .failure(error))) }
        for request in backlog { completions.append((request, .failure(error))) }
        repeats = []
        backlog = []
    }

    // MARK: - Segments

    /// Sends what waits, hands over what has been answered, and sleeps when there is neither.
    func pump() {
        while true {
            if phase == .ready, flight == nil { send() }
            if !completions.isEmpty {
                complete()
                continue
            }
            if flight != nil { return watchWaiters() }
            if isClosing {
                takeInbox(maySleep: false)
                if phase == .ready, hasBacklog { continue }
                return finishClosing()
            }
            if phase == .ready {
                takeInbox(maySleep: true)
                if hasBacklog { continue }
            } else if phase == .disconnected {
                connect()
            }
            return
        }
    }

    private func complete() {
        // The callers that are resumed may submit again before this ends: the inbox is looked at once more after it.
        let batch = completions
        completions.removeAll(keepingCapacity: true)
        for (request, outcome) in batch { request.finish(outcome) }
    }

    private var hasBacklog: Bool { !backlog.isEmpty || !repeats.isEmpty }

    private func takeInbox(maySleep: Bool) {
        guard backlog.isEmpty || !maySleep else { return }
        inbox.take(into: &taken, maySleep: maySleep && repeats.isEmpty)
        if taken.isEmpty { return }
        if backlog.isEmpty { backlog = taken[...] } else { backlog.append(contentsOf: taken) }
    }

    private func send() {
        if backlog.isEmpty { takeInbox(maySleep: false) }
        guard hasBacklog, let link else { return }
        var builder = FlightBuilder(link: link, gathers: mode == .reads)
        while let queued = nextQueued() {
            guard builder.accepts(queued) else { break }
            removeNextQueued()
            if queued.request.markSent() { builder.add(queued) }
        }
        guard !builder.isEmpty else { return }
        let sent = builder.send()
        inbox.noteFlight(segments: sent.flight.groups.count, commands: builder.statementCount)
        flight = sent.flight
        guard sent.isIntact else { return lost(.connectionLost(link.errorMessage)) }
        link.expectAnswer()
    }

    /// While an answer is owed, whoever waits to be sent is looked at four times within the limit, and not by a timer of his own.
    private func watchWaiters() {
        guard let waitTimeout, !isWatchingWaiters else { return }
        isWatchingWaiters = true
        let nanoseconds = waitTimeout.nanoseconds / 4
        let deadline = DispatchTime(uptimeNanoseconds: DispatchTime.now().uptimeNanoseconds + nanoseconds)
        executor.dispatchQueue.asyncAfter(deadline: deadline) { [weak self] in
            self?.assumeIsolated { driver in
                driver.isWatchingWaiters = false
                guard driver.flight != nil else { return }
                driver.expireWaiters(waitTimeout)
                driver.watchWaiters()
            }
        }
    }

    private func expireWaiters(_ limit: Duration) {
        takeInbox(maySleep: false)
        let now = DispatchTime.now().uptimeNanoseconds
        let oldest = now - min(now, limit.nanoseconds)
        guard let first = backlog.first, first.submitted < oldest else { return }
        let error = PostgresError(
            kind: .poolTimeout, message: "the connection was busy for \(limit)", canRetry: true)
        for request in backlog where request.submitted < oldest { request.expire(error) }
        backlog.removeAll { $0.submitted < oldest }
    }

    private func nextQueued() -> QueuedRequest? {
        if let queued = repeats.first { return queued }
        return backlog.first.map { QueuedRequest(request: $0) }
    }

    private func removeNextQueued() {
        if repeats.isEmpty { backlog.removeFirst() } else { repeats.removeFirst() }
    }

    // MARK: - From the link

    private func readable() {
        guard let link else { return }
        let isAlive = link.read()
        if flight != nil {
            link.expectAnswer()
            // What arrived before the end still counts, above all the reason for it.
            guard drain(link) else { return pump() }
        }
        if !isAlive { lost(.connectionLost(link.errorMessage)) }
        pump()
    }

    private func silent() {
        guard let link, flight != nil else { return }
        // It may have been this process that stood still: look before giving up.
        if link.hasInput { return readable() }
        lost(.noAnswer(within: configuration.silenceLimit ?? .zero))
        pump()
    }

    /// The connection is of no use any more: closes it and makes a new one.
    func lost(_ error: PostgresError, provenUncommittedFrom uncommitted: Int = .max) {
        guard phase == .ready else { return }
        logger.warning("connection to PostgreSQL lost: \(error.message)")
        link?.close()
        link = nil
        phase = .waiting
        inbox.setConnected(false)
        failFlight(error, provenUncommittedFrom: uncommitted)
        if isClosing {
            failWaiting(.shutDown("pipeline"))
        } else {
            takeInbox(maySleep: false)
            expire(repeats.map(\.request) + backlog)
            scheduleConnect()
        }
    }

    /// Exactly those whose answer is owed get `error`, with the truth about their outcome.
    private func failFlight(_ error: PostgresError, provenUncommittedFrom uncommitted: Int = .max) {
        guard let flight else { return }
        self.flight = nil
        for (number, group) in flight.groups.enumerated() where !group.isDone {
            let failure = error.committing(mode == .writes && group.isSent && number < uncommitted)
            for entry in flight.entries[group.entries] where !entry.isAnswered {
                completions.append((entry.queued.request, .failure(failure)))
            }
        }
    }

    private func finishClosing() {
        guard phase != .closed else { return }
        phase = .closed
        inbox.setConnected(false)
        failFlight(.shutDown("pipeline"))
        failWaiting(.shutDown("pipeline"))
        complete()
        let closers = closers
        self.closers = []
        guard let link else { return closers.forEach { $0.resume() } }
        self.link = nil
        link.close { closers.forEach { $0.resume() } }
    }
}

private struct WeakRequest: Sendable {
    weak let request: PipelineRequest?

    init(_ request: PipelineRequest) { self.request = request }
}
