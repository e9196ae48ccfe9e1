// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// One operation of a bulk request, with every id known: those of new resources are drawn before anything is written, so that references can be
/// resolved whatever the order of the operations.
struct BulkStep: Sendable {
    /// Steps of one kind may share a wave, see ``BulkPlan``.
    enum Kind: Hashable, Sendable {
        case create(ResourceType)
        case change
        case delete
    }

    /// In the request, from 0.
    let index: Int
    let operation: BulkRequest.Operation
    let type: ResourceType
    let id: ResourceID
    /// The ids that its references stand for.
    private let ids: [String: ResourceID]
    /// The operations that create what this one refers to.
    let requires: Set<Int>
    /// Whether it can be carried out only after those of ``requires``. A user's data may name a manager who does not exist yet; members and
    /// addresses must exist.
    let mustWait: Bool

    /// Bytes of its data.
    var weight: Int { operation.data?.count ?? 0 }

    /// Made when it is asked for.
    func data() throws(SCIMError) -> JSONValue { try operation.data?.value(resolving: ids) ?? .null }

    var kind: Kind {
        switch operation.method {
        case .post: .create(type)
        case .delete: .delete
        case .put, .patch, .get, .head, .other: .change
        }
    }
}

extension BulkStep {
    /// The steps of a request; operations that cannot be one have their error.
    static func steps(of request: BulkRequest) -> [Result<BulkStep, SCIMError>] {
        let targets = request.operations.map { operation in
            operation.mapError(\.error).flatMap { operation in
                Result { () throws(SCIMError) in try Target(operation) }.map { (operation, $0) }
            }
        }
        var ids: [String: ResourceID] = [:]
        var creators: [String: Int] = [:]
        var newIDs: [Int: ResourceID] = [:]
        for (index, target) in targets.enumerated() {
            guard case .success((let operation, .new)) = target else { continue }
            let id = ResourceID.random()
            newIDs[index] = id
            if let bulkID = operation.bulkID {
                ids[bulkID] = id
                creators[bulkID] = index
            }
        }
        return targets.enumerated().map { index, target in
            target.flatMap { operation, target in
                Result { () throws(SCIMError) in
                    try BulkStep(index, operation, target, newID: newIDs[index], ids: ids, creators: creators)
                }
            }
        }
    }

    /// The resource that is to be changed or deleted, if the path of the operation says which.
    static func resource(named operation: BulkRequest.Operation) -> (type: ResourceType, id: ResourceID)? {
        guard case .resource(let type, let id) = try? Target(operation) else { return nil }
        return (type, id)
    }

    private init(
        _ index: Int, _ operation: BulkRequest.Operation, _ target: Target, newID: ResourceID?,
        ids: [String: ResourceID], creators: [String: Int]
    ) throws(SCIMError) {
        var names = operation.data?.references ?? []
        let type: ResourceType
        let id: ResourceID
        var mustWait = false
        switch target {
        case .new(let of):
            type = of
            // Drawn for every target of this kind.
            guard let newID else { throw .internalError() }
            id = newID
        case .resource(let of, let known):
            type = of
            id = known
        case .reference(let of, let name):
            type = of
            names.insert(name)
            guard let known = ids[name] else { throw Self.unresolved(name) }
            id = known
            mustWait = true
        }
        mustWait = mustWait || type == .group
        var requires: Set<Int> = []
        for name in names {
            guard let creator = creators[name] else { throw Self.unresolved(name) }
            // Who manages himself waits for nobody.
            if creator != index || mustWait { requires.insert(creator) }
        }
        self.index = index
        self.operation = operation
        self.type = type
        self.id = id
        self.ids = names.isEmpty ? [:] : ids
        self.requires = requires
        self.mustWait = mustWait
    }

    private static func unresolved(_ name: String) -> SCIMError {
        .conflict("bulkId:\(name.prefix(100)) is the bulkId of no POST in this request that could be carried out")
    }
}

/// What the `path` of an operation names.
private enum Target {
    case new(ResourceType)
    case resource(ResourceType, ResourceID)
    case reference(ResourceType, String)

    init(_ operation: BulkRequest.Operation) throws(SCIMError) {
        let path = operation.path.hasPrefix("/") ? operation.path : "/\(operation.path)"
        let target = RequestTarget(path)
        let below = target.path(below: SCIMAPI.prefix) ?? target.path
        switch (Route(path: below), operation.method) {
        case (.collection(let type), .post): self = .new(type)
        case (.resource(let type, let id?), .put), (.resource(let type, let id?), .patch),
            (.resource(let type, let id?), .delete):
            self = .resource(type, id)
        case (.resource(let type, nil), .put), (.resource(let type, nil), .patch), (.resource(let type, nil), .delete):
            guard let name = Target.reference(in: below) else {
                throw .notFound("There is no resource with this id")
            }
            self = .reference(type, name)
        case (.collection, _), (.resource, _):
            throw .methodNotAllowed("\(operation.method.name) \(operation.path.prefix(100))")
        default:
            throw .notFound("There is no such endpoint for a bulk operation: \(operation.path.prefix(100))")
        }
    }

    private static func reference(in path: Substring) -> String? {
        let segments = path.split(separator: "/")
        guard segments.count == 2 else { return nil }
        return percentDecoded(segments[1].utf8, plusIsSpace: false).flatMap { BulkReferences.name($0) }
    }
}
