// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 11.9: the records and the checker")
struct RecorderTests {
    @Test("every request is recorded in order, with what it was and what it did")
    func records() async throws {
        try await withDouble { double, client async throws in
            let identifier = "9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11"
            try await client.createUser("jo", ["univentionObjectIdentifier": .string(identifier)])
            let tag = try #require(try await client.get(user("jo")).etag)
            _ = try await client.patch(user("jo"), ["title": "x"], headers: ["If-Match": tag, "X-Request-Id": "ab-1"])
            _ = try await client.patch(user("jo"), ["title": "x"], headers: ["If-Match": tag])
            _ = try await client.delete(user("jo"))
            let records = double.requests()
            #expect(records.map(\.sequence) == [1, 2, 3, 4, 5])
            #expect(records.map(\.method) == ["POST", "GET", "PATCH", "PATCH", "DELETE"])
            #expect(records.map(\.status) == [201, 200, 204, 412, 204])
            #expect(records.map(\.isCommitted) == [true, false, true, false, true])
            #expect(records.allSatisfy { $0.identifier == identifier && $0.dn == userDN("jo") })
            #expect(records.allSatisfy { $0.module == "users/user" })
            #expect(records[2].ifMatch == tag && records[2].requestID == "ab-1")
            #expect(records[2].body == #"{"properties":{"title":"x"}}"#)
            for (earlier, later) in zip(records, records.dropFirst()) {
                #expect(earlier.started <= (earlier.ended ?? 0) && (earlier.ended ?? .max) <= later.started)
            }
            #expect(double.requests(after: 3).map(\.sequence) == [4, 5])
            #expect(double.requests(after: 1, limit: 2).map(\.sequence) == [2, 3])
        }
    }

    @Test("only so many requests are kept, and long bodies are cut")
    func limits() async throws {
        try await withDouble(.init(recordedRequests: 20, recordedBodyBytes: 50)) { double, client async throws in
            for _ in 0..<60 { _ = try await client.get("") }
            #expect(double.requests().count <= 25)
            #expect(double.requests().last?.sequence == 60)
            #expect(double.check().requests == 60)
            _ = try await client.post("users/user", ["description": .string(String(repeating: "d", count: 500))])
            let record = try #require(double.requests().last)
            #expect(record.bodyBytes > 500 && (record.body?.utf8.count ?? 0) < 120)
        }
    }

    @Test("two writes of one object at a time are found, reads and other objects are not")
    func overlaps() async throws {
        try await withUsers("jo", "al") { double, client async throws in
            double.settings.latency = ["*": .fixed(milliseconds: 150)]
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await client.patch(user("jo"), ["title": "x"]).status }
                group.addTask { try await client.patch(user("al"), ["title": "x"]).status }
                group.addTask { try await client.get(user("jo")).status }
                for try await status in group { #expect(status < 300) }
            }
            #expect(double.check().isSound)
            double.settings.latency = [:]
            double.add(Fault(.latency(.fixed(milliseconds: 60_000)), count: 1))
            let slow = Task { try await client.patch(user("jo"), ["title": "y"]) }
            try await eventually { double.check().inProgress == 1 }
            #expect(try await client.patch("users/user/\(userDN("JO"))", ["title": "z"]).status == 204)
            let report = double.check()
            slow.cancel()
            #expect(!report.isSound && report.overlapCount == 1 && report.overlapsAfterDisconnect == 0)
            let overlap = try #require(report.overlaps.first)
            #expect(overlap.first < overlap.second)
        }
    }

    @Test("a repeat after the client gave up is no overlap, but counted")
    func overlapAfterDisconnect() async throws {
        try await withUsers("jo") { double, client async throws in
            double.add(Fault(.answerLate(delay: .seconds(60)), count: 1))
            try await giveUp(on: double) { try await client.patch(user("jo"), ["title": "x"]) }
            try await eventually { double.requests().last?.clientGone != nil }
            #expect(try await client.patch(user("jo"), ["title": "y"]).status == 204)
            #expect(double.check().overlapCount == 0)
            #expect(double.check().overlapsAfterDisconnect == 1)
            #expect(double.check().isSound)
        }
    }

    @Test("the report counts answers, commits and objects")
    func report() async throws {
        try await withUsers("jo") { double, client async throws in
            _ = try await client.post("users/user", userProperties("jo"))
            _ = try await client.get(user("jo"))
            let report = double.check()
            #expect(report.requests == 3 && report.commits == 1 && report.inProgress == 0)
            #expect(report.answers == ["POST 201": 1, "POST 422": 1, "GET 200": 1])
            #expect(report.objects["users/user"] == 1 && report.objects["groups/group"] == 1)
            double.reset()
            #expect(double.check().requests == 0 && double.requests().isEmpty)
            #expect(try await client.get(user("jo")).status == 200)
            #expect(double.requests().map(\.sequence) == [4])
        }
    }
}
