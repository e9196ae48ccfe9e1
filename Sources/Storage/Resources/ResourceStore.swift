// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import Postgres
package import SCIM
internal import Synchronization

/// Resources as clients see them: accepting writes, each with the job that it owes UDM (I-1), and reading.
///
/// | write | goes |
/// |---|---|
/// | a user; a group without a change of its members | with others in a batch of ``BatchWriter`` |
/// | members of a group change | see ``changeMembers(of:_:ifMatch:context:)`` |
/// | a group is deleted | alone in a transaction of the exclusive pool |
/// | a row or value is locked elsewhere; too many races for one resource | the same |
package final class ResourceStore: Sendable {
    /// How often a write without `ifMatch` is applied anew to a resource that changed meanwhile, before it locks it.
    static let optimisticTries = 5

    let writer: BatchWriter
    let readers: [PostgresPipeline]
    let listPool: PostgresPool
    let preparedListPool: PostgresPool
    let streams: StreamPool
    let exclusive: ExclusiveWriter
    let memberWriter: MemberWriter
    let sealer: SecretSealer?
    let rules: DirectoryRules
    let logger: Logger
    private let turn = Atomic<Int>(0)

    /// - Parameters:
    ///   - writers: With a short `lock_timeout`.
    ///   - memberWriter: The same, for members of groups.
    ///   - readers: For reads by id.
    ///   - listPool: With a `statement_timeout`.
    ///   - preparedListPool: The same, with one plan for all values of a statement.
    ///   - streams: The same, each for as long as a client takes to read an answer.
    ///   - sealer: nil: passwords are refused.
    ///   - emitsOnAcceptance: Whether each write is committed with its event.
    init(
        writers: [PostgresPipeline], memberWriter: PostgresPipeline, readers: [PostgresPipeline],
        listPool: PostgresPool,
        preparedListPool: PostgresPool, streams: StreamPool, exclusivePool: PostgresPool, sealer: SecretSealer?,
        rules: DirectoryRules, emitsOnAcceptance: Bool, logger: Logger
    ) {
        precondition(!readers.isEmpty, "reads need a connection")
        let announcement = emitsOnAcceptance ? Announcement() : nil
        self.writer = BatchWriter(pipelines: writers, announcement: announcement, logger: logger)
        self.readers = readers
        self.listPool = listPool
        self.preparedListPool = preparedListPool
        self.streams = streams
        exclusive = ExclusiveWriter(pool: exclusivePool, announcement: announcement)
        self.memberWriter = MemberWriter(pipeline: memberWriter, exclusive: exclusive, logger: logger)
        self.sealer = sealer
        self.rules = rules
        self.logger = logger
    }

    /// Writes that wait for the next batch.
    package var waitingWrites: Int { writer.waitingCount }

    /// For what is found by key. As long as nothing takes long there all use the first connection, so that those that come together share statements.
    var reader: PostgresPipeline { readers.first { !$0.isHeldUp() } ?? anyReader }

    /// For what takes its time, which the others should not wait for.
    var slowReader: PostgresPipeline { readers.last { !$0.isHeldUp() } ?? anyReader }

    private var anyReader: PostgresPipeline {
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return readers[Int(UInt(bitPattern: number) % UInt(readers.count))]
    }

    // MARK: - Create

    /// Stores a new resource.
    ///
    /// - Parameter id: Of version 4, drawn by the caller, never used before.
    /// - Throws: ``PostgresError``; with `mayHaveCommitted` when the connection was lost and the resource was not found afterwards.
    package func create(
        _ resource: ValidatedResource, id: ResourceID = .random(), context: WriteContext
    ) async throws -> CreateResult {
        let creation = try creation(of: resource, id, context)
        if let members = creation.members {
            return try await verifyingCreate(creation.operation) {
                try await self.createAlone(creation.operation, creation.content, members: members)
            }
        }
        return try await verifyingCreate(creation.operation) {
            try Self.result(try await self.commit(creation.operation), creation)
        }
    }

    /// Stores new resources as if one came after the other: of two with the same name the first gets it. Those without members share a few transactions.
    ///
    /// - Returns: The results in the order of the resources, each with an error of its own.
    package func create(
        _ resources: [(resource: ValidatedResource, id: ResourceID)], context: WriteContext
    ) async -> [Result<CreateResult, any Error>] {
        let creations = resources.map { resource, id in Result { try creation(of: resource, id, context) } }
        let shared = creations.compactMap { try? $0.get() }.filter { $0.members == nil }
        var outcomes = await writer.write(shared.map(\.operation)).makeIterator()
        var results: [Result<CreateResult, any Error>] = []
        for (creation, (resource, id)) in zip(creations, resources) {
            do {
                let creation = try creation.get()
                guard creation.members == nil, let outcome = outcomes.next() else {
                    results.append(.success(try await create(resource, id: id, context: context)))
                    continue
                }
                let result = try await verifyingCreate(creation.operation) {
                    try Self.result(try await self.settle(creation.operation, try outcome.get()), creation)
                }
                results.append(.success(result))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    struct Creation {
        let operation: WriteOperation
        let content: WriteOperation.Content
        /// nil: none, so that the resource can share a transaction with others.
        let members: [ValidatedResource.Member]?
    }

    func creation(
        of resource: ValidatedResource, _ id: ResourceID, _ context: WriteContext
    ) throws -> Creation {
        let now = Timestamp.now()
        let jobID = JobID.timeOrdered(at: now)
        let content = WriteOperation.Content(
            attributes: resource.attributes.serialize(), externalId: resource.externalId,
            newClaims: Array(UniqueClaim.claims(of: resource.attributes, type: resource.type, rules: rules)),
            secret: try seal(resource.password, jobID: jobID, id: id))
        let operation = WriteOperation(
            type: resource.type, id: id, jobID: jobID, time: now, context: context, action: .create(content))
        let members = resource.type == .group ? resource.members.flatMap { $0.isEmpty ? nil : $0 } : nil
        return Creation(operation: operation, content: content, members: members)
    }

    private static func result(_ outcome: WriteOutcome, _ creation: Creation) throws -> CreateResult {
        switch outcome {
        case .written(let revision, let order, let created):
            .created(
                stored(creation.operation, creation.content, revision: revision, order: order, created: created),
                creation.operation.jobID)
        case .clash(let claim): .uniqueness(claim)
        case .collision, .unmatched, .contended: throw unexpected(creation.operation)
        }
    }

    /// A create whose commit got no answer is looked for: nobody else can have made a resource with its id.
    private func verifyingCreate(
        _ operation: WriteOperation, _ body: () async throws -> CreateResult
    ) async throws -> CreateResult {
        do {
            return try await body()
        } catch let error as PostgresError where error.mayHaveCommitted {
            let found: StoredResource?
            do {
                found = try await read(
                    operation.type, operation.id, tenant: operation.tenant, client: operation.context.client)
            } catch let second {
                logger.warning(
                    "A create without an answer could not be verified",
                    metadata: ["resource": "\(operation.id)", "error": "\(second)"])
                throw error
            }
            guard let found else { throw error }
            return .created(found, operation.jobID)
        }
    }

    // MARK: - Delete

    package func delete(
        _ type: ResourceType, _ id: ResourceID, ifMatch: Int64? = nil, context: WriteContext
    ) async throws -> DeleteResult {
        let seen = try await reader.execute(
            Self.claimsOf, [.text(context.tenant), .text(type.rawValue), .id(id)])
        guard let row = seen.first else { return .notFound }
        if let ifMatch, try row.int(0) != ifMatch { return .revisionMismatch(current: try row.int(0)) }
        let claims = zip(try row.textArray(1), try row.textArray(2)).compactMap { kind, value in
            UniqueClaim.Kind(rawValue: kind).map { UniqueClaim(kind: $0, value: value) }
        }
        let now = Timestamp.now()
        let jobID = JobID.timeOrdered(at: now)
        let operation = WriteOperation(
            type: type, id: id, jobID: jobID, time: now, context: context,
            action: .delete(expected: ifMatch, claims: claims))
        // All member rows of a group change with it, which would hold up the other writes of a batch.
        let outcome = type == .group ? try await exclusive.write(operation) : try await commit(operation)
        switch outcome {
        case .written: return .deleted(jobID)
        case .unmatched:
            guard let current = try await currentRevision(type, id, context.tenant) else { return .notFound }
            guard ifMatch != nil else { throw Self.unexpected(operation) }
            return .revisionMismatch(current: current)
        case .clash, .collision, .contended: throw Self.unexpected(operation)
        }
    }

    private static let claimsOf = PostgresStatement(
        "resource_claims",
        """
        SELECT r.revision,
            ARRAY(SELECT u.kind FROM unique_claim u WHERE u.resource_id = r.id ORDER BY u.kind, u.value),
            ARRAY(SELECT u.value FROM unique_claim u WHERE u.resource_id = r.id ORDER BY u.kind, u.value)
        FROM resource r WHERE r.tenant = $1::text AND r.type = $2::text AND r.id = $3::uuid
        """)

    // MARK: - Parts of every write

    /// With others in a batch; alone when that meets a lock. Never answers `contended`.
    func commit(_ operation: WriteOperation) async throws -> WriteOutcome {
        try await settle(operation, try await writer.write(operation))
    }

    /// What a batch had to leave open.
    private func settle(_ operation: WriteOperation, _ outcome: WriteOutcome) async throws -> WriteOutcome {
        switch outcome {
        case .contended: return try await alone(operation)
        case .collision: return try await resolve(operation)
        case let outcome: return outcome
        }
    }

    private func alone(_ operation: WriteOperation) async throws -> WriteOutcome {
        let outcome = try await exclusive.write(operation)
        if case .collision = outcome { return try await resolve(operation) }
        return outcome
    }

    /// Another process took a value at the same moment: says which, or tries again if it has gone meanwhile.
    private func resolve(_ operation: WriteOperation) async throws -> WriteOutcome {
        for _ in 0..<Self.optimisticTries {
            if let claim = try await holder(of: operation) { return .clash(claim) }
            let outcome = try await exclusive.write(operation)
            guard case .collision = outcome else { return outcome }
        }
        throw Self.unexpected(operation)
    }

    func holder(of operation: WriteOperation) async throws -> UniqueClaim? {
        let claims = operation.newClaims
        let result = try await reader.execute(
            Self.claimHolder,
            [
                .text(operation.tenant), .id(operation.id), .textArray(claims.map(\.kind.rawValue)),
                .textArray(claims.map(\.value)),
            ])
        guard let row = result.first else { return nil }
        let (kind, value) = (try row.string(0), try row.string(1))
        return claims.first { $0.kind.rawValue == kind && $0.value == value }
    }

    private static let claimHolder = PostgresStatement(
        "claim_holder",
        """
        SELECT u.kind, u.value FROM unnest($3::text[], $4::text[]) AS c(kind, value)
        JOIN unique_claim u ON u.tenant = $1::text AND u.kind = c.kind AND u.value = c.value
        WHERE u.resource_id <> $2::uuid LIMIT 1
        """)

    func currentRevision(_ type: ResourceType, _ id: ResourceID, _ tenant: String) async throws -> Int64? {
        try await reader.execute(Self.revisionOf, [.text(tenant), .text(type.rawValue), .id(id)]).first?.int(0)
    }

    private static let revisionOf = PostgresStatement(
        "resource_revision",
        "SELECT revision FROM resource WHERE tenant = $1::text AND type = $2::text AND id = $3::uuid")

    func seal(_ password: String?, jobID: JobID, id: ResourceID) throws -> [UInt8]? {
        guard let password else { return nil }
        guard let sealer else { throw WriteError.noPasswordKey }
        return try sealer.seal(Array(password.utf8), jobID: jobID, resourceID: id)
    }

    static func stored(
        _ operation: WriteOperation, _ content: WriteOperation.Content, revision: Int64, order: Int64,
        created: Timestamp
    ) -> StoredResource {
        StoredResource(
            type: operation.type, id: operation.id, revision: revision, order: order, created: created,
            modified: operation.time, externalId: content.externalId, attributes: content.attributes)
    }

    static func unexpected(_ operation: WriteOperation) -> PostgresError {
        PostgresError(
            kind: .server, message: "resource \(operation.id) is changed by too many others at the same time",
            canRetry: true)
    }
}
