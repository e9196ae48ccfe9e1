// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import ProvisioningDouble
import Testing

/// What a test asks the double afterwards.
@Suite struct AssertionTests {
    @Test("accepted messages are listed after a sequence number, up to a limit")
    func list() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            for number in 1...5 { _ = try await client.publish(DoubleClient.event("e\(number)", order: Int64(number))) }
            let all = try await client.send(.GET, "/-/double/messages").json
            #expect(all["last"] == 5)
            #expect(all["messages"]?.arrayValue?.count == 5)
            let first = try #require(all["messages"]?[0])
            #expect(first["sequence"] == 1)
            #expect(first["arrivedMicroseconds"] == .number(JSONNumber(double.messages[0].arrivedMicroseconds)))
            #expect(first["requestId"]?.stringValue == double.messages[0].requestID)
            #expect(try first["message"] == double.messages[0].decoded())
            let part = try await client.send(.GET, "/-/double/messages?after=2&limit=2").json
            #expect(part["messages"]?.arrayValue?.compactMap { $0["sequence"]?.integerValue } == [3, 4])
            #expect(part["last"] == 4)
            let rest = try await client.send(.GET, "/-/double/messages?after=5").json
            #expect(rest == ["messages": [], "last": 5])
        }
    }

    @Test("a place that is no number is 400", arguments: ["after=x", "after=-1", "limit=0", "limit=10001"])
    func malformedList(query: String) async throws {
        try await withProvisioningDouble { (double) async throws in
            #expect(try await DoubleClient(double).send(.GET, "/-/double/messages?\(query)").status == 400)
        }
    }

    @Test("arrival times do not go back")
    func arrivalTimes() async throws {
        try await withProvisioningDouble { double in
            for _ in 0..<5 { _ = try await DoubleClient(double).publish(DoubleClient.message()) }
            let times = double.messages.map(\.arrivedMicroseconds)
            #expect(times == times.sorted())
        }
    }

    @Test("a test can wait for messages, within a limit")
    func waiting() async throws {
        try await withProvisioningDouble { double in
            async let messages = double.messages(count: 2, within: .seconds(15))
            for _ in 0..<2 { _ = try await DoubleClient(double).publish(DoubleClient.message()) }
            #expect(await messages.count == 2)
            #expect(await double.messages(count: 3, within: .milliseconds(50)).count == 2)
        }
    }

    @Test("the check finds duplicates, events out of order, and counts by kind")
    func check() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let events = [
                DoubleClient.event("e1", order: 1, operation: "created"),
                DoubleClient.event("e3", order: 3),
                DoubleClient.event("e2", order: 2),
                DoubleClient.event("e3", order: 3),
                DoubleClient.event("f1", order: 1, id: "u2", operation: "created"),
                DoubleClient.event("e4", order: 4, operation: "deleted"),
                DoubleClient.message(topic: "group"),
            ]
            for event in events { #expect(try await client.publish(event).status == 202) }
            let check = double.check
            #expect(check.messages == 7)
            #expect(check.events == 5)
            #expect(check.withoutMetadata == 1)
            #expect(check.duplicates.map(\.eventID) == ["e3"])
            #expect(check.duplicates.map(\.sequences) == [[2, 4]])
            #expect(!check.isOrdered)
            #expect(check.disorders.map(\.sequence) == [3])
            #expect(check.disorders.first?.previousOrder == 3)
            let json = try await client.send(.GET, "/-/double/check").json
            #expect(json["isOrdered"] == false)
            #expect(json["duplicates"] == [["eventId": "e3", "sequences": [2, 4]]])
            #expect(json["disorders"]?[0]?["resourceId"] == "u1")
            #expect(json["counts"]?.arrayValue?.count == 4)
            #expect(json["counts"]?[1] == ["realm": "scim", "topic": "user", "operation": "created", "count": 2])
        }
    }

    @Test(
        "events are in order",
        arguments: [
            [DoubleClient.event("a", order: 1), DoubleClient.event("b", order: 2)],
            // A repeated event is ignored by consumers, so it overtakes nobody.
            [DoubleClient.event("a", order: 1), DoubleClient.event("b", order: 2), DoubleClient.event("a", order: 1)],
            [DoubleClient.event("a", order: 2), DoubleClient.event("b", order: 1, id: "u2")],
            [DoubleClient.event("a", order: 2), DoubleClient.event("b", order: 1, topic: "group")],
            [
                DoubleClient.event("a", order: 1, realm: "sync-error", topic: "scim2udm"),
                DoubleClient.event("b", order: 1, realm: "sync-error", topic: "scim2udm"),
            ],
        ])
    func ordered(events: [JSONValue]) async throws {
        try await withProvisioningDouble { double in
            for event in events { _ = try await DoubleClient(double).publish(event) }
            #expect(double.check.isOrdered)
        }
    }

    @Test(
        "events are out of order",
        arguments: [
            [DoubleClient.event("a", order: 2), DoubleClient.event("b", order: 1)],
            [DoubleClient.event("a", order: 1), DoubleClient.event("b", order: 1)],
            [DoubleClient.event("a", order: 2, operation: "deleted"), DoubleClient.event("b", order: 1)],
            [
                DoubleClient.event("a", order: 2, realm: "sync-error", topic: "scim2udm"),
                DoubleClient.event("b", order: 1, realm: "sync-error", topic: "scim2udm"),
            ],
        ])
    func unordered(events: [JSONValue]) async throws {
        try await withProvisioningDouble { double in
            for event in events { _ = try await DoubleClient(double).publish(event) }
            #expect(double.check.disorders.map(\.sequence) == [2])
        }
    }

    @Test("a sync error belongs to the resource it names")
    func syncErrorResource() async throws {
        try await withProvisioningDouble { double in
            let message = DoubleClient.message(realm: "sync-error", topic: "scim2udm") { members in
                let metadata: JSONValue = ["eventId": "e", "order": 7, "operation": "created", "resourceId": "u9"]
                members["body"] = [
                    "old": [:], "new": ["objectType": "SyncError", "urn:univention:scim:event:1.0": metadata],
                ]
            }
            _ = try await DoubleClient(double).publish(message)
            #expect(double.messages.first?.event?.resourceID == "u9")
            #expect(double.messages.first?.event?.order == 7)
        }
    }
}
