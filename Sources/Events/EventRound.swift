// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import SCIM
internal import ServiceLifecycle
internal import Storage
internal import Synchronization

/// One round of the sender for one sink: reads due events, sends those of several resources beside each other, takes off what was accepted.
struct EventRound: Sendable {
    enum End: Sendable, Equatable {
        /// Something was sent or settled; there may be more.
        case sent
        case idle
        /// The sink failed several times in a row and nothing got through since.
        case unavailable(reason: String, after: Duration?)
        case misconfigured(reason: String)
        case databaseFailed
    }

    /// So many refusals of the publisher name in a row are no accident of single events.
    private static let publisherRefusals = 3
    /// No event is begun later in a round, so that a lost leadership is noticed in time.
    private static let longestRound = Duration.seconds(10)
    /// The longest wait of one event.
    private static let longestDelay = Duration.seconds(300)

    private let configuration: EventSenderConfiguration
    private let builder: EventBuilder
    private let events: EventStore
    private let sink: any EventSink
    private let confirmations: EventConfirmations
    private let metrics: EventMetrics
    private let logger: Logger

    init(configuration: EventSenderConfiguration, events: EventStore, sink: any EventSink, logger: Logger) {
        self.configuration = configuration
        self.events = events
        self.sink = sink
        self.logger = logger
        builder = EventBuilder(configuration)
        confirmations = EventConfirmations(events: events, sink: sink.name, logger: logger)
        metrics = EventMetrics(sink.name)
    }

    func run() async -> End {
        // What the sink has, but the outbox too: sent again, it would be a duplicate.
        guard await confirmations.retry() else { return .databaseFailed }
        let due: [OutboxEvent]
        do {
            due = try await events.unsent(limit: configuration.batchSize, sink: sink.name)
        } catch {
            logger.warning("The outbox cannot be read", metadata: ["error": "\(error)"])
            return .databaseFailed
        }
        if due.isEmpty { return .idle }
        let progress = Progress(failuresToStop: configuration.parallelResources)
        let deadline = ContinuousClock.now + Self.longestRound
        await withTaskGroup(of: Void.self) { group in
            for (index, queue) in Self.byResource(due).enumerated() {
                if index >= configuration.parallelResources { await group.next() }
                if progress.isOver { break }
                group.addTask { await self.send(queue, progress, deadline) }
            }
        }
        await confirmations.finish()
        return progress.end
    }

    /// The events of each resource in their order; resources in the order of their first event.
    private static func byResource(_ events: [OutboxEvent]) -> [[OutboxEvent]] {
        var places: [ResourceID: Int] = [:]
        var queues: [[OutboxEvent]] = []
        // As they were read: of events with the same order the change comes before the errors.
        for event in events {
            if let place = places[event.resourceID] {
                queues[place].append(event)
            } else {
                places[event.resourceID] = queues.count
                queues.append([event])
            }
        }
        return queues
    }

    /// Sends one event after the other; the first that has to be tried again ends it for this round.
    private func send(_ queue: [OutboxEvent], _ progress: Progress, _ deadline: ContinuousClock.Instant) async {
        for event in queue {
            if progress.isOver || Task.isCancelled || Task.isShuttingDownGracefully || deadline < .now { return }
            let answer: PublishAnswer
            do {
                answer = try await publish(event)
            } catch {
                guard await park(event, "\(error)", failureClass: "invalid", progress) else { return }
                continue
            }
            if let failureClass = answer.failureClass { metrics.countFailed(failureClass) }
            switch answer {
            case .accepted:
                Failpoint.strike("events.posted")
                metrics.countSent()
                progress.accepted()
                await confirmations.add(event.id)
            case .tooLarge(let reason):
                guard await park(event, reason, failureClass: "refused", progress) else { return }
            case .refused(let reason, let namesPublisher):
                if progress.refused(namesPublisher: namesPublisher, limit: Self.publisherRefusals) {
                    progress.stop(.misconfigured(reason: reason))
                    return
                }
                guard await park(event, reason, failureClass: nil, progress) else { return }
            case .retry(let reason, let after):
                // Stopped on the way: its outcome is unknown, and it is due at once.
                if Task.isCancelled { return }
                progress.failed(reason: reason, after: after)
                await delay(event, reason, after, progress)
                return
            case .misconfigured(let reason):
                progress.stop(.misconfigured(reason: reason))
                return
            }
        }
    }

