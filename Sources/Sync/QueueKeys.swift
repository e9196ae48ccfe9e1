// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Queue
internal import SCIM
internal import Storage

// Where PostgreSQL's words meet Redis's: `tenant/type/id`.

extension LeaseRequest {
    /// nil when the key names no type or id of ours.
    init?(_ key: ResourceKey) {
        guard let type = ResourceType(rawValue: key.type), let id = ResourceID(key.id) else { return nil }
        self.init(resourceID: id, tenant: key.tenant, type: type)
    }
}

extension WokenResource {
    var key: ResourceKey { ResourceKey(tenant: tenant, type: type.rawValue, id: resourceID.description) }
}

extension WorkQueue {
    /// Forgets what was enqueued for later and has ended since PostgreSQL was read: it would wait there, up to a minute, for nothing.
    ///
    /// - Parameter entries: As they were read, and how they were enqueued.
    /// - Returns: How many were forgotten.
    @discardableResult
    func forgetEnded(_ entries: [OpenWork], _ enqueued: [Enqueue], jobs: JobStore) async throws -> Int {
        let delayed = zip(entries, enqueued).filter { $0.1.delay != nil }.map(\.0)
        let ended = try await jobs.idle(delayed.map(\.resourceID))
        let keys = delayed.filter { ended.contains($0.resourceID) }.map(\.key)
        return keys.isEmpty ? 0 : try await forget(keys, ifDelayed: true)
    }
}

extension OpenWork {
    var key: ResourceKey { ResourceKey(tenant: tenant, type: type.rawValue, id: resourceID.description) }

    var enqueue: Enqueue {
        let wait = Timestamp.now().duration(to: dueAt)
        return Enqueue(key, lane: Lane(rawValue: lane) ?? .repair, delay: wait > .zero ? wait : nil)
    }
}
