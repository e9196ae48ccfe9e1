// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON

extension ProvisioningResponder {
    /// Everything under `/v1/subscriptions`; `path` is what follows.
    func subscriptions(_ exchange: Exchange, _ path: [String]) async throws -> Answer {
        switch path.count {
        case 0:
            switch exchange.method {
            case .get: return list(exchange)
            case .post: return try create(exchange)
            default: return .methodNotAllowed("GET, POST")
            }
        case 1:
            switch exchange.method {
            case .get: return show(exchange, path[0])
            case .delete: return try delete(exchange, path[0])
            default: return .methodNotAllowed("GET, DELETE")
            }
        case 3 where path[1] == "messages" && path[2] == "next":
            guard exchange.method == .get else { return .methodNotAllowed("GET") }
            return try await next(exchange, path[0])
        case 4 where path[1] == "messages" && path[3] == "status":
            guard exchange.method == .patch else { return .methodNotAllowed("PATCH") }
            return try setStatus(exchange, path[0], path[2])
        default: return .detail(404, "Not Found")
        }
    }

    private func list(_ exchange: Exchange) -> Answer {
        if let refusal = adminRefusal(exchange) { return refusal }
        return Answer(200, .array(store.subscriptions.map(\.json)))
    }

    private func create(_ exchange: Exchange) throws -> Answer {
        let route = "POST /v1/subscriptions"
        let reading: Exchange.Reading
        do { reading = try exchange.readBody(route) } catch { return error.answer }
        if let refusal = adminRefusal(exchange) { return refusal }
        let draft: SubscriptionDraft
        switch reading {
        case .problem(let problem): return .invalid([problem], route)
        case .value(let body):
            do { draft = try SubscriptionDraft(body) } catch { return .invalid(error.problems, route) }
        }
        return switch try store.register(draft) {
        case .created: Answer(201)
        case .existed: Answer(200)
        case .conflict:
            .detail(409, "Subscription with the given name already registered but with different parameters.")
        }
    }

    private func show(_ exchange: Exchange, _ name: String) -> Answer {
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        if let refusal = subscriberRefusal(credentials, name) { return refusal }
        return store.subscription(name).map { Answer(200, $0.json) } ?? Self.notFound(name)
    }

    private func delete(_ exchange: Exchange, _ name: String) throws -> Answer {
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        if !credentials.matches(store.configuration.admin), let refusal = subscriberRefusal(credentials, name) {
            return refusal
        }
        return try store.deleteSubscription(name) ? Answer(200) : Self.notFound(name)
    }

    private func next(_ exchange: Exchange, _ name: String) async throws -> Answer {
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        var problems: [ValidationProblem] = []
        var timeout = 5.0
        if let text = exchange.parameter("timeout") {
            if let seconds = Double(text.trimmingBlanks()) {
                timeout = seconds
            } else {
                problems.append(
                    ValidationProblem(
                        kind: "float_parsing", location: [.name("query"), .name("timeout")],
                        message: "Input should be a valid number, unable to parse string as a number",
                        input: .value(.string(text))))
            }
        }
        var pop = false
        if let text = exchange.parameter("pop") {
            switch SubscriptionDraft.bool(.string(text)) {
            case .bool(let bool): pop = bool
            case .problem(let kind, let message):
                problems.append(
                    ValidationProblem(
                        kind: kind, location: [.name("query"), .name("pop")], message: message,
                        input: .value(.string(text))))
            }
        }
        if !problems.isEmpty { return .invalid(problems, "GET /v1/subscriptions/{name}/messages/next") }
        if let refusal = subscriberRefusal(credentials, name) { return refusal }
        // The service waits at least 0.1 s; an hour is enough for every infinity.
        let seconds = timeout > 0.1 ? min(timeout, 3600) : 0.1
        let message = try await store.next(of: name, timeout: .seconds(seconds), pop: pop)
        return message.map { Answer(200, bytes: $0) } ?? Answer(200)
    }

    private func setStatus(_ exchange: Exchange, _ name: String, _ number: String) throws -> Answer {
        let route = "PATCH /v1/subscriptions/{name}/messages/{seq_num}/status"
        let reading: Exchange.Reading
        do { reading = try exchange.readBody(route) } catch { return error.answer }
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        var problems: [ValidationProblem] = []
        let sequence = Int(number.trimmingBlanks())
        if sequence == nil {
            problems.append(
                ValidationProblem(
                    kind: "int_parsing", location: [.name("path"), .name("seq_num")],
                    message: "Input should be a valid integer, unable to parse string as an integer",
                    input: .value(.string(number))))
        }
        switch reading {
        case .problem(let problem): problems.append(problem)
        case .value(let body): problems += Self.statusProblems(body)
        }
        guard problems.isEmpty, let sequence else { return .invalid(problems, route) }
        if let refusal = subscriberRefusal(credentials, name) { return refusal }
        return try store.acknowledge(name, sequence) ? Answer(200) : .detail(404, "no message found")
    }

    private static func statusProblems(_ body: JSONValue) -> [ValidationProblem] {
        guard case .object(let members) = body else { return [.notAnObject([.name("body")], .value(body))] }
        let location: [ValidationProblem.Step] = [.name("body"), .name("status")]
        guard let status = members["status"] else { return [.missing(location, in: body)] }
        return status == "ok" ? [] : [.notOne(of: ["ok"], location, status)]
    }

    // MARK: Accounts

    private func adminRefusal(_ exchange: Exchange) -> Answer? {
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        return credentials.matches(store.configuration.admin) ? nil : .unauthorized("Incorrect username or password")
    }

    private func subscriberRefusal(_ credentials: BasicCredentials, _ name: String) -> Answer? {
        guard credentials.username == name else { return .unauthorized("You do not have access to this data") }
        guard let password = store.subscription(name)?.draft.password, password == credentials.password else {
            return .unauthorized("Incorrect username or password")
        }
        return nil
    }

    private static func notFound(_ name: String) -> Answer { .detail(404, "Subscription not found: '\(name)'") }
}

extension String {
    fileprivate func trimmingBlanks() -> Substring {
        let front = drop(while: \.isWhitespace)
        return front.prefix(front.reversed().drop(while: \.isWhitespace).count)
    }
}