    /// Sends an event, with less in it as long as it is too large for the sink (E-10).
    /// - Returns: `tooLarge` when nothing more can be left out.
    private func publish(_ event: OutboxEvent) async throws(EventProblem) -> PublishAnswer {
        var message = try builder.message(of: event)
        while true {
            Failpoint.strike("events.before-post")
            let answer = await sink.publish(message)
            guard case .tooLarge(let reason) = answer else { return answer }
            if Task.isCancelled { return .retry(reason: reason, after: nil) }
            let size = EventSize.queuedBytes(of: message.json)
            guard let smaller = try? builder.message(of: event, upTo: size / 2) else { return answer }
            logger.notice(
                "A sink does not take an event for its size; it is sent with less",
                metadata: metadata(of: event).merging(["reason": "\(reason)", "bytes": "\(size)"]) { $1 })
            message = smaller
        }
    }

    private func delay(_ event: OutboxEvent, _ reason: String, _ after: Duration?, _ progress: Progress) async {
        var random = SystemRandomNumberGenerator()
        let wait = RetryDelay.afterFailures(
            event.sendAttempts + 1, cap: Self.longestDelay, retryAfter: after, using: &random)
        logger.info(
            "An event will be sent again",
            metadata: metadata(of: event).merging(["reason": "\(reason)", "nextTry": "\(wait)"]) { $1 })
        do {
            try await events.failed([(event.id, wait, reason)], at: sink.name)
        } catch {
            databaseFailed(error, progress)
        }
    }

    /// Puts an event aside for the operator; false if not even that was possible.
    private func park(_ event: OutboxEvent, _ reason: String, failureClass: String?, _ progress: Progress) async -> Bool
    {
        if let failureClass { metrics.countFailed(failureClass) }
        logger.error(
            "An event cannot be sent and is put aside; it stays in the outbox",
            metadata: metadata(of: event).merging(["reason": "\(reason)"]) { $1 })
        do {
            try await events.park(event.id, reason, at: sink.name)
            progress.settled()
            return true
        } catch {
            databaseFailed(error, progress)
            return false
        }
    }

    private func databaseFailed(_ error: any Error, _ progress: Progress) {
        logger.warning("The outbox cannot be written", metadata: ["error": "\(error)"])
        progress.stop(.databaseFailed)
    }

    private func metadata(of event: OutboxEvent) -> Logger.Metadata {
        [
            "sink": "\(sink.name.rawValue)",
            "eventId": "\(event.id)", "resource": "\(event.type.rawValue)/\(event.resourceID)",
            "order": "\(event.order)", "jobId": "\(event.jobID)", "requestId": "\(event.requestID)",
        ]
    }
}

extension EventRound {
    /// What the tasks of a round have come to so far.
    private final class Progress: Sendable {
        private struct State {
            var hasSettled = false
            var failuresInARow = 0
            var publisherRefusalsInARow = 0
            var lastFailure: End?
            /// Set once: why the round begins no further event.
            var reason: End?
        }

        private let state = Mutex(State())
        private let failuresToStop: Int

        init(failuresToStop: Int) { self.failuresToStop = failuresToStop }

        var isOver: Bool { state.withLock { $0.reason != nil } }

        var end: End {
            state.withLock { state in
                if let reason = state.reason { return reason }
                // A single resource that fails must not hurry the next round.
                return state.hasSettled ? .sent : state.lastFailure ?? .sent
            }
        }

        func accepted() {
            state.withLock { state in
                state.hasSettled = true
                state.failuresInARow = 0
                state.publisherRefusalsInARow = 0
            }
        }

        func settled() { state.withLock { $0.hasSettled = true } }

        func failed(reason: String, after: Duration?) {
            state.withLock { state in
                let end = End.unavailable(reason: reason, after: after)
                state.failuresInARow += 1
                state.lastFailure = end
                if state.failuresInARow >= failuresToStop { state.reason = state.reason ?? end }
            }
        }

        /// True if the publisher name was refused `limit` times in a row.
        func refused(namesPublisher: Bool, limit: Int) -> Bool {
            state.withLock { state in
                state.failuresInARow = 0
                state.publisherRefusalsInARow = namesPublisher ? state.publisherRefusalsInARow + 1 : 0
                return state.publisherRefusalsInARow >= limit
            }
        }

        func stop(_ reason: End) { state.withLock { $0.reason = $0.reason ?? reason } }
    }
}
