// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// Writes of single resources, whether they come as requests of their own or as parts of a bulk request. Each ends with a committed write, or with the
/// error that the client gets.
struct ResourceWrites: Sendable {
    let store: ResourceStore
    let validator: ResourceValidator
    let accepted: AcceptedWrites

    /// - Parameter id: The id that the resource will have.
    func create(
        _ resource: ValidatedResource, id: ResourceID = .random(), _ context: WriteContext
    ) async throws -> WriteAnswer {
        let result = try await store.create(resource, id: id, context: context)
        return note(try WriteAnswer(result, resource.type), context)
    }

    /// Creates resources as if one came after the other, in a few transactions.
    func create(
        _ resources: [(resource: ValidatedResource, id: ResourceID)], _ context: WriteContext
    ) async -> [Result<WriteAnswer, any Error>] {
        let results = await store.create(resources, context: context)
        let answers = zip(resources, results).map { resource, result in
            result.flatMap { created in Result { try WriteAnswer(created, resource.resource.type) } }
        }
        accepted.note(answers.compactMap { try? $0.get() }, context)
        return answers
    }

    /// - Parameter resource: Makes the replacing resource, knowing the attributes of the present one.
    func replace(
        _ type: ResourceType, _ id: ResourceID, _ precondition: Precondition, _ context: WriteContext,
        with resource: @escaping @Sendable (JSONObject) throws -> ValidatedResource
    ) async throws -> WriteAnswer {
        let expected = try await precondition.expectedRevision(of: type, id, in: store, context)
        let result = try await store.replace(type, id, ifMatch: expected, context: context, with: resource)
        return note(try WriteAnswer(result, type, id), context)
    }

    func patch(
        _ type: ResourceType, _ id: ResourceID, _ patch: Patch, _ precondition: Precondition, _ context: WriteContext
    ) async throws -> WriteAnswer {
        let expected = try await precondition.expectedRevision(of: type, id, in: store, context)
        let members = patch.members.steps
        let result: UpdateResult
        if patch.changesMembersOnly, !members.isEmpty {
            result = try await store.changeMembers(of: id, members, ifMatch: expected, context: context)
        } else {
            let validator = validator
            result = try await store.update(type, id, ifMatch: expected, context: context) { current, attributes in
                let patched = try validator.apply(patch, to: attributes, externalId: current.externalId)
                return ResourceChange(
                    attributes: patched.attributes, externalId: patched.externalId, password: patched.password,
                    members: members.isEmpty ? .keep : .steps(members))
            }
        }
        return note(try WriteAnswer(result, type, id), context)
    }

    func delete(
        _ type: ResourceType, _ id: ResourceID, _ precondition: Precondition, _ context: WriteContext
    ) async throws -> WriteAnswer {
        let expected = try await precondition.expectedRevision(of: type, id, in: store, context)
        switch try await store.delete(type, id, ifMatch: expected, context: context) {
        case .deleted(let job): return note(WriteAnswer(deleted: type, id, job), context)
        case .notFound: throw SCIMError.notFound(id: id.description)
        case .revisionMismatch: throw SCIMError.preconditionFailed()
        }
    }

    private func note(_ answer: WriteAnswer, _ context: WriteContext) -> WriteAnswer {
        accepted.note([answer], context)
        return answer
    }
}

extension WriteAnswer {
    fileprivate init(_ result: CreateResult, _ type: ResourceType) throws(SCIMError) {
        switch result {
        case .created(let stored, let job): self.init(.created, stored, job)
        case .uniqueness(let claim): throw .uniqueness(claim, type)
        case .unknownMembers(let ids): throw .unknownMembers(ids)
        case .memberTypeMismatch(let id): throw .memberTypeMismatch(id)
        }
    }

    fileprivate init(_ result: UpdateResult, _ type: ResourceType, _ id: ResourceID) throws(SCIMError) {
        switch result {
        case .updated(let stored, let job): self.init(.changed, stored, job)
        case .unchanged(let stored): self.init(.unchanged, stored)
        case .notFound: throw .notFound(id: id.description)
        case .revisionMismatch: throw .preconditionFailed()
        case .uniqueness(let claim): throw .uniqueness(claim, type)
        case .unknownMembers(let ids): throw .unknownMembers(ids)
        case .memberTypeMismatch(let id): throw .memberTypeMismatch(id)
        case .memberCycle: throw .memberCycle
        }
    }
}
