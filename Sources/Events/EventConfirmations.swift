// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import SCIM
internal import Storage

/// Takes events that a sink has accepted off its position, as many at a time as have come together while the last ones were on their way.
actor EventConfirmations {
    private let events: EventStore
    private let sink: SinkName
    private let logger: Logger
    private var pending: [EventID] = []
    private var deletion: Task<Void, Never>?

    init(events: EventStore, sink: SinkName, logger: Logger) {
        self.events = events
        self.sink = sink
        self.logger = logger
    }

    /// Does not wait: the next event of the same resource may go meanwhile.
    func add(_ id: EventID) {
        pending.append(id)
        if deletion == nil { begin() }
    }

    /// Waits until everything added before is settled, or is not for now.
    func finish() async { await deletion?.value }

    /// Settles what could not be settled before; false if it still cannot.
    func retry() async -> Bool {
        if deletion == nil && !pending.isEmpty { begin() }
        await deletion?.value
        return pending.isEmpty
    }

    private func begin() {
        deletion = Task { await delete() }
    }

    private func delete() async {
        defer { deletion = nil }
        while !pending.isEmpty {
            let ids = pending
            pending = []
            do {
                try await Failpoint.hit("events.before-delete")
                try await events.sent(ids, to: sink)
                Failpoint.strike("events.deleted")
            } catch {
                // They are kept here, so that this process does not send them again.
                pending += ids
                logger.warning(
                    "Sent events cannot be deleted from the outbox; tried again before the next round",
                    metadata: ["sink": "\(sink.rawValue)", "events": "\(ids.count)", "error": "\(error)"])
                return
            }
        }
    }
}
