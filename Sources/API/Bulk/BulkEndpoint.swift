// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM
internal import Storage

/// `/Bulk` (RFC 7644 section 3.7). Creates of a wave share transactions; other operations run side by side. All of it goes into the lane `bulk`.
struct BulkEndpoint: Sendable {
    /// Operations that are under way at the same time, creates apart.
    private static let concurrency = 16

    let writes: ResourceWrites
    let presenter: ResourcePresenter
    let transactions: TransactionEndpoint
    let limits: RequestLimits
    let explanation: ErrorExplanation

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
            .readBulk(from: request)
        return await run(bulk, request)
    }

    private func run(_ bulk: BulkRequest, _ request: SCIMRequest) async -> [BulkOutcome] {
        var outcomes = [BulkOutcome?](repeating: nil, count: bulk.operations.count)
        var errors = 0
        let steps = BulkStep.steps(of: bulk)
        let threshold = bulk.failOnErrors ?? .max
        var refused: [Int: SCIMError] = [:]
        for (index, step) in steps.enumerated() {
            if case .failure(let error) = step { refused[index] = error }
        }
        /// Errors count where they stand in the request, so what precedes them is still carried out.
        func settle(before index: Int) {
            for position in refused.keys.sorted() where position < index && errors < threshold {
                guard let error = refused.removeValue(forKey: position) else { continue }
                outcomes[position] = BulkOutcome(bulk.operations[position], error)
                errors += 1
            }
        }
        var plan = BulkPlan(steps.compactMap { try? $0.get() }, failed: Set(refused.keys))
        while !plan.isFinished, errors < threshold {
            switch plan.next(upTo: min(threshold - errors, limits.bulkOperations)) {
            case .refused(let steps):
                for (step, error) in steps where errors < threshold {
                    outcomes[step.index] = BulkOutcome(step.operation, error)
                    errors += 1
                }
            case .steps(let wave):
                settle(before: wave[0].index)
                guard errors < threshold else { break }
                for (step, result) in zip(wave, await carryOut(wave, request)) {
                    let result = result.mapError { explanation.scimError(for: $0, request.id) }
                    outcomes[step.index] = BulkOutcome(step, result)
                    if case .failure = result {
                        errors += 1
                        plan.finish(step, failed: true)
                    } else {
                        plan.finish(step, failed: false)
                    }
                }
            }
        }
        settle(before: bulk.operations.count)
        return outcomes.compactMap { $0 }
    }

    // MARK: A wave

    private func carryOut(_ wave: [BulkStep], _ request: SCIMRequest) async -> [Result<WriteAnswer, any Error>] {
        let context = request.writeContext
        switch wave[0].kind {
        case .create(let type): return await create(wave, type, context)
        case .change, .delete:
            var results = await sideBySide(wave, context)
            // A value that another operation of the wave has freed meanwhile: in order, it would have been free.
            for (index, result) in results.enumerated() {
                guard case .failure(let error as SCIMError) = result, error.scimType == .uniqueness else { continue }
                results[index] = await self.result(of: wave[index], context)
            }
            return results
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

    private func sideBySide(_ wave: [BulkStep], _ context: WriteContext) async -> [Result<WriteAnswer, any Error>] {
        await withTaskGroup(of: (Int, Result<WriteAnswer, any Error>).self) { group in
            var results = [Result<WriteAnswer, any Error>](
                repeating: .failure(CancellationError()), count: wave.count)
            for (position, step) in wave.enumerated() {
                if position >= Self.concurrency, let (done, result) = await group.next() { results[done] = result }
                group.addTask { (position, await result(of: step, context)) }
            }
            for await (done, result) in group { results[done] = result }
            return results
        }
    }

    private func result(of step: BulkStep, _ context: WriteContext) async -> Result<WriteAnswer, any Error> {
        let precondition = Precondition(version: step.operation.version)
        do {
            let data = try step.data()
            switch step.operation.method {
            case .put:
                let validator = writes.validator
                let answer = try await writes.replace(step.type, step.id, precondition, context) { present in
                    try validator.validateReplacement(data, as: step.type, of: present)
                }
                return .success(answer)
            case .patch:
                let patch = try writes.validator.patch(data, as: step.type)
                return .success(try await writes.patch(step.type, step.id, patch, precondition, context))
            case .delete:
                return .success(try await writes.delete(step.type, step.id, precondition, context))
            case .post, .get, .head, .other:
                throw SCIMError.methodNotAllowed(step.operation.method.name)
            }
        } catch {
            return .failure(error)
        }
    }
}
