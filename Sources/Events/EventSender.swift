// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
package import Storage

/// Sends the events of the outbox to the Provisioning service: at least once, those of one resource in their order.
///
/// One process sends at a time (``Leadership``). It works in rounds: read what is due, send the events of several resources beside each
/// other, delete what was accepted. Between rounds it is in one of these states:
///
/// - *sending*: something was sent, look again at once;
/// - *idle*: nothing is due; waits for a signal, or looks again after a moment, because other processes record events too;
/// - *waiting*: the service does not answer; the next round comes after a growing, random time;
/// - *held*: the service refuses the account, the address or the publisher name; nothing is sent until a probe says otherwise.
package final class EventSender: Service {
    /// How long events in flight may take after the order to stop.
    private static let stopLimit = Duration.seconds(5)
    /// The longest wait between rounds while the service does not answer.
    private static let longestWait = Duration.seconds(30)

    private let configuration: EventSenderConfiguration
    private let events: EventStore
    private let leadership: Leadership
    private let signal: EventSignal
    private let logger: Logger

    /// - Parameter signal: Raised by whoever records events in this process.
    package init(
        configuration: EventSenderConfiguration, events: EventStore, leadership: Leadership,
        signal: EventSignal = EventSignal(), logger: Logger
    ) {
        self.configuration = configuration
        self.events = events
        self.leadership = leadership
        self.signal = signal
        self.logger = logger
    }

    /// Sends until a graceful stop; then finishes what is in flight, for 5 s at most.
    ///
    /// - Throws: ``EventSenderConfigurationError`` before anything is sent.
    package func run() async throws {
        let problems = configuration.problems
        guard problems.isEmpty else { throw EventSenderConfigurationError(problems: problems) }
        let client = try ProvisioningClient(configuration: configuration, logger: logger)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await self.send(with: client) }
                tasks.addTask {
                    // Ends with an error when the sender has ended first and the group is cancelled.
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
        await client.shutdown()
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    private func send(with client: ProvisioningClient) async {
        let round = EventRound(configuration: configuration, events: events, client: client, logger: logger)
        var isLeader = false
        var isHeld = false
        var isProbed = false
        var failedRounds = 0
        var random = SystemRandomNumberGenerator()
        while !isStopping {
            let ticket = signal.ticket
            let wasLeader = isLeader
            isLeader = await leadership.hold()
            if isLeader != wasLeader {
                logger.notice(isLeader ? "This process sends events" : "This process no longer sends events")
                isProbed = false
            }
            guard isLeader else {
                await pause(configuration.pollInterval)
                continue
            }
            if !isProbed {
                switch await client.probe() {
                case .misconfigured(let reason):
                    hold(reason, isFirst: !isHeld)
                    isHeld = true
                    await pause(configuration.recoveryInterval)
                    continue
                case .retry(let reason, let after) where isHeld:
                    // Nobody knows yet whether the reason is gone.
                    logger.warning("Provisioning does not answer", metadata: ["reason": "\(reason)"])
                    await pause(max(configuration.recoveryInterval, after ?? .zero))
                    continue
                case .accepted, .refused, .retry:
                    if isHeld { logger.notice("Provisioning takes events again") }
                    (isHeld, isProbed) = (false, true)
                }
            }
            switch await round.run() {
            case .sent:
                failedRounds = 0
            case .idle:
                failedRounds = 0
                await signal.wait(since: ticket, upTo: configuration.pollInterval)
            case .unavailable(let reason, let after):
                failedRounds += 1
                let wait = RetryDelay.afterFailures(
                    failedRounds, cap: Self.longestWait, retryAfter: after, using: &random)
                logger.warning(
                    "Provisioning does not take events; they are kept",
                    metadata: ["reason": "\(reason)", "rounds": "\(failedRounds)", "nextTry": "\(wait)"])
                await pause(wait)
            case .misconfigured(let reason):
                hold(reason, isFirst: true)
                (isHeld, isProbed) = (true, false)
                await pause(configuration.recoveryInterval)
            case .databaseFailed:
                await pause(configuration.pollInterval)
            }
        }
    }

    private func hold(_ reason: String, isFirst: Bool) {
        let metadata: Logger.Metadata = ["reason": "\(reason)"]
        if isFirst {
            logger.critical(
                "No events are sent, the outbox is kept: Provisioning refuses this service", metadata: metadata)
        } else {
            logger.error("Provisioning still refuses this service", metadata: metadata)
        }
    }

    /// Waits, whatever is signalled, until the time is over or the sender is to stop.
    private func pause(_ length: Duration) async {
        let deadline = ContinuousClock.now + length
        while !isStopping {
            let ticket = signal.ticket
            // The order to stop raises the signal, so that it is not slept through.
            if isStopping { return }
            let rest = deadline - .now
            guard rest > .zero else { return }
            await signal.wait(since: ticket, upTo: rest)
        }
    }
}
