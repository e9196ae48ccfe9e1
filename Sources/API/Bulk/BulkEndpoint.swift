// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM
internal import Storage

/// `/Bulk` (RFC 7644 section 3.7): what comes of the operations is what would come of them one after the other. Creates of a wave share transactions,
/// and changes that cannot influence each other run side by side. All of it goes into the lane `bulk`.
struct BulkEndpoint: Sendable {
    /// Changes that are under way at the same time.
    private static let concurrency = 16

    let writes: ResourceWrites
    let presenter: ResourcePresenter
    let transactions: TransactionEndpoint
    let limits: RequestLimits
    let explanation: ErrorExplanation
    let references: BulkReferences

    func answer(_ request: SCIMRequest) async throws -> Response {
        let outcomes = try await outcomes(of: request)
        if let response = await transactions.accept(outcomes.map(TransactionOperation.init), request) {
            return response
        }
        var json: [UInt8] = Array("{\"schemas\":[\"\(SchemaURN.bulkResponse)\"],\"Operations\":[".utf8)
        var isFirst = true
        for outcome in outcomes {
            if !isFirst { json.append(UInt8(ascii: ",")) }
            isFirst = false
            outcome.json(location: presenter.location).append(to: &json)
        }
        json.append(contentsOf: "]}".utf8)
        return .scim(.ok, ByteBuffer(bytes: json))
    }

    /// What became of the operations, in the order of the request. Those that were left undone after too many errors are missing.
    func outcomes(of request: SCIMRequest) async throws -> [BulkOutcome] {
        try MediaType.check(contentType: request.headers.contentType, contentEncoding: request.headers.contentEncoding)
        let bulk = try await BodyReader(limit: limits.bulkBody, limits: limits)
            .readBulk(from: request, references: references)
        return await run(bulk, request)
    }

    private func run(_ bulk: BulkRequest, _ request: SCIMRequest) async -> [BulkOutcome] {
        var outcomes = [BulkOutcome?](repeating: nil, count: bulk.operations.count)
        var errors = 0
        let threshold = bulk.failOnErrors ?? .max
        var plan = BulkPlan(BulkStep.steps(of: bulk))
        while !plan.isFinished, errors < threshold {
            // All of a wave may fail.
            let wave = plan.next(upTo: min(threshold - errors, limits.bulkOperations))
            for (index, error) in wave.refused {
                outcomes[index] = BulkOutcome(bulk.operations[index], error)
                errors += 1
            }
            for (step, result) in zip(wave.steps, await carryOut(wave.steps, request)) {
                let result = result.mapError { explanation.scimError(for: $0, request.id) }
                outcomes[step.index] = BulkOutcome(step, result)
                guard case .failure = result else { continue }
                errors += 1
                plan.fail(step)
            }
        }
        return outcomes.compactMap { $0 }
    }

    // MARK: A wave

    private func carryOut(_ wave: [BulkStep], _ request: SCIMRequest) async -> [Result<WriteAnswer, any Error>] {
        let context = request.writeContext
        switch wave.first?.kind {
        case nil: return []
        case .create(let type): return await create(wave, type, context)
        case .change, .delete: return await change(wave, context)
        }
    }

    private func create(
        _ wave: [BulkStep], _ type: ResourceType, _ context: WriteContext
    ) async -> [Result<WriteAnswer, any Error>] {
        let validated = wave.map { step in
            Result { try writes.validator.validate(try step.data(), as: type) }
        }
        var created = await writes.create(
            zip(wave, validated).compactMap { step, resource in (try? resource.get()).map { ($0, step.id) } }, context
        ).makeIterator()
        return validated.map { resource in
            resource.flatMap { _ in created.next() ?? .failure(SCIMError.internalError()) }
        }
    }

    /// One after the other, where one might see what another has done; the others side by side.
    private func change(_ wave: [BulkStep], _ context: WriteContext) async -> [Result<WriteAnswer, any Error>] {
        var results: [Result<WriteAnswer, any Error>] = []
        var independent: [BulkChange] = []
        for step in wave {
            let change = BulkChange(step, writes.validator)
            if change.isIndependent {
                independent.append(change)
                continue
            }
            results += await sideBySide(independent, context)
            independent = []
            results.append(await result(of: change, context))
        }
        return results + (await sideBySide(independent, context))
    }

    private func sideBySide(_ changes: [BulkChange], _ context: WriteContext) async -> [Result<WriteAnswer, any Error>]
    {
        guard !changes.isEmpty else { return [] }
        return await withTaskGroup(of: (Int, Result<WriteAnswer, any Error>).self) { group in
            var results = [Result<WriteAnswer, any Error>](
                repeating: .failure(CancellationError()), count: changes.count)
            for (position, change) in changes.enumerated() {
                if position >= Self.concurrency, let (done, result) = await group.next() { results[done] = result }
                group.addTask { (position, await result(of: change, context)) }
            }
            for await (done, result) in group { results[done] = result }
            return results
        }
    }

    private func result(of change: BulkChange, _ context: WriteContext) async -> Result<WriteAnswer, any Error> {
        let step = change.step
        let precondition = Precondition(version: step.operation.version)
        do {
            switch change.work {
            case .replace(let data):
                let validator = writes.validator
                let answer = try await writes.replace(step.type, step.id, precondition, context) { present in
                    try validator.validateReplacement(data, as: step.type, of: present)
                }
                return .success(answer)
            case .patch(let patch):
                return .success(try await writes.patch(step.type, step.id, patch, precondition, context))
            case .delete: return .success(try await writes.delete(step.type, step.id, precondition, context))
            case .refused(let error): throw error
            }
        } catch {
            return .failure(error)
        }
    }
}
