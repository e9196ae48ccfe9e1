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

extension OpenWork {
    var key: ResourceKey { ResourceKey(tenant: tenant, type: type.rawValue, id: resourceID.description) }

    var enqueue: Enqueue {
        let wait = Timestamp.now().duration(to: dueAt)
        return Enqueue(key, lane: Lane(rawValue: lane) ?? .repair, delay: wait > .zero ? wait : nil)
    }
}
