// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON
internal import ServiceLifecycle

/// One request on its way through recorder, switches, gate and contract.
struct Exchange: Sendable {
    /// Longer waits give way to a graceful shutdown.
    private static let longWait = Duration.milliseconds(500)

    let double: UDMDouble
    let head: HTTPRequest
    /// Nil if it was too large.
    let body: [UInt8]?
    let parsedBody: JSONValue?
    /// Why the body is no JSON.
    let bodyError: JSONError?
    /// Microseconds since the Unix epoch.
    let started: Int64
    let connection: ClientConnection?
    let settings: Settings
    let route: Route
    let query: QueryParameters
    let links: Links
    let address: String
    /// As the server strips it, or made by it.
    let requestID: String

    init(double: UDMDouble, head: HTTPRequest, body: [UInt8]?, started: Int64, connection: ClientConnection?) {
        self.double = double
        self.head = head
        self.body = body
        self.started = started
        self.connection = connection
        settings = double.settings

        let fields = head.headerFields
        var parsedBody: JSONValue?
        var bodyError: JSONError?
        if let body, !body.isEmpty, Self.isJSON(fields[.contentType]) {
            do {
                parsedBody = try JSONValue(parsing: body, limits: JSONLimits(maximumBytes: .max))
            } catch {
                bodyError = error
            }
        }
        self.parsedBody = parsedBody
        self.bodyError = bodyError

        let target = head.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let rootPath = double.configuration.rootPath
        query = QueryParameters(parts.count > 1 ? parts[1] : nil)
        route =
            parts[0].hasPrefix(rootPath)
            ? Route(parts[0].dropFirst(rootPath.count), schema: double.contract.schema, base: double.contract.base)
            : .unknown

        let forwardedHost = fields[.forwardedHost]
        let scheme = fields[.forwardedProtocol].flatMap { ["http", "https"].contains($0) ? $0 : nil } ?? "http"
        let host = "\(scheme)://\(forwardedHost ?? head.authority ?? double.configuration.host)"
        links = Links(root: host + (forwardedHost == nil ? rootPath : "/univention/udm/"))
        address = host + target
        requestID = Self.stripped(fields[.requestID])
    }

    /// The answer; nil to close the connection without one.
    ///
    /// - Throws: if the journal cannot be written, in which case nothing may be answered.
    func carryOut() async throws -> Answer? {
        let object = writtenObject
        let sequence = double.recorder.begin(record, writing: object?.key)
        let recorder = double.recorder
        let observer = connection?.observe { recorder.clientGone(sequence, at: $0) }
        defer { if let observer { connection?.ignore(observer) } }

        let effects = double.faultPlan.strike(target)
        let answer = await answer(sequence: sequence, effects: effects)
        let isDropped = answer == nil || effects.contains(.dropAfterCommit)
        let finished = recorder.finish(sequence, writing: object?.key) { record in
            record.ended = WallClock.microseconds
            record.status = isDropped ? nil : answer?.status
            record.isCommitted = answer?.isCommitted ?? false
            record.identifier = answer?.identifier ?? object?.identifier
            record.dn = answer?.dn
            record.effects = effects.map(\.name)
        }
        if let journal = double.journal, let finished {
            var line: [UInt8] = []
            finished.append(to: &line)
            try await journal.write(request: line)
        }
        return isDropped ? nil : answer
    }

    private func answer(sequence: Int, effects: [Fault.Effect]) async -> Answer? {
        await double.gate.enter()
        if let latency = settings.latency(of: head.method.rawValue) { await wait(double.faultPlan.sample(latency)) }
        var decision: Fault.Effect?
        for effect in effects {
            if case .latency(let latency) = effect {
                await wait(double.faultPlan.sample(latency))
            } else {
                decision = effect
            }
        }
        let answer = answerAtOnce(sequence: sequence, decision: decision)
        double.gate.leave()
        switch decision {
        case .hang: await double.hanging.wait(for: connection)
        case .answerLate(let delay): await wait(delay)
        default: break
        }
        return answer
    }

