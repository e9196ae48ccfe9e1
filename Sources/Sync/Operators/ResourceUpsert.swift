// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import Queue
package import SCIM
package import Storage

/// Creates users and groups in the SCIM database, or changes those there are, without an identity provider: by the rules of POST and PATCH,
/// with a job, an event and an entry in the audit log. Doing it again changes nothing.
package struct ResourceUpsert: Sendable {
    let database: Database
    private let queue: WorkQueue?
    private let validator: ResourceValidator
    private let registry: SchemaRegistry

    /// Others may create, rename or delete what was looked for, so often in a row.
    private static let tries = 5

    /// - Parameter queue: nil: the sweep finds the jobs.
    package init(database: Database, queue: WorkQueue?, registry: SchemaRegistry, rules: DirectoryRules) {
        self.database = database
        self.queue = queue
        self.registry = registry
        validator = ResourceValidator(registry: registry, rules: rules)
    }

    /// Who writes, and whether UDM gets it.
    package struct Origin: Sendable {
        package var tenant: String
        /// Scope of `externalId`; client of the job and its event.
        package var client: String
        /// For the audit log.
        package var actor: String
        /// The same.
        package var reason: String?
        /// See ``EditNote/isPushed``.
        package var isPushed: Bool

        package init(tenant: String, client: String, actor: String, reason: String? = nil, isPushed: Bool = true) {
            self.tenant = tenant
            self.client = client
            self.actor = actor
            self.reason = reason
            self.isPushed = isPushed
        }

        fileprivate var context: WriteContext {
            WriteContext(tenant: tenant, client: client, requestID: LowercaseUUID.random().description)
        }
    }

    /// What a user or group shall be like.
    package struct Wish: Sendable {
        package let type: ResourceType
        /// In the form of a resource of SCIM, with the name. What is not named stays, null takes an attribute away. Members come to those there are.
        package let attributes: JSONObject
        /// Ids or names of users and groups that come to the members.
        package let members: [String]
        /// Of the resource to change, whose name is changed then too; or what a new one gets, such as the identifier of its object in UDM.
        package let id: ResourceID?
        /// A password is also set for a user that is there already. It is not known whether that one has it, so this is a change each time.
        package let resetsPassword: Bool

        package init(
            _ type: ResourceType, _ attributes: JSONObject, members: [String] = [], id: ResourceID? = nil,
            resetsPassword: Bool = false
        ) {
            self.type = type
            self.attributes = attributes
            self.members = members
            self.id = id
            self.resetsPassword = resetsPassword
        }
    }

    /// What the wish came to.
    package struct Result: Sendable {
        package enum Outcome: String, Sendable {
            case created, changed, unchanged
        }

        package let outcome: Outcome
        package let type: ResourceType
        package let id: ResourceID
        package let revision: Int64
        /// nil when nothing is to be pushed.
        package let job: JobID?
        /// Why Redis does not know of the job yet; nil also when it was not asked.
        package let redisProblem: String?
    }

    /// - Throws: ``SCIMError`` for what a client's write would be refused for, ``UpsertRefusal``, ``WriteError``, ``PostgresError``.
    package func upsert(_ wish: Wish, as origin: Origin) async throws -> Result {
        let name = try Self.name(in: wish)
        let names = names(origin)
        let members = try await names.members(wish.members)
        for _ in 0..<Self.tries {
            let result: Result?
            if let present = try await present(name, wish, names) {
                result = try await change(present, wish, adding: members, origin)
            } else {
                result = try await create(wish, members: members, origin)
            }
            if let result { return result }
        }
        throw UpsertRefusal.busy(name)
    }

    /// Adds members to a group, or removes them; who is there already, or is not, is passed over.
    ///
    /// - Parameters:
    ///   - group: Id or name of the group, as for ``Wish/members``.
    ///   - isAddition: They come; otherwise they go.
    package func changeMembers(
        of group: String, _ members: [String], isAddition: Bool, as origin: Origin
    ) async throws -> Result {
        let names = names(origin)
        guard let found = try await names.find(group, among: [.group]) else { throw UpsertRefusal.noGroup(group) }
        let members = try await names.members(members)
        let change: ResourceChange.Members =
            isAddition ? .change(adding: members, removing: []) : .change(adding: [], removing: members.map(\.id))
        let what: JSONValue = [(isAddition ? "added" : "removed"): .array(members.map { .string($0.id.description) })]
        let result = try await database.resources.edit(
            .group, found.id, context: origin.context, note: note(origin, ["members": what])
        ) { current, attributes in
            ResourceChange(attributes: attributes, externalId: current.externalId, members: change)
        }
        guard let result = try await settle(result, .group, found.id, origin) else {
            throw UpsertRefusal.noGroup(group)
        }
        return result
    }

    private func names(_ origin: Origin) -> ResourceNames {
        ResourceNames(
            resources: database.resources, registry: registry, tenant: origin.tenant, client: origin.client)
    }

    // MARK: Looking

    private static func name(in wish: Wish) throws -> String {
        let attribute = ResourceNames.attribute(of: wish.type)
        let values = wish.attributes.filter { $0.key.equalsIgnoringASCIICase(attribute) }.map(\.value)
        guard values.count < 2 else { throw SCIMError.invalidValue(attribute: attribute, reason: "is given twice") }
        guard let value = values.first else {
            throw SCIMError.invalidValue(attribute: attribute, reason: "is required")
        }
        guard let name = value.stringValue, !name.isEmpty else {
            throw SCIMError.invalidValue(attribute: attribute, reason: "must be a string that is not empty")
        }
        return name
    }

    private func present(_ name: String, _ wish: Wish, _ names: ResourceNames) async throws -> StoredResource? {
        guard let id = wish.id else { return try await names.named(name, among: [wish.type]) }
        if let found = try await database.resources.read(wish.type, id, tenant: names.tenant, client: names.client) {
            return found
        }
        if let other = try await names.named(name, among: [wish.type]) { throw UpsertRefusal.otherID(name, other.id) }
        // Jobs and events of a resource that was deleted have its id.
        guard try await database.operators.subjects.find(id) == nil else { throw UpsertRefusal.usedID(id) }
        return nil
    }

    // MARK: Writing

    /// - Returns: nil when somebody has created it meanwhile.
    private func create(
        _ wish: Wish, members: [ValidatedResource.Member], _ origin: Origin
    ) async throws -> Result? {
        var body = wish.attributes
        if !body.keys.contains(where: { $0.equalsIgnoringASCIICase("schemas") }) {
            body["schemas"] = [.string(registry.coreSchema(for: wish.type).id)]
        }
        var resource = try validator.validate(.object(body), as: wish.type)
        if wish.type == .group, !members.isEmpty {
            let given = resource.members ?? []
            resource.members = given + members.filter { member in !given.contains { $0.id == member.id } }
        }
        let id = wish.id ?? .random()
        let result = try await database.resources.create(
            resource, id: id, context: origin.context, note: note(origin, details(of: wish, members)))
        switch result {
        case .created(let stored, let job):
            return await finished(.created, wish.type, id, stored.revision, job, origin)
        case .uniqueness(let claim):
            let names = names(origin)
            // Whoever was faster may have made the very same one.
            if try await present(try Self.name(in: wish), wish, names) != nil { return nil }
            throw UpsertRefusal.taken(claim)
        case .unknownMembers(let ids): throw UpsertRefusal.unknown(ids.map(\.description))
        case .memberTypeMismatch(let id): throw UpsertRefusal.wrongType(id)
        }
    }

    /// - Returns: nil when it was deleted meanwhile.
    private func change(
        _ present: StoredResource, _ wish: Wish, adding members: [ValidatedResource.Member], _ origin: Origin
    ) async throws -> Result? {
        let validator = validator
        let result = try await database.resources.edit(
            wish.type, present.id, context: origin.context, note: note(origin, details(of: wish, members))
        ) { current, attributes in
            let (patch, patched) = try Self.outsideOfMessage {
                let patch = try validator.patch(Self.message(wish, to: attributes), as: wish.type)
                return (patch, try validator.apply(patch, to: attributes, externalId: current.externalId))
            }
            var steps = patch.members.steps
            if !members.isEmpty { steps.append(.change(adding: members, removing: [])) }
            return ResourceChange(
                attributes: patched.attributes, externalId: patched.externalId, password: patched.password,
                members: steps.isEmpty ? .keep : .steps(steps))
        }
        return try await settle(result, wish.type, present.id, origin)
    }

    /// A PATCH that replaces what is named and adds members.
    private static func message(_ wish: Wish, to present: JSONObject) -> JSONValue {
        let name = ResourceNames.attribute(of: wish.type)
        var named = JSONObject()
        var operations: [JSONValue] = []
        for (key, value) in wish.attributes {
            if key.equalsIgnoringASCIICase("password"), !wish.resetsPassword { continue }
            if key.equalsIgnoringASCIICase("members"), wish.type == .group {
                operations.append(["op": "add", "path": "members", "value": value])
                continue
            }
            // It was found by this name, whatever its case: that is no reason to rename it.
            let isFoundByName = wish.id == nil && key.equalsIgnoringASCIICase(name)
            named[key] = isFoundByName ? present[name] ?? value : value
        }
        operations.append(["op": "replace", "value": .object(named)])
        return ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
    }

    /// The message is our own: which of its operations is to blame says nothing.
    private static func outsideOfMessage<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch var error as SCIMError {
            if error.detail.hasPrefix("Operations["), let end = error.detail.firstRange(of: "]: ") {
                error.detail = String(error.detail[end.upperBound...])
            }
            throw error
        }
    }

    // MARK: Ending

    private func settle(
        _ result: UpdateResult, _ type: ResourceType, _ id: ResourceID, _ origin: Origin
    ) async throws -> Result? {
        switch result {
        case .updated(let stored, let job): return await finished(.changed, type, id, stored.revision, job, origin)
        case .unchanged(let stored): return await finished(.unchanged, type, id, stored.revision, nil, origin)
        case .notFound: return nil
        case .revisionMismatch: throw UpsertRefusal.busy(id.description)
        case .uniqueness(let claim): throw UpsertRefusal.taken(claim)
        case .unknownMembers(let ids): throw UpsertRefusal.unknown(ids.map(\.description))
        case .memberTypeMismatch(let id): throw UpsertRefusal.wrongType(id)
        case .memberCycle: throw UpsertRefusal.cycle
        }
    }

    private func finished(
        _ outcome: Result.Outcome, _ type: ResourceType, _ id: ResourceID, _ revision: Int64, _ job: JobID?,
        _ origin: Origin
    ) async -> Result {
        let job = origin.isPushed ? job : nil
        let subject = ResourceSubject(tenant: origin.tenant, type: type, id: id)
        return Result(
            outcome: outcome, type: type, id: id, revision: revision, job: job,
            redisProblem: job == nil ? nil : await queue?.problem(enqueuing: subject))
    }

    private func note(_ origin: Origin, _ details: JSONObject) -> EditNote {
        var details = details
        details["client"] = .string(origin.client)
        if let reason = origin.reason { details["reason"] = .string(reason) }
        return EditNote(actor: origin.actor, details: details, isPushed: origin.isPushed)
    }

    /// Names of attributes, never values; members by their ids.
    private func details(of wish: Wish, _ members: [ValidatedResource.Member]) -> JSONObject {
        var details: JSONObject = ["attributes": .array(wish.attributes.keys.map { .string($0) })]
        if !members.isEmpty { details["members"] = ["added": .array(members.map { .string($0.id.description) })] }
        return details
    }
}
