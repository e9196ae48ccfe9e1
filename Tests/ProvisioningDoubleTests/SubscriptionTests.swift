// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import ProvisioningDouble
import Testing

@Suite struct SubscriptionTests {
    @Test("a subscription is created once: 201, the same again 200, anything different 409")
    func create() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let pairs = [("scim", "user"), ("scim", "group")]
            let created = try await client.subscribe("s", to: pairs)
            #expect(created.status == 201)
            #expect(created.text == "null")
            #expect(try await client.subscribe("s", to: pairs).status == 200)
            #expect(try await client.subscribe("s", to: pairs.reversed()).status == 409)

            let changes: [(String, JSONValue)] = [
                ("password", "other"), ("request_prefill", true), ("realms_topics", []),
            ]
            for (name, value) in changes {
                var other = try #require(DoubleClient.subscription("s", to: pairs).objectValue)
                other[name] = value
                let reply = try await client.send(
                    .POST, "/v1/subscriptions", account: DoubleClient.admin, json: .object(other))
                #expect(reply.status == 409)
                let detail = "Subscription with the given name already registered but with different parameters."
                #expect(try reply.json == ["detail": .string(detail)])
            }
        }
    }

    @Test("only the admin account creates and lists", arguments: [nil, ("udm", "udmpass"), ("admin", "wrong")])
    func adminOnly(account: (String, String)?) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let created = try await client.send(
                .POST, "/v1/subscriptions", account: account, json: DoubleClient.subscription("s"))
            #expect(created.status == 401)
            #expect(created.headers["WWW-Authenticate"] == ["Basic"])
            #expect(try await client.send(.GET, "/v1/subscriptions", account: account).status == 401)
        }
    }

    @Test("list and show tell everything but the password")
    func show() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("b", to: [("scim", "user")])
            _ = try await client.subscribe("a", to: [("sync-error", "scim2udm"), ("scim", "group")])
            let list = try await client.send(.GET, "/v1/subscriptions", account: DoubleClient.admin)
            #expect(list.status == 200)
            let a: JSONValue = [
                "name": "a", "request_prefill": false, "prefill_queue_status": "done",
                "realms_topics": [
                    ["realm": "sync-error", "topic": "scim2udm"], ["realm": "scim", "topic": "group"],
                ],
            ]
            #expect(try list.json[0] == a)
            #expect(try list.json.arrayValue?.count == 2)
            #expect(try await client.send(.GET, "/v1/subscriptions/a", account: ("a", "secret")).json == a)
        }
    }

    @Test(
        "a subscription is shown to its own account only",
        arguments: [
            ("a", ("a", "wrong"), "Incorrect username or password"),
            ("a", ("b", "secret"), "You do not have access to this data"),
            ("a", ("admin", "provisioning"), "You do not have access to this data"),
            ("none", ("none", "secret"), "Incorrect username or password"),
        ])
    func ownAccount(name: String, account: (String, String), detail: String) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            for name in ["a", "b"] { _ = try await client.subscribe(name) }
            for path in ["/v1/subscriptions/\(name)", "/v1/subscriptions/\(name)/messages/next?timeout=0.1"] {
                let reply = try await client.send(.GET, path, account: account)
                #expect(reply.status == 401)
                #expect(try reply.json == ["detail": .string(detail)])
            }
        }
    }

    @Test(
        "a subscription is deleted by the admin or by itself, and unknown afterwards",
        arguments: [
            ("admin", "provisioning"), ("s", "secret"),
        ])
    func delete(account: (String, String)) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            #expect(try await client.send(.DELETE, "/v1/subscriptions/s", account: ("x", "secret")).status == 401)
            #expect(try await client.send(.DELETE, "/v1/subscriptions/s", account: account).status == 200)
            let again = try await client.send(.DELETE, "/v1/subscriptions/s", account: DoubleClient.admin)
            #expect(again.status == 404)
            #expect(try again.json == ["detail": "Subscription not found: 's'"])
        }
    }

    @Test("a subscription created anew starts empty and counts from 1")
    func recreate() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            for _ in 0..<2 {
                _ = try await client.subscribe("s")
                _ = try await client.publish(DoubleClient.message())
                #expect(try await client.next("s")["sequence_number"] == 1)
                _ = try await client.send(.DELETE, "/v1/subscriptions/s", account: DoubleClient.admin)
            }
        }
    }

    @Test(
        "a malformed subscription is 422",
        arguments: [
            ("name", nil, "'type': 'missing', 'loc': ('body', 'name')"),
            ("realms_topics", nil, "'type': 'missing', 'loc': ('body', 'realms_topics')"),
            ("request_prefill", nil, "'type': 'missing', 'loc': ('body', 'request_prefill')"),
            ("password", nil, "'type': 'missing', 'loc': ('body', 'password')"),
            ("name", 1, "'type': 'string_type', 'loc': ('body', 'name')"),
            ("realms_topics", ["realm": "a"], "'type': 'list_type', 'loc': ('body', 'realms_topics')"),
            ("realms_topics", [1], "'type': 'model_attributes_type', 'loc': ('body', 'realms_topics', 0)"),
            ("realms_topics", [["realm": "a"]], "'type': 'missing', 'loc': ('body', 'realms_topics', 0, 'topic')"),
            ("request_prefill", "x", "'type': 'bool_parsing', 'loc': ('body', 'request_prefill')"),
            ("request_prefill", [], "'type': 'bool_type', 'loc': ('body', 'request_prefill')"),
        ] as [(String, JSONValue?, String)])
    func malformed(name: String, value: JSONValue?, problem: String) async throws {
        try await withProvisioningDouble { double in
            var body = try #require(DoubleClient.subscription("s").objectValue)
            body[name] = value
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/subscriptions", account: DoubleClient.admin, json: .object(body))
            #expect(reply.status == 422)
            #expect(try reply.json["message"]?.stringValue?.hasPrefix("1 validation error: {\(problem)") == true)
        }
    }

    @Test("booleans are also taken as 0, 1 and words", arguments: [0, 1, "true", "no", "OFF", "t"] as [JSONValue])
    func laxBooleans(value: JSONValue) async throws {
        try await withProvisioningDouble { double in
            var body = try #require(DoubleClient.subscription("s").objectValue)
            body["request_prefill"] = value
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/subscriptions", account: DoubleClient.admin, json: .object(body))
            #expect(reply.status == 201)
        }
    }
}
