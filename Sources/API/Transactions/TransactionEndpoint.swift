// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import Logging
internal import NIOCore
internal import SCIM
internal import Storage

/// Asynchronous requests (RFC 9967): a write whose client sent `Prefer: respond-async` is answered with 202, and `/Transactions/<txn>` tells its end, which is
/// the end of its job: the directory has it, or has refused it.
struct TransactionEndpoint: Sendable {
    /// Seconds that a request is held at most for `Prefer: wait`.
    private static let longestWait = 30
    private static let step: Duration = .milliseconds(100)

    let store: TransactionStore
    let baseURL: String
    let logger: Logger

    // MARK: The request

    /// The answer to writes that are committed; nil for the usual one, which is always allowed.
    func accept(_ operations: [TransactionOperation], _ request: SCIMRequest) async -> Response? {
        let preference = Preference(header: request.headers.prefer)
        guard preference.respondsAsynchronously else { return nil }
        let transaction = LowercaseUUID.random()
        do {
            try await store.record(transaction, operations, context: request.writeContext, now: .now())
            if let wait = preference.wait, try await succeeds(transaction, within: wait, request) { return nil }
        } catch {
            logger.warning(
                "An asynchronous request is answered like any other, because its transaction could not be kept",
                metadata: ["requestID": "\(request.id)", "error": "\(error)"])
            return nil
        }
        var headers = HTTPFields()
        headers.append(HTTPField(name: .setTransaction, value: transaction.description))
        headers.append(HTTPField(name: .preferenceApplied, value: "respond-async"))
        headers.append(HTTPField(name: .location, value: location(Transaction(id: transaction))))
        return Response(status: .accepted, headers: headers)
    }

    /// Whether every operation has reached the directory in time.
    private func succeeds(
        _ transaction: LowercaseUUID, within seconds: Int, _ request: SCIMRequest
    ) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(min(seconds, Self.longestWait))
        while true {
            let progress = try await progress(of: transaction, request)
            let states = progress.map(\.state)
            if states.allSatisfy({ if case .finished = $0 { true } else { false } }) { return true }
            if states.contains(where: { if case .failed = $0 { true } else { false } }) { return false }
            guard ContinuousClock.now + Self.step < end else { return false }
            try await Task.sleep(for: Self.step)
        }
    }

    // MARK: The completion

    /// 202 while an operation has not ended, otherwise its token; of a bulk request one for each operation.
    func answer(_ transaction: Transaction?, _ request: SCIMRequest) async throws -> Response {
        guard let transaction else { throw SCIMError.notFound("There is no such transaction") }
        let all = try await progress(of: transaction.id, request)
        let isBulk = all.count > 1 || all.first?.operation.bulkID != nil
        let wanted = transaction.number.map { number in all.filter { $0.number == number } } ?? all
        guard !wanted.isEmpty else { throw SCIMError.notFound("There is no such transaction") }
        let tokens = wanted.compactMap {
            TransactionToken(
                $0, of: transaction.id, isBulk: isBulk, issuer: baseURL, client: request.principal.client)
        }
        guard tokens.count == wanted.count else { return pending(transaction) }
        let wantsJSON = request.headers.accept.map { $0.contains("json") && !$0.contains("secevent") } ?? false
        if isBulk && transaction.number == nil { return sets(tokens, asClaims: wantsJSON) }
        return wantsJSON
            ? .bytes(ByteBuffer(bytes: tokens[0].claims.serialize()), type: MediaType.json)
            : .bytes(ByteBuffer(string: tokens[0].jwt), type: MediaType.securityEvent)
    }

    /// In the form of RFC 8936 section 2.3.
    private func sets(_ tokens: [TransactionToken], asClaims: Bool) -> Response {
        var sets = JSONObject()
        for token in tokens {
            guard let id = token.claims["jti"]?.stringValue else { continue }
            sets[id] = asClaims ? .object(token.claims) : .string(token.jwt)
        }
        let body: JSONObject = ["sets": .object(sets), "moreAvailable": false]
        return .bytes(ByteBuffer(bytes: body.serialize()), type: MediaType.json)
    }

    private func pending(_ transaction: Transaction) -> Response {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .setTransaction, value: transaction.id.description))
        headers.append(HTTPField(name: .retryAfter, value: "1"))
        return Response(status: .accepted, headers: headers)
    }

    private func progress(of transaction: LowercaseUUID, _ request: SCIMRequest) async throws -> [TransactionProgress] {
        try await store.progress(
            of: transaction, tenant: request.principal.tenant, client: request.principal.client)
    }

    private func location(_ transaction: Transaction) -> String { "\(baseURL)/Transactions/\(transaction)" }
}

extension TransactionOperation {
    init(_ answer: WriteAnswer, method: RequestMethod) {
        self.init(
            method: method.name, bulkID: nil, type: answer.type, id: answer.id, revision: answer.stored?.revision,
            status: answer.status, job: answer.job)
    }

    init(_ outcome: BulkOutcome) {
        switch outcome.result {
        case .success(let written):
            self.init(
                method: (outcome.method ?? .other).name, bulkID: outcome.bulkID, type: written.type, id: written.id,
                revision: written.revision, status: written.status, job: written.job)
        case .failure(let error):
            self.init(
                method: (outcome.method ?? .other).name, bulkID: outcome.bulkID, status: error.status,
                error: error.json.serialize())
        }
    }
}

extension HTTPField.Name {
    // The literals are tokens of RFC 9110, so the names always exist.
    // swift-format-ignore: NeverForceUnwrap
    static let setTransaction = HTTPField.Name("Set-Txn")!
    // swift-format-ignore: NeverForceUnwrap
    static let preferenceApplied = HTTPField.Name("Preference-Applied")!
}
