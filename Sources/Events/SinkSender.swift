// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import ServiceLifecycle
internal import Storage

/// Sends events to one sink, in rounds: read what is due, send the events of several resources beside each other, take off what was accepted.
/// Between rounds it is in one of these states:
///
/// - *sending*: something was sent, look again at once;
/// - *idle*: nothing is due; waits for a signal, or looks again after a moment, because a signal of another process may be lost;
/// - *waiting*: the sink does not answer; the next round comes after a growing, random time;
/// - *held*: the sink refuses the account, the address or the publisher name; nothing is sent until a probe says otherwise.
struct SinkSender: Sendable {
    /// The longest wait between rounds while the sink does not answer.
    private static let longestWait = Duration.seconds(30)

    let configuration: EventSenderConfiguration
    let sink: any EventSink
    let lead: SendingLead
    let signal: EventSignal
    let logger: Logger
    private let round: EventRound
    private let metrics: EventMetrics

    init(
        configuration: EventSenderConfiguration, events: EventStore, sink: any EventSink, lead: SendingLead,
        signal: EventSignal, logger: Logger
    ) {
        self.configuration = configuration
        self.sink = sink
        self.lead = lead
        self.signal = signal
        self.logger = logger
        round = EventRound(configuration: configuration, events: events, sink: sink, logger: logger)
        metrics = EventMetrics(sink.name)
    }

    private var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    func run() async {
        var isLeader = false
        var isHeld = false
        var isProbed = false
        var failedRounds = 0
        var random = SystemRandomNumberGenerator()
        metrics.isHeld(false)
        while !isStopping {
            let ticket = signal.ticket
            let wasLeader = isLeader
            isLeader = await lead.hold()
            if isLeader != wasLeader { isProbed = false }
            guard isLeader else {
                await signal.pause(configuration.pollInterval)
                continue
            }
            if !isProbed {
                switch await sink.probe() {
                case .misconfigured(let reason):
                    hold(reason, isFirst: !isHeld)
                    isHeld = true
                    await signal.pause(configuration.recoveryInterval)
                    continue
                case .retry(let reason, let after) where isHeld:
                    // Nobody knows yet whether the reason is gone.
                    logger.warning("A sink does not answer", metadata: metadata(reason))
                    await signal.pause(max(configuration.recoveryInterval, after ?? .zero))
                    continue
                case .retry:
                    // A round tells, and may wait for longer. What answers then may be something else.
                    break
                case .accepted, .refused, .tooLarge:
                    if isHeld {
                        logger.notice("Events are sent again", metadata: ["sink": "\(sink.name.rawValue)"])
                        metrics.isHeld(false)
                    }
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
                isProbed = false
                failedRounds += 1
                let wait = RetryDelay.afterFailures(
                    failedRounds, cap: Self.longestWait, retryAfter: after, using: &random)
                logger.warning(
                    "A sink does not take events; they are kept",
                    metadata: metadata(reason).merging(["rounds": "\(failedRounds)", "nextTry": "\(wait)"]) { $1 })
                await signal.pause(wait)
            case .misconfigured(let reason):
                hold(reason, isFirst: true)
                (isHeld, isProbed) = (true, false)
                await signal.pause(configuration.recoveryInterval)
            case .databaseFailed:
                await signal.pause(configuration.pollInterval)
            }
        }
    }

    private func hold(_ reason: String, isFirst: Bool) {
        metrics.isHeld(true)
        if isFirst {
            logger.critical(
                "No events are sent to a sink, they are kept: it refuses this service", metadata: metadata(reason))
        } else {
            logger.error("A sink still refuses this service", metadata: metadata(reason))
        }
    }

    private func metadata(_ reason: String) -> Logger.Metadata {
        ["sink": "\(sink.name.rawValue)", "reason": "\(reason)"]
    }
}

extension EventSignal {
    /// Waits, whatever is signalled, until the time is over or the task is to stop. The order to stop has to raise the signal.
    func pause(_ length: Duration) async {
        let deadline = ContinuousClock.now + length
        while true {
            let ticket = ticket
            if Task.isCancelled || Task.isShuttingDownGracefully { return }
            let rest = deadline - .now
            guard rest > .zero else { return }
            await wait(since: ticket, upTo: rest)
        }
    }
}
