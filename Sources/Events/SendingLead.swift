// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Metrics
internal import Storage

/// Whether this process is the one that sends. Whoever becomes it first makes the outbox know the sinks.
actor SendingLead {
    private let leadership: Leadership
    private let events: EventStore
    private let sinks: Set<SinkName>
    private let logger: Logger
    private var isLeading = false {
        didSet { leads.record(isLeading ? 1 : 0) }
    }
    private let leads = Gauge(label: "scim_leader", dimensions: [("duty", "events")])
    /// The senders of all sinks ask; one question is answered for all that come while it is open.
    private var question: Task<Bool, Never>?

    init(leadership: Leadership, events: EventStore, sinks: Set<SinkName>, logger: Logger) {
        self.leadership = leadership
        self.events = events
        self.sinks = sinks
        self.logger = logger
        leads.record(0)
    }

    /// As it was when it was last asked.
    var isLeadingNow: Bool { isLeading }

    /// To be asked before each round.
    func hold() async -> Bool {
        if let question { return await question.value }
        let asked = Task { await self.ask() }
        question = asked
        let answer = await asked.value
        question = nil
        return answer
    }

    private func ask() async -> Bool {
        guard await leadership.hold() else {
            if isLeading { logger.notice("This process no longer sends events") }
            isLeading = false
            return false
        }
        if isLeading { return true }
        do {
            // A backlog of millions takes minutes, in which the leadership must not be taken for lost.
            let change = try await events.useSinks(sinks) { [leadership] in
                guard await leadership.hold() else { throw LeadLost() }
            }
            report(change)
        } catch is LeadLost {
            return lost()
        } catch {
            logger.warning(
                "The sinks of events cannot be set; nothing is sent until they are", metadata: ["error": "\(error)"])
            return false
        }
        do {
            try await events.removeSettled()
        } catch {
            logger.warning("The outbox could not be tidied up", metadata: ["error": "\(error)"])
        }
        // That took long, perhaps, and nobody has asked meanwhile.
        guard await leadership.hold() else { return lost() }
        isLeading = true
        logger.notice("This process sends events", metadata: ["sinks": "\(names(sinks.map(\.rawValue)))"])
        return true
    }

    /// Another process may lead now, and make the outbox know other sinks.
    private func lost() -> Bool {
        logger.notice("This process was to send events, and no longer leads")
        return false
    }

    private struct LeadLost: Error {}

    private func report(_ change: SinkChange) {
        if !change.added.isEmpty {
            logger.notice(
                "Events go to a new sink",
                metadata: ["sinks": "\(names(change.added))", "backlog": "\(change.backlog)"])
        }
        if !change.removed.isEmpty {
            logger.warning(
                "Events no longer go to a sink; what it had not taken it never gets",
                metadata: ["sinks": "\(names(change.removed))", "abandoned": "\(change.abandoned)"])
        }
    }

    private func names(_ names: [String]) -> String { names.sorted().joined(separator: ",") }
}
