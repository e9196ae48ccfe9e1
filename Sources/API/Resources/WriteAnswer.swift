// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage

/// What became of a write that is committed, before it is a response or a part of one.
struct WriteAnswer: Sendable {
    enum Effect: Sendable {
        case created, changed, unchanged, deleted
    }

    let effect: Effect
    let type: ResourceType
    let id: ResourceID
    /// Without members, groups and sync status; nil when the resource was deleted.
    let stored: StoredResource?
    /// What is owed to UDM for it; nil when nothing is.
    let job: JobID?

    init(_ effect: Effect, _ stored: StoredResource, _ job: JobID? = nil) {
        self.effect = effect
        type = stored.type
        id = stored.id
        self.stored = stored
        self.job = job
    }

    init(deleted type: ResourceType, _ id: ResourceID, _ job: JobID) {
        effect = .deleted
        self.type = type
        self.id = id
        stored = nil
        self.job = job
    }

    /// The HTTP status.
    var status: Int {
        switch effect {
        case .created: 201
        case .changed, .unchanged: 200
        case .deleted: 204
        }
    }

    /// The operation of the job, if there is one.
    var accepted: AcceptedWrite? {
        switch effect {
        case .created: .create
        case .changed: .modify
        case .deleted: .delete
        case .unchanged: nil
        }
    }
}