    /// - Returns: nil for an effect that does nothing and never answers.
    private func answerAtOnce(sequence: Int, decision: Fault.Effect?) -> Answer? {
        switch decision {
        case .dropBeforeCommit, .hang: return nil
        case .badGateway(afterCommit: false): return .html(502, "Bad Gateway")
        case .gatewayTimeout(afterCommit: false): return .html(504, "Gateway Time-out")
        case .foreignPage(let status): return .html(status, "Answer of an ingress")
        case .gatewayStarting: return .gatewayStarting
        case .unauthorized: return .unauthorized(challenge: Accounts.challenge("basic"))
        default: break
        }
        var answer = admitted(sequence: sequence, decision: decision)
        let isCommitted = answer.isCommitted
        switch decision {
        case .badGateway: answer = .html(502, "Bad Gateway", like: answer)
        case .gatewayTimeout: answer = .html(504, "Gateway Time-out", like: answer)
        case .failAfterCommit where isCommitted:
            answer = refuse(.internalError(exception: "RuntimeError: a hook failed after the write"))
        default: break
        }
        answer.isCommitted = isCommitted
        return answer
    }

    /// Who may come in, with what: in the server's order.
    private func admitted(sequence: Int, decision: Fault.Effect?) -> Answer {
        let fields = head.headerFields
        let verdict = double.accounts.check(fields[.authorization])
        if case .unknown(let challenge) = verdict { return .unauthorized(challenge: challenge) }
        guard let representation = Acceptance.representation(fields[.accept]) else { return refuse(.notAcceptable) }
        if case .notAllowed = verdict { return refuse(.forbidden("Not in allowed groups.")) }
        guard let body else { return refuse(.tooLarge) }
        if ["GET", "HEAD", "OPTIONS", "DELETE"].contains(head.method.rawValue), !body.isEmpty {
            return refuse(.badRequest("Safe HTTP method should not contain request body/Content-Type header."))
        }
        if let bodyError { return refuse(.badRequest("Invalid JSON document: \(bodyError)")) }
        if let refusal = decision.flatMap(refusal) { return refuse(refusal) }
        return double.contract.answer(request(sequence: sequence, representation, decision))
    }

    private func request(
        sequence: Int, _ representation: ContractRequest.Representation, _ decision: Fault.Effect?
    ) -> ContractRequest {
        let fields = head.headerFields
        let isPatch = fields[.contentType]?.lowercased().hasPrefix("application/json-patch+json") == true
        var request = ContractRequest(
            sequence: sequence, time: WallClock.microseconds, method: head.method.rawValue, route: route, query: query,
            representation: representation, body: parsedBody.map { isPatch ? .patch($0) : .json($0) } ?? .none,
            conditions: Conditions(
                ifMatch: fields[.ifMatch], ifNoneMatch: fields[.ifNoneMatch],
                ifModifiedSince: fields[.ifModifiedSince], ifUnmodifiedSince: fields[.ifUnmodifiedSince],
                hasRange: fields[.range] != nil),
            links: links, address: address, settings: settings)
        if case .refuseProperty(let name, let message) = decision { request.refusedProperty = (name, message) }
        request.seesNothing = decision == .staleRead
        return request
    }

    /// What a switch makes the server refuse, if it is one of those.
    private func refusal(_ effect: Fault.Effect) -> Refusal? {
        switch effect {
        case .directoryDown: .directoryDown
        case .forbidden: .forbidden("Not in allowed groups.")
        case .directoryError: .badRequest("LDAP Error: Timed out")
        case .internalError: .internalError(exception: "RuntimeError: internal error by request")
        case .lockHeld: .invalid([.exists("(nolock)")])
        case .nameLocked:
            .invalid([
                .exists("(uid): The username is already in use as username or as groupname: \(name ?? "")")
            ])
        case .prohibitName: .invalid([.property(namingProperty ?? "username", "Prohibited username: \(name ?? "")")])
        default: nil
        }
    }

    private func refuse(_ refusal: Refusal) -> Answer {
        var answer = Answer(refusal, address: address, contentType: "application/json")
        answer.dn = route.key
        return answer
    }

    /// Never shortened by the client's impatience, which the server does not notice either, but by its own end.
    private func wait(_ duration: Duration) async {
        // A sleep of no time would still change threads twice, which a measurement with 0 ms counts against the client.
        guard duration > .zero else { return }
        do {
            if duration < Self.longWait {
                try await Task.sleep(for: duration)
            } else {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
            }
        } catch {
            // Cancelled: the double stops, and nobody waits for the rest.
        }
    }
}
