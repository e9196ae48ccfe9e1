// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import Queue
package import SCIM
package import Storage

/// Changes a resource by an operator's hand: a new revision by the rules of PATCH, with a job and an event of its own. What was written before
/// stays in the history.
package struct ResourceEdit: Sendable {
    private let database: Database
    private let queue: WorkQueue
    private let validator: ResourceValidator

    package init(database: Database, queue: WorkQueue, validator: ResourceValidator) {
        self.database = database
        self.queue = queue
        self.validator = validator
    }

    /// What came of the edit.
    package enum Result: Sendable {
        case edited(revision: Int64, job: JobID, redisProblem: String?)
        /// The resource is so already.
        case unchanged
        case notFound
        case revisionMismatch(current: Int64)
        /// Another resource has the value.
        case uniqueness(UniqueClaim)
        /// Of the members, in words.
        case badMembers(String)
    }

    /// - Parameters:
    ///   - body: A PATCH message (RFC 7644 section 3.5.2).
    ///   - ifMatch: The revision that the resource must have.
    ///   - note: Is added to the audit entry, with the paths that were changed.
    /// - Throws: ``SCIMError`` for what a client's PATCH would be refused for; ``WriteError`` for a password without a key to seal it.
    package func edit(
        _ subject: ResourceSubject, _ body: JSONValue, ifMatch: Int64? = nil, by actor: String, reason: String? = nil
    ) async throws -> Result {
        let validator = validator
        let patch = try validator.patch(body, as: subject.type)
        let client = try await database.resources.lastClient(of: subject.id) ?? "operator"
        let context = WriteContext(
            tenant: subject.tenant, client: client, requestID: LowercaseUUID.random().description)
        let members = patch.members.steps
        let result = try await database.resources.edit(
            subject.type, subject.id, ifMatch: ifMatch, context: context,
            note: EditNote(actor: actor, details: Self.details(of: body, subject, reason))
        ) { current, attributes in
            let patched = try validator.apply(patch, to: attributes, externalId: current.externalId)
            return ResourceChange(
                attributes: patched.attributes, externalId: patched.externalId, password: patched.password,
                members: members.isEmpty ? .keep : .steps(members))
        }
        switch result {
        case .updated(let stored, let job):
            return .edited(revision: stored.revision, job: job, redisProblem: await queue.problem(enqueuing: subject))
        case .unchanged: return .unchanged
        case .notFound: return .notFound
        case .revisionMismatch(let current): return .revisionMismatch(current: current)
        case .uniqueness(let claim): return .uniqueness(claim)
        case .unknownMembers(let ids):
            return .badMembers("no such resources: \(ids.prefix(5).map(\.description).joined(separator: ", "))")
        case .memberTypeMismatch(let id): return .badMembers("\(id) is not of the type that was given")
        case .memberCycle: return .badMembers("the group would become a member of itself")
        }
    }

    /// Which operations on which paths; never the values.
    private static func details(of body: JSONValue, _ subject: ResourceSubject, _ reason: String?) -> JSONObject {
        var details = JSONObject()
        if let request = try? PatchRequest(body) {
            details["operations"] = .array(
                request.operations.map { operation in
                    let names = operation.path.map { [$0] } ?? operation.value?.objectValue?.keys ?? []
                    return .string("\(operation.verb.rawValue) \(names.joined(separator: ", "))")
                })
        }
        if let job = subject.job { details["editOf"] = .string(job.description) }
        if let reason { details["reason"] = .string(reason) }
        return details
    }
}
