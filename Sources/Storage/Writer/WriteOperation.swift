// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// One accepted write, complete: what its row, its claims and its job will hold.
struct WriteOperation: Sendable {
    enum Action: Sendable {
        case create(Content)
        /// Replaces the content if `expected` is still the revision; claims are the difference to that revision.
        case update(Content, expected: Int64, removedClaims: [UniqueClaim])
        /// `claims` are those that the resource was seen to have: they order it among other writes.
        case delete(expected: Int64?, claims: [UniqueClaim])
    }

    struct Content: Sendable {
        /// Text of a JSON object.
        let attributes: [UInt8]
        /// Of the writing client; nil: it has none.
        let externalId: String?
        /// What becomes this resource's own.
        let newClaims: [UniqueClaim]
        /// A sealed password.
        let secret: [UInt8]?
    }

    let type: ResourceType
    let id: ResourceID
    let jobID: JobID
    let time: Timestamp
    let context: WriteContext
    let action: Action

    var tenant: String { context.tenant }

    /// Every value that the operation gains, gives up, or holds while it goes.
    var touchedClaims: [UniqueClaim] {
        switch action {
        case .create(let content): content.newClaims
        case .update(let content, _, let removed): content.newClaims + removed
        case .delete(_, let claims): claims
        }
    }

    var content: Content? {
        switch action {
        case .create(let content), .update(let content, _, _): content
        case .delete: nil
        }
    }

    var newClaims: [UniqueClaim] { content?.newClaims ?? [] }

    var removedClaims: [UniqueClaim] {
        if case .update(_, _, let claims) = action { claims } else { [] }
    }

    var expectedRevision: Int64? {
        switch action {
        case .create: nil
        case .update(_, let expected, _): expected
        case .delete(let expected, _): expected
        }
    }

    /// For the size of a batch, in bytes.
    var weight: Int { content?.attributes.count ?? 0 }
}

/// What became of an operation.
enum WriteOutcome: Sendable {
    /// `created` is that of the resource.
    case written(revision: Int64, order: Int64, created: Timestamp)
    /// Another resource holds the value.
    case clash(UniqueClaim)
    /// Another process took one of the values at the same moment.
    case collision
    /// There is no such resource, or not with that revision, or it is locked elsewhere.
    case unmatched
    /// Something that the operation needs is locked elsewhere.
    case contended
}
