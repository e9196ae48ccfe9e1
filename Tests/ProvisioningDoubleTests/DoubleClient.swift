// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import ProvisioningDouble

/// Speaks HTTP to a double as a publisher, a subscriber and a test driver would.
struct DoubleClient {
    struct Reply {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        var json: JSONValue { get throws { try JSONValue(parsing: text) } }
    }

    /// Of its own because the shared one follows redirects; it lives as long as the process.
    private static let http = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))

    static let events = ("udm", "udmpass")
    static let admin = ("admin", "provisioning")

    let baseURL: String

    init(_ double: ProvisioningDouble) { baseURL = double.baseURL }

    func send(
        _ method: HTTPMethod, _ path: String, account: (String, String)? = nil, headers: [(String, String)] = [],
        body: [UInt8]? = nil, timeout: TimeAmount = .seconds(20)
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = method
        if let account { request.setBasicAuth(username: account.0, password: account.1) }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        let response = try await Self.http.execute(request, timeout: timeout)
        let content = try await response.body.collect(upTo: 32 << 20)
        return Reply(
            status: Int(response.status.code), headers: response.headers, text: String(buffer: content))
    }

    func send(
        _ method: HTTPMethod, _ path: String, account: (String, String)?, json: JSONValue,
        timeout: TimeAmount = .seconds(20)
    ) async throws -> Reply {
        try await send(
            method, path, account: account, headers: [("Content-Type", "application/json")], body: json.serialize(),
            timeout: timeout)
    }

    func publish(_ message: JSONValue, account: (String, String)? = events) async throws -> Reply {
        try await send(.POST, "/v1/messages", account: account, json: message)
    }

    func publish(raw text: String, account: (String, String)? = events) async throws -> Reply {
        try await send(
            .POST, "/v1/messages", account: account, headers: [("Content-Type", "application/json")],
            body: Array(text.utf8))
    }

    /// A subscription whose password is `secret`.
    func subscribe(_ name: String, to pairs: [(String, String)] = [("scim", "user")]) async throws -> Reply {
        try await send(.POST, "/v1/subscriptions", account: Self.admin, json: Self.subscription(name, to: pairs))
    }

    func next(_ name: String, timeout: Double = 5, pop: Bool = false) async throws -> JSONValue {
        let path = "/v1/subscriptions/\(name)/messages/next?timeout=\(timeout)&pop=\(pop)"
        return try await send(.GET, path, account: (name, "secret")).json
    }

    func acknowledge(_ name: String, _ sequence: Int64) async throws -> Reply {
        try await send(
            .PATCH, "/v1/subscriptions/\(name)/messages/\(sequence)/status", account: (name, "secret"),
            json: ["status": "ok"])
    }

    func switches(_ change: JSONValue) async throws -> Reply {
        try await send(.PATCH, "/-/double/switches", account: nil, json: change)
    }

    static func subscription(_ name: String, to pairs: [(String, String)] = [("scim", "user")]) -> JSONValue {
        [
            "name": .string(name), "request_prefill": false, "password": "secret",
            "realms_topics": .array(pairs.map { ["realm": .string($0.0), "topic": .string($0.1)] }),
        ]
    }

    /// A message that the service takes; `change` spoils it.
    static func message(
        realm: String = "scim", topic: String = "user", id: String = "u1", change: (inout JSONObject) -> Void = { _ in }
    ) -> JSONValue {
        var members: JSONObject = [
            "publisher_name": "udm-listener", "ts": "2026-11-21T09:15:30.123456Z", "realm": .string(realm),
            "topic": .string(topic), "body": ["old": [:], "new": ["objectType": "User", "id": .string(id)]],
        ]
        change(&members)
        return .object(members)
    }

    /// A message with the bridge's metadata.
    static func event(
        _ eventID: String, order: Int64, id: String = "u1", operation: String = "modified", realm: String = "scim",
        topic: String = "user"
    ) -> JSONValue {
        let metadata: JSONValue = [
            "eventId": .string(eventID), "order": .number(JSONNumber(order)), "operation": .string(operation),
        ]
        let side: JSONValue = ["objectType": "User", "id": .string(id), "urn:univention:scim:event:1.0": metadata]
        return message(realm: realm, topic: topic) { members in
            members["body"] = operation == "deleted" ? ["old": side, "new": [:]] : ["old": [:], "new": side]
        }
    }
}

extension DoubleClient {
    init(baseURL: String) { self.baseURL = baseURL }

    /// Asks until the double answers, for 15 s at most.
    func waitUntilHealthy() async throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while true {
            do {
                if try await send(.GET, "/-/double/health").status == 200 { return }
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
