// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import SCIM
internal import Storage

/// Deletes accepted events from the outbox, as many at a time as have come together while the last deletion was on its way.
actor EventConfirmations {
    private let events: EventStore
    private let logger: Logger
    private var pending: [EventID] = []
    private var isDeleting = false

    init(events: EventStore, logger: Logger) {
        self.events = events
        self.logger = logger
    }

    /// Whoever finds no deletion on its way makes one, until nothing is left.
    func add(_ id: EventID) async {
        pending.append(id)
        if !isDeleting { await delete() }
    }

    /// Waits for the deletion of everything added before.
    func finish() async {
        if !isDeleting { await delete() }
    }

    /// Deletes what could not be deleted before; false if it still cannot.
    func retry() async -> Bool {
        await delete()
        return pending.isEmpty
    }

    private func delete() async {
        isDeleting = true
        defer { isDeleting = false }
        while !pending.isEmpty {
            let ids = pending
            pending = []
            do {
                try await Failpoint.hit("events.before-delete")
                try await events.sent(ids)
                Failpoint.strike("events.deleted")
            } catch {
                // They are kept here, so that this process does not send them again.
                pending += ids
                logger.warning(
                    "Sent events cannot be deleted from the outbox; tried again before the next round",
                    metadata: ["events": "\(ids.count)", "error": "\(error)"])
                return
            }
        }
    }
}
