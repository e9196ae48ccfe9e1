// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import ProvisioningDouble
import Testing

@Suite struct DeliveryTests {
    private let clock = ContinuousClock()

    @Test("next gives the message with its sequence number and delivery count")
    func next() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            _ = try await client.publish(DoubleClient.message())
            let expected: JSONValue = [
                "publisher_name": "udm-listener", "ts": "2026-11-21T09:15:30.123456+00:00", "realm": "scim",
                "topic": "user", "body": ["old": [:], "new": ["objectType": "User", "id": "u1"]],
                "sequence_number": 1, "num_delivered": 1,
            ]
            #expect(try await client.next("s") == expected)
        }
    }

    @Test("without a message next answers null after its timeout, 0.1 s at least", arguments: [0, 0.3, -1])
    func empty(timeout: Double) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            let start = clock.now
            #expect(try await client.next("s", timeout: timeout) == .null)
            #expect(clock.now - start >= .seconds(max(0.1, timeout)))
        }
    }

    @Test("next waits for a message and gives it at once")
    func longPoll() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            async let waiting = client.next("s", timeout: 15)
            // Published from a task of its own, whichever of the two comes first.
            _ = try await client.publish(DoubleClient.message())
            let start = clock.now
            #expect(try await waiting["sequence_number"] == 1)
            #expect(clock.now - start < .seconds(10))
        }
    }

    @Test(
        "parameters of next that are no number or boolean are 422",
        arguments: [
            ("timeout=abc", "'type': 'float_parsing', 'loc': ('query', 'timeout')"),
            ("timeout=", "'type': 'float_parsing', 'loc': ('query', 'timeout')"),
            ("pop=2", "'type': 'bool_parsing', 'loc': ('query', 'pop')"),
        ])
    func malformedParameters(query: String, problem: String) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            let reply = try await client.send(
                .GET, "/v1/subscriptions/s/messages/next?\(query)", account: ("s", "secret"))
            #expect(reply.status == 422)
            #expect(try reply.json["message"]?.stringValue?.contains(problem) == true)
        }
    }

    @Test(
        "parameters are read as the service's framework does",
        arguments: [
            "timeout=1e-1", "timeout=%200.1", "timeout=+0.1", "timeout=9&timeout=0.1", "timeout=0.1&pop=on",
            "timeout=nan",
        ])
    func laxParameters(query: String) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            let start = clock.now
            let reply = try await client.send(
                .GET, "/v1/subscriptions/s/messages/next?\(query)", account: ("s", "secret"))
            #expect(reply.status == 200)
            #expect(reply.text == "null")
            #expect(clock.now - start < .seconds(5))
        }
    }

    @Test("messages come in the order of acceptance, each after the confirmation of the one before")
    func order() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            for number in 1...20 { _ = try await client.publish(DoubleClient.message(id: "u\(number)")) }
            for number in 1...20 {
                let message = try await client.next("s")
                #expect(message["sequence_number"] == .number(JSONNumber(Int64(number))))
                #expect(message["body"]?["new"]?["id"] == .string("u\(number)"))
                #expect(try await client.acknowledge("s", Int64(number)).status == 200)
            }
            #expect(try await client.next("s", timeout: 0.1) == .null)
        }
    }

    @Test("an unconfirmed message comes again after the wait, counted; nothing else is delivered meanwhile")
    func redelivery() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.acknowledgementWait = .milliseconds(600)
        try await withProvisioningDouble(configuration) { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            for id in ["u1", "u2"] { _ = try await client.publish(DoubleClient.message(id: id)) }
            let start = clock.now
            #expect(try await client.next("s")["num_delivered"] == 1)
            #expect(try await client.next("s", timeout: 0.1) == .null)
            let again = try await client.next("s")
            #expect(clock.now - start >= .milliseconds(600))
            #expect(again["sequence_number"] == 1)
            #expect(again["num_delivered"] == 2)
            #expect(try await client.acknowledge("s", 1).status == 200)
            let second = try await client.next("s")
            #expect(second["sequence_number"] == 2)
            #expect(second["num_delivered"] == 1)
        }
    }

    @Test("the wait for a confirmation is 1 s unless configured")
    func defaultWait() {
        #expect(ProvisioningDoubleConfiguration().acknowledgementWait == .seconds(1))
    }

    @Test("of two waiting consumers one gets the message, the other one waits for its confirmation")
    func twoConsumers() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            for id in ["u1", "u2"] { _ = try await client.publish(DoubleClient.message(id: id)) }
            #expect(try await client.next("s")["sequence_number"] == 1)
            async let other = client.next("s", timeout: 15)
            #expect(try await client.acknowledge("s", 1).status == 200)
            let message = try await other
            // It was asked for before or after the confirmation, and not redelivered in either case.
            #expect(message["sequence_number"] == 2)
        }
    }

    @Test("a confirmation is 200 once and 404 afterwards, also for a message not delivered yet")
    func acknowledge() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            for id in ["u1", "u2", "u3"] { _ = try await client.publish(DoubleClient.message(id: id)) }
            #expect(try await client.acknowledge("s", 2).status == 200)
            #expect(try await client.acknowledge("s", 2).status == 404)
            #expect(try await client.acknowledge("s", 9).status == 404)
            #expect(try await client.acknowledge("s", -1).status == 404)
            #expect(try await client.next("s")["sequence_number"] == 1)
            #expect(try await client.acknowledge("s", 1).text == "null")
            #expect(try await client.next("s")["sequence_number"] == 3)
        }
    }

    @Test(
        "a status other than ok, or a number that is none, is 422",
        arguments: [
            (
                "1", ["status": "error"],
                "'type': 'enum', 'loc': ('body', 'status'), 'msg': \"Input should be 'ok'\", 'input': 'error'"
            ),
            ("1", ["status": "OK"], "'type': 'enum', 'loc': ('body', 'status')"),
            ("1", ["status": nil], "'type': 'enum', 'loc': ('body', 'status')"),
            ("1", [:], "'type': 'missing', 'loc': ('body', 'status')"),
            ("1", ["ok"], "'type': 'model_attributes_type', 'loc': ('body',)"),
            ("x", ["status": "ok"], "'type': 'int_parsing', 'loc': ('path', 'seq_num')"),
        ] as [(String, JSONValue, String)])
    func malformedStatus(number: String, body: JSONValue, problem: String) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            _ = try await client.publish(DoubleClient.message())
            let reply = try await client.send(
                .PATCH, "/v1/subscriptions/s/messages/\(number)/status", account: ("s", "secret"), json: body)
            #expect(reply.status == 422)
            #expect(try reply.json["message"]?.stringValue?.contains(problem) == true)
            #expect(try await client.next("s")["sequence_number"] == 1)
        }
    }

    @Test("pop confirms with the delivery: the message is not delivered again")
    func pop() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.acknowledgementWait = .milliseconds(100)
        try await withProvisioningDouble(configuration) { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            for id in ["u1", "u2"] { _ = try await client.publish(DoubleClient.message(id: id)) }
            #expect(try await client.next("s", pop: true)["sequence_number"] == 1)
            #expect(try await client.next("s", pop: true)["sequence_number"] == 2)
            #expect(try await client.next("s", timeout: 0.3) == .null)
            // It stays in the stream until it is deleted.
            #expect(try await client.acknowledge("s", 1).status == 200)
            #expect(try await client.acknowledge("s", 1).status == 404)
        }
    }

    @Test(
        "realm and topic are matched exactly and as a pair",
        arguments: [
            ("scim", "user", true), ("scim", "group", false), ("SCIM", "user", false), ("scim", "users", false),
            ("scim", ".*", false), ("sync-error", "scim2udm", true), ("sync-error", "user", false),
        ])
    func exactMatch(realm: String, topic: String, isDelivered: Bool) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s", to: [("scim", "user"), ("sync-error", "scim2udm")])
            #expect(try await client.publish(DoubleClient.message(realm: realm, topic: topic)).status == 202)
            #expect(try await client.next("s", timeout: 0.1).isNull == !isDelivered)
        }
    }

    @Test("a subscription takes no wildcard: it is a text like any other")
    func noWildcards() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s", to: [("scim", ".*"), ("*", "*")])
            _ = try await client.publish(DoubleClient.message())
            #expect(try await client.next("s", timeout: 0.1) == .null)
        }
    }

    @Test("a message without subscriber vanishes, but is still listed")
    func withoutSubscriber() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.publish(DoubleClient.message(id: "early"))
            _ = try await client.subscribe("s")
            _ = try await client.publish(DoubleClient.message(id: "late"))
            #expect(try await client.next("s")["body"]?["new"]?["id"] == "late")
            #expect(double.messages.count == 2)
            #expect(try await client.send(.GET, "/-/double/statistics").json["withoutSubscriber"] == 1)
        }
    }

    @Test("every subscription of a pair gets the message, with sequence numbers of its own")
    func fanOut() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("a", to: [("scim", "user"), ("scim", "group")])
            _ = try await client.subscribe("b", to: [("scim", "group")])
            _ = try await client.publish(DoubleClient.message(topic: "user"))
            _ = try await client.publish(DoubleClient.message(topic: "group"))
            #expect(try await client.acknowledge("a", 1).status == 200)
            #expect(try await client.next("a")["sequence_number"] == 2)
            #expect(try await client.next("b")["sequence_number"] == 1)
        }
    }

    @Test("a dispatcher that is down keeps messages and delivers them later, to those subscribed by then")
    func pausedDispatcher() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.switches(["dispatcherPaused": true])
            for number in 1...5 { _ = try await client.publish(DoubleClient.message(id: "u\(number)")) }
            _ = try await client.subscribe("s")
            #expect(try await client.next("s", timeout: 0.1) == .null)
            #expect(double.messages.count == 5)
            _ = try await client.switches(["dispatcherPaused": false])
            for number in 1...5 {
                #expect(try await client.next("s")["body"]?["new"]?["id"] == .string("u\(number)"))
                _ = try await client.acknowledge("s", Int64(number))
            }
        }
    }

    @Test("the dispatcher's latency delays delivery, not acceptance, and keeps the order")
    func dispatcherLatency() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            double.changeSwitches { $0.dispatcherLatency = .milliseconds(200) }
            let start = clock.now
            for number in 1...3 { _ = try await client.publish(DoubleClient.message(id: "u\(number)")) }
            #expect(double.messages.count == 3)
            for number in 1...3 {
                let message = try await client.next("s")
                #expect(message["body"]?["new"]?["id"] == .string("u\(number)"))
                #expect(clock.now - start >= .milliseconds(200 * number))
                _ = try await client.acknowledge("s", Int64(number))
            }
        }
    }

    @Test("with the switch, the first next of a subscription answers null though messages wait")
    func firstCallAnswersNull() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.switches.firstCallAnswersNull = true
        try await withProvisioningDouble(configuration) { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            _ = try await client.publish(DoubleClient.message())
            #expect(try await client.next("s", timeout: 0.1) == .null)
            #expect(try await client.next("s", timeout: 0.1)["sequence_number"] == 1)
        }
    }

    @Test("stopping ends a waiting next")
    func stopEndsWaiting() async throws {
        let double = try await ProvisioningDouble.start()
        let client = DoubleClient(double)
        _ = try await client.subscribe("s")
        let start = clock.now
        async let waiting = client.next("s", timeout: 60)
        // Once the other request is answered, the first one is under way or will be refused; both end.
        _ = try await client.send(.GET, "/-/double/health")
        try await double.stop()
        _ = try? await waiting
        #expect(clock.now - start < .seconds(30))
    }
}
