// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import Redis
internal import SCIM
package import ServiceLifecycle
package import Storage

/// Sends the events of the outbox to every sink: at least once, those of one resource in their order.
///
/// One process sends at a time (``Leadership``). Each sink has a ``SinkSender`` and a position of its own, so that one that is down delays no
/// other.
package final class EventSender: Service {
    /// How long events in flight may take after the order to stop.
    private static let stopLimit = Duration.seconds(5)
    /// One wait for word of new events; the next one follows at once.
    private static let newsLimit = Duration.seconds(5)
    /// How often a process that does not send looks whether it does by now.
    private static let leadInterval = Duration.milliseconds(250)
    /// How often what two senders may have left is looked for.
    private static let tidyInterval = Duration.seconds(600)

    private let configuration: EventSenderConfiguration
    private let events: EventStore
    private let leadership: Leadership
    private let redis: RedisClient?
    private let signal: EventSignal
    private let news: (@Sendable (Duration) async throws -> Bool)?
    private let logger: Logger

    /// - Parameters:
    ///   - redis: For the stream, if that is one of the sinks; belongs to the caller.
    ///   - signal: Raised by whoever records events in this process.
    ///   - news: Waits for at most so long until any process tells that it recorded events, and says whether one did; cancellable. Without
    ///     it, events of other processes are found with the next look.
    package init(
        configuration: EventSenderConfiguration, events: EventStore, leadership: Leadership, redis: RedisClient? = nil,
        signal: EventSignal = EventSignal(), news: (@Sendable (Duration) async throws -> Bool)? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.events = events
        self.leadership = leadership
        self.redis = redis
        self.signal = signal
        self.news = news
        self.logger = logger
    }

    /// Sends until a graceful stop; then finishes what is in flight, for 5 s at most.
    ///
    /// - Throws: ``EventSenderConfigurationError`` before anything is sent.
    package func run() async throws {
        let problems = configuration.problems
        guard problems.isEmpty else { throw EventSenderConfigurationError(problems: problems) }
        let sinks = try await openSinks()
        let lead = SendingLead(
            leadership: leadership, events: events, sinks: configuration.sinks, logger: logger)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await self.send(to: sinks, lead) }
                if let news { tasks.addTask { await self.listen(to: news, lead) } }
                tasks.addTask {
                    // Ends with an error when the senders have ended first and the group is cancelled.
                    guard (try? await gracefulShutdown()) != nil else { return }
                    try? await Task.sleep(for: Self.stopLimit)
                }
                await tasks.next()
                tasks.cancelAll()
            }
        } onGracefulShutdown: {
            self.signal.raise()
        }
        await leadership.resign()
        for sink in sinks { await sink.shutdown() }
    }

    private func openSinks() async throws -> [any EventSink] {
        var sinks: [any EventSink] = []
        do {
            if let provisioning = configuration.provisioning {
                sinks.append(
                    try ProvisioningClient(
                        configuration: provisioning, connections: configuration.parallelResources, logger: logger))
            }
            if let webhook = configuration.webhook {
                sinks.append(
                    try WebhookSink(
                        configuration: webhook, connections: configuration.parallelResources, logger: logger))
            }
            if let stream = configuration.redisStream {
                guard let redis else {
                    throw EventSenderConfigurationError(problems: ["a stream needs a connection to Redis"])
                }
                sinks.append(RedisStreamSink(configuration: stream, client: redis))
            }
        } catch {
            for sink in sinks { await sink.shutdown() }
            throw error
        }
        return sinks
    }

    private func send(to sinks: [any EventSink], _ lead: SendingLead) async {
        await withTaskGroup(of: Void.self) { tasks in
            for sink in sinks {
                let sender = SinkSender(
                    configuration: configuration, events: events, sink: sink, lead: lead, signal: signal,
                    logger: logger)
                tasks.addTask { await sender.run() }
            }
            tasks.addTask { await self.keepFigures(lead) }
            await tasks.waitForAll()
        }
    }

    /// Wakes the senders when any process has recorded events. Ends only when it is cancelled, after the senders.
    private func listen(to news: @Sendable (Duration) async throws -> Bool, _ lead: SendingLead) async {
        while !Task.isCancelled {
            do {
                if await !lead.isLeadingNow {
                    // The word is for the one that sends.
                    try await Task.sleep(for: Self.leadInterval)
                } else if try await news(Self.newsLimit) {
                    signal.raise()
                }
            } catch {
                // The outbox is looked at every now and then all the same. The only error of the wait is the cancellation.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Samples what every sink has still to get while this process sends, and tidies up now and then. Asks for the leadership, which would be lost
    /// while all senders wait for long.
    private func keepFigures(_ lead: SendingLead) async {
        var lastTidied = ContinuousClock.now
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
            do {
                if await lead.hold() {
                    let statistics = try await events.statistics()
                    for sink in configuration.sinks {
                        EventMetrics(sink).record(statistics[sink.rawValue] ?? SinkStatistics(), now: .now())
                    }
                    if lastTidied.duration(to: .now) > Self.tidyInterval {
                        try await events.removeSettled()
                        lastTidied = .now
                    }
                } else {
                    // Another process has them.
                    for sink in configuration.sinks { EventMetrics(sink).record(SinkStatistics(), now: .now()) }
                }
            } catch {
                logger.warning("The figures of the outbox cannot be taken", metadata: ["error": "\(error)"])
            }
            await signal.pause(configuration.sampleInterval)
        }
    }
}
