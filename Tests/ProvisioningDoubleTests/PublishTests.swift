// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import ProvisioningDouble
import Testing

/// `POST /v1/messages`; the expected texts were taken from pydantic 2.14 behind FastAPI 0.165.
@Suite struct PublishTests {
    @Test("a valid message is answered 202 with null and kept with its arrival time")
    func accepted() async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(DoubleClient.message())
            #expect(reply.status == 202)
            #expect(reply.text == "null")
            #expect(reply.headers["Content-Type"] == ["application/json"])
            let message = try #require(double.messages.first)
            #expect(message.sequence == 1)
            #expect(message.realm == "scim")
            #expect(message.arrivedMicroseconds > 1_700_000_000_000_000)
            #expect(try message.decoded()["body"]?["new"]?["objectType"] == "User")
        }
    }

    @Test(
        "whoever is not the events account is 401",
        arguments: [
            (nil, "Not authenticated"),
            ("Basic dWRtOndyb25n", "Incorrect username or password"),
            ("Basic YWRtaW46cHJvdmlzaW9uaW5n", "Incorrect username or password"),
            ("Bearer dWRtOnVkbXBhc3M=", "Not authenticated"),
            ("Basic %%%", "Not authenticated"),
            ("Basic YWJj", "Not authenticated"),
            // A password with an umlaut in it.
            ("Basic dWRtOnDDpHNz", "Not authenticated"),
            ("Basic", "Not authenticated"),
        ] as [(String?, String)])
    func unauthorized(header: String?, detail: String) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let headers = [("Content-Type", "application/json")] + (header.map { [("Authorization", $0)] } ?? [])
            let reply = try await client.send(
                .POST, "/v1/messages", headers: headers, body: DoubleClient.message().serialize())
            #expect(reply.status == 401)
            #expect(try reply.json == ["detail": .string(detail)])
            #expect(reply.headers["WWW-Authenticate"] == ["Basic"])
            #expect(double.messages.isEmpty)
        }
    }

    @Test("the scheme of the authorization is compared without case")
    func lowerCaseScheme() async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/messages",
                headers: [("Content-Type", "application/json"), ("Authorization", "basic dWRtOnVkbXBhc3M=")],
                body: DoubleClient.message().serialize())
            #expect(reply.status == 202)
        }
    }

    @Test("broken JSON is told before the account is checked, wrong members after it")
    func precedence() async throws {
        try await withProvisioningDouble { (double) async throws in
            let client = DoubleClient(double)
            #expect(try await client.publish(raw: "{\"a\":", account: nil).status == 422)
            #expect(try await client.publish([:], account: ("udm", "wrong")).status == 401)
            #expect(try await client.publish([:]).status == 422)
        }
    }

    @Test(
        "a body counts as JSON only under a JSON content type",
        arguments: [
            ("application/json", 202), ("application/json; charset=utf-8", 202), ("APPLICATION/JSON", 202),
            ("application/scim+json", 202), ("text/json", 422), ("text/plain", 422), ("application/jsonx", 422),
            (nil, 422),
        ] as [(String?, Int)])
    func contentType(type: String?, status: Int) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/messages", account: DoubleClient.events,
                headers: type.map { [("Content-Type", $0)] } ?? [], body: DoubleClient.message().serialize())
            #expect(reply.status == status)
            if status == 422 {
                #expect(try reply.json["message"]?.stringValue?.contains("'input': b'{\"publisher_name\"") == true)
            }
        }
    }

    @Test(
        "what cannot be read is 422 in the shape of the service's own handler",
        arguments: [
            "", "{\"a\":}", "hello", "[1,2", "{\"a\":1}}", "null", "[1]", "\"text\"", "{\"a\":\"\u{01}\"}",
        ])
    func unreadable(body: String) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(raw: body)
            #expect(reply.status == 422)
            let answer = try #require(try reply.json.objectValue)
            #expect(answer.keys == ["status_code", "message", "data"])
            #expect(answer["status_code"] == 422)
            #expect(answer["data"] == .null)
            #expect(answer["message"]?.stringValue?.hasPrefix("1 validation error: {'type': '") == true)
            #expect(answer["message"]?.stringValue?.hasSuffix("POST /v1/messages") == true)
        }
    }

    @Test("a body that is not UTF-8 is 400")
    func notUTF8() async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/messages", account: DoubleClient.events, headers: [("Content-Type", "application/json")],
                body: Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8))
            #expect(reply.status == 400)
            #expect(try reply.json == ["detail": "There was an error parsing the body"])
        }
    }

    @Test("every member is required", arguments: ["publisher_name", "ts", "realm", "topic", "body"])
    func missing(name: String) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(DoubleClient.message { $0[name] = nil })
            #expect(reply.status == 422)
            let text = try reply.json["message"]?.stringValue ?? ""
            let start = "1 validation error: {'type': 'missing', 'loc': ('body', '\(name)'), 'msg': 'Field required', "
            #expect(text.hasPrefix(start + "'input': {'"))
        }
    }

    @Test(
        "a member of a wrong type is 422 with pydantic's words",
        arguments: [
            (
                "realm", 1,
                "{'type': 'string_type', 'loc': ('body', 'realm'), 'msg': 'Input should be a valid string', 'input': 1}"
            ),
            (
                "realm", nil,
                "{'type': 'string_type', 'loc': ('body', 'realm'), 'msg': 'Input should be a valid string', 'input': None}"
            ),
            (
                "topic", true,
                "{'type': 'string_type', 'loc': ('body', 'topic'), 'msg': 'Input should be a valid string', 'input': True}"
            ),
            (
                "topic", [1.5],
                "{'type': 'string_type', 'loc': ('body', 'topic'), 'msg': 'Input should be a valid string', 'input': [1.5]}"
            ),
            (
                "ts", true,
                "{'type': 'datetime_type', 'loc': ('body', 'ts'), 'msg': 'Input should be a valid datetime', 'input': True}"
            ),
            (
                "ts", "x",
                "{'type': 'datetime_from_date_parsing', 'loc': ('body', 'ts'), 'msg': 'Input should be a valid datetime or date, input is too short', 'input': 'x', 'ctx': {'error': 'input is too short'}}"
            ),
            (
                "body", [],
                "{'type': 'model_attributes_type', 'loc': ('body', 'body'), 'msg': 'Input should be a valid dictionary or object to extract fields from', 'input': []}"
            ),
            (
                "body", ["old": nil, "new": ["objectType": "it's"]],
                "{'type': 'dict_type', 'loc': ('body', 'body', 'old'), 'msg': 'Input should be a valid dictionary', 'input': None}"
            ),
            (
                "body", ["old": [:], "new": nil],
                "{'type': 'dict_type', 'loc': ('body', 'body', 'new'), 'msg': 'Input should be a valid dictionary', 'input': None}"
            ),
            (
                "body", ["new": ["objectType": "it's"]],
                "{'type': 'missing', 'loc': ('body', 'body', 'old'), 'msg': 'Field required', 'input': {'new': {'objectType': \"it's\"}}}"
            ),
            (
                "body", ["old": ["a": 1]],
                "{'type': 'missing', 'loc': ('body', 'body', 'new'), 'msg': 'Field required', 'input': {'old': {'a': 1}}}"
            ),
        ] as [(String, JSONValue, String)])
    func wrongType(name: String, value: JSONValue, problem: String) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(DoubleClient.message { $0[name] = value })
            #expect(reply.status == 422)
            #expect(try reply.json["message"] == .string("1 validation error: \(problem)  POST /v1/messages"))
        }
    }

    @Test("the five publisher names of the service are taken", arguments: Switches.knownPublishers)
    func knownPublisher(name: String) async throws {
        try await withProvisioningDouble { (double) async throws in
            let message = DoubleClient.message { $0["publisher_name"] = .string(name) }
            #expect(try await DoubleClient(double).publish(message).status == 202)
        }
    }

    @Test("another publisher name is 422, until a switch adds it")
    func unknownPublisher() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let message = DoubleClient.message { $0["publisher_name"] = "scim-server" }
            let refused = try await client.publish(message)
            #expect(refused.status == 422)
            let names =
                "'udm-listener', 'ldif-producer', 'udm-pre-fill', 'consumer-registration' or 'consumer_client_test'"
            let text =
                "1 validation error: {'type': 'enum', 'loc': ('body', 'publisher_name'), 'msg': \"Input should be "
                + "\(names)\", 'input': 'scim-server', 'ctx': {'expected': \"\(names)\"}}  POST /v1/messages"
            #expect(try refused.json["message"] == .string(text))
            #expect(try await client.switches(["publishers": ["scim-server"]]).status == 200)
            #expect(try await client.publish(message).status == 202)
        }
    }

    @Test("publisher names are compared exactly", arguments: ["UDM-listener", "", " udm-listener"])
    func exactPublisher(name: String) async throws {
        try await withProvisioningDouble { (double) async throws in
            let message = DoubleClient.message { $0["publisher_name"] = .string(name) }
            #expect(try await DoubleClient(double).publish(message).status == 422)
        }
    }

    @Test("all problems are told at once")
    func severalProblems() async throws {
        try await withProvisioningDouble { double in
            let message = DoubleClient.message {
                $0["publisher_name"] = "nope"
                $0["ts"] = "zz"
                $0["body"] = [:]
            }
            let text = try await DoubleClient(double).publish(message).json["message"]?.stringValue ?? ""
            #expect(text.hasPrefix("4 validation errors: {'type': 'enum'"))
            #expect(text.contains("('body', 'body', 'old')"))
            #expect(text.contains("('body', 'body', 'new')"))
        }
    }

    @Test(
        "the object type decides between 202 and 500",
        arguments: [
            ([:], [:], 500),
            ([:], ["a": 1], 500),
            ([:], ["objectType": ""], 500),
            ([:], ["objectType": nil], 500),
            ([:], ["objectType": 0], 500),
            ([:], ["objectType": []], 500),
            ([:], ["objectType": "User"], 202),
            ([:], ["objectType": 5], 202),
            (["objectType": "User"], [:], 202),
            (["objectType": "User"], ["a": 1], 202),
            (["objectType": "User"], ["univentionObjectType": ""], 500),
            (["univentionObjectType": "users/user"], ["objectType": ""], 202),
            ([:], ["univentionObjectType": ["users/user"]], 202),
        ] as [(JSONValue, JSONValue, Int)])
    func objectType(old: JSONValue, new: JSONValue, status: Int) async throws {
        try await withProvisioningDouble { double in
            let message = DoubleClient.message { $0["body"] = ["old": old, "new": new] }
            let reply = try await DoubleClient(double).publish(message)
            #expect(reply.status == status)
            if status == 500 { #expect(reply.text == #"{"detail":"Internal server error"}"#) }
            #expect(double.messages.count == (status == 202 ? 1 : 0))
        }
    }

    @Test("a missing object type is 500 even if the publisher name is wrong too")
    func crashBeforeValidation() async throws {
        try await withProvisioningDouble { (double) async throws in
            let message = DoubleClient.message {
                $0["publisher_name"] = "nope"
                $0["body"] = ["old": [:], "new": [:]]
            }
            #expect(try await DoubleClient(double).publish(message).status == 500)
        }
    }

    @Test("keys that the model does not know are dropped, except inside old and new")
    func droppedKeys() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            let message = DoubleClient.message {
                $0["order"] = 5
                $0["body"] = ["old": [:], "new": ["objectType": "User", "x": ["y": 1]], "order": 5]
            }
            #expect(try await client.publish(message).status == 202)
            let kept = try #require(try double.messages.first?.decoded().objectValue)
            #expect(kept.keys == ["publisher_name", "ts", "realm", "topic", "body"])
            #expect(kept["body"] == ["old": [:], "new": ["objectType": "User", "x": ["y": 1]]])
            #expect(try await client.next("s")["body"] == kept["body"])
        }
    }

    @Test(
        "ts comes back as Python's isoformat()",
        arguments: [
            ("2026-11-21T01:02:03Z", "2026-11-21T01:02:03+00:00"),
            ("2026-11-21T01:02:03.456Z", "2026-11-21T01:02:03.456000+00:00"),
            ("2026-11-21T01:02:03.456789Z", "2026-11-21T01:02:03.456789+00:00"),
            ("2026-11-21T01:02:03.1234567Z", "2026-11-21T01:02:03.123456+00:00"),
            ("2026-11-21T01:02:03,5Z", "2026-11-21T01:02:03.500000+00:00"),
            ("2026-11-21T01:02:03.456789", "2026-11-21T01:02:03.456789"),
            ("2026-11-21T01:02:03+02:00", "2026-11-21T01:02:03+02:00"),
            ("2026-11-21T01:02:03-0530", "2026-11-21T01:02:03-05:30"),
            ("2026-11-21T01:02:03-00:00", "2026-11-21T01:02:03+00:00"),
            ("2026-11-21 01:02:03z", "2026-11-21T01:02:03+00:00"),
            ("2026-11-21_01:02", "2026-11-21T01:02:00"),
            ("2026-11-21", "2026-11-21T00:00:00"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
            ("1700000000", "2023-11-14T22:13:20+00:00"),
            ("1700000000.5", "2023-11-14T22:13:20.500000+00:00"),
            ("-1700000000", "1916-02-18T01:46:40+00:00"),
            (0, "1970-01-01T00:00:00+00:00"),
            (-1, "1969-12-31T23:59:59+00:00"),
            (1_700_000_000, "2023-11-14T22:13:20+00:00"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123000+00:00"),
            (20_000_000_000, "2603-10-11T11:33:20+00:00"),
            (20_000_000_001, "1970-08-20T11:33:20.001000+00:00"),
            (-62_135_596_800_000, "0001-01-01T00:00:00+00:00"),
            (1_700_000_000.123456, "2023-11-14T22:13:20.123456+00:00"),
            (-1_700_000_000.25, "1916-02-18T01:46:39.750000+00:00"),
            (1_700_000_000_123.5, "2023-11-14T22:13:20.123500+00:00"),
            (1_700_000_000.9999999, "2023-11-14T22:13:21+00:00"),
        ] as [(JSONValue, String)])
    func time(sent: JSONValue, back: String) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(DoubleClient.message { $0["ts"] = sent })
            #expect(reply.status == 202)
            #expect(try double.messages.first?.decoded()["ts"] == .string(back))
        }
    }

    @Test(
        "a ts that is no time is 422",
        arguments: [
            ("", "input is too short"),
            ("2026-1-21", "input is too short"),
            ("1e9", "input is too short"),
            ("hello there, world", "invalid character in year"),
            ("20261121T010203Z", "invalid date separator, expected `-`"),
            ("2026-13-01T00:00:00Z", "month value is outside expected range of 1-12"),
            ("2026-02-29T00:00:00Z", "day value is outside expected range"),
            ("2026-11-21T24:00:00Z", "unexpected extra characters at the end of the input"),
            ("2026-11-21T23:59:60Z", "unexpected extra characters at the end of the input"),
            ("2026-11-21T01:02:03.Z", "unexpected extra characters at the end of the input"),
            ("2026-11-21T01:02:03+24:00", "unexpected extra characters at the end of the input"),
            ("2026-11-21T01:02:03+02", "unexpected extra characters at the end of the input"),
            ("2026-11-21T01:02:03Z ", "unexpected extra characters at the end of the input"),
            ("0000-01-01T00:00:00Z", "year 0 is out of range"),
            (253_402_300_800_000, "dates after 9999 are not supported as unix timestamps"),
            (1e300, "dates after 9999 are not supported as unix timestamps"),
        ] as [(JSONValue, String)])
    func notATime(sent: JSONValue, reason: String) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).publish(DoubleClient.message { $0["ts"] = sent })
            #expect(reply.status == 422)
            #expect(try reply.json["message"]?.stringValue?.contains(", \(reason)', 'input'") == true)
        }
    }

    @Test("nothing is deduplicated: the same message twice is two messages")
    func noDeduplication() async throws {
        try await withProvisioningDouble { (double) async throws in
            let client = DoubleClient(double)
            for _ in 0..<2 { #expect(try await client.publish(DoubleClient.event("e1", order: 1)).status == 202) }
            #expect(double.messages.map(\.sequence) == [1, 2])
            #expect(double.messages.map(\.event?.eventID) == ["e1", "e1"])
        }
    }

    @Test("a message beyond the queue's payload is 500; what is not ASCII counts escaped")
    func payloadLimit() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.maximumPayloadBytes = 10_000
        try await withProvisioningDouble(configuration) { (double) async throws in
            let client = DoubleClient(double)
            func status(_ text: String) async throws -> Int {
                let message = DoubleClient.message { $0["body"] = ["old": [:], "new": ["objectType": .string(text)]] }
                return try await client.publish(message).status
            }
            #expect(try await status(String(repeating: "a", count: 9_000)) == 202)
            #expect(try await status(String(repeating: "a", count: 11_000)) == 500)
            // 2 bytes in UTF-8, 6 in the queue.
            #expect(try await status(String(repeating: "é", count: 1_500)) == 202)
            #expect(try await status(String(repeating: "é", count: 1_700)) == 500)
        }
    }

    @Test(
        "X-Request-ID comes back if it is a UUID, else a new one",
        arguments: [
            ("5d0c2cf0-6a0b-4f5e-9a36-1a2c7ad6b0ce", true), ("5d0c2cf06a0b4f5e9a361a2c7ad6b0ce", true),
            ("c232ab00-9414-11ec-b3c8-9f6bdeced846", true), ("hello", false), (nil, false),
        ] as [(String?, Bool)])
    func requestID(sent: String?, isKept: Bool) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).send(
                .POST, "/v1/messages", account: DoubleClient.events,
                headers: [("Content-Type", "application/json")] + (sent.map { [("X-Request-ID", $0)] } ?? []),
                body: DoubleClient.message().serialize())
            let back = try #require(reply.headers.first(name: "X-Request-ID"))
            if isKept { #expect(back == sent) } else { #expect(back.count == 32 && back.allSatisfy(\.isHexDigit)) }
            #expect(double.messages.first?.requestID == back)
        }
    }

    @Test(
        "other paths and methods are answered as the service's framework does",
        arguments: [
            ("GET", "/v1/messages", 405), ("PUT", "/v1/messages", 405), ("POST", "/v1/messages/", 307),
            ("POST", "/v1/message", 404), ("GET", "/", 404), ("POST", "/v1/messages/1", 404),
            ("PATCH", "/v1/subscriptions", 405), ("GET", "/v1/subscriptions/s/messages/1/status", 405),
            ("GET", "/v1/subscriptions/s/other", 404), ("GET", "/-/double/nothing", 404),
            ("POST", "/-/double/check", 405),
        ])
    func routing(method: String, path: String, status: Int) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).send(HTTPMethod(rawValue: method), path)
            #expect(reply.status == status)
            switch status {
            case 404: #expect(try reply.json == ["detail": "Not Found"])
            case 405:
                #expect(try reply.json == ["detail": "Method Not Allowed"])
                #expect(reply.headers.first(name: "Allow") != nil)
            default: #expect(reply.headers["Location"] == ["\(double.baseURL)/v1/messages"])
            }
        }
    }

    @Test("messages of many connections at once are all kept, each once")
    func parallel() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                for publisher in 0..<8 {
                    group.addTask {
                        var statuses: [Int] = []
                        for number in 0..<50 {
                            let event = DoubleClient.event(
                                "\(publisher)-\(number)", order: Int64(number), id: "u\(publisher)")
                            statuses.append(try await client.publish(event).status)
                        }
                        return statuses
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(statuses.count == 400 && statuses.allSatisfy { $0 == 202 })
            #expect(double.messages.map(\.sequence) == Array(1...400))
            #expect(double.check.isOrdered)
            #expect(double.check.events == 400)
        }
    }
}
