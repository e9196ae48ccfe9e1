// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite("Asynchronous requests (RFC 9967)") struct TransactionTests {
        private static let prefer = [("Prefer", "respond-async")]

        /// What a worker does to the job of a resource.
        private func finish(_ api: TestAPI, _ id: String, state: String = "done", error: String? = nil) async throws {
            let id = try #require(ResourceID(id))
            try await api.withConnection { connection in
                _ = try await connection.execute(
                    PostgresStatement(
                        "test_finish",
                        """
                        WITH gone AS (DELETE FROM job WHERE resource_id = $1::uuid RETURNING *)
                        INSERT INTO job_history (
                            id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                            accepted_at, finished_at, state, attempts, crashes, last_error)
                        SELECT id, tenant, type, resource_id, revision, "order", operation, lane, client, request_id,
                            accepted_at, now(), $2::text, attempts, crashes, $3::jsonb FROM gone
                        """), [.uuid(high: id.high, low: id.low), .text(state), error.map { .text($0) } ?? .null])
            }
        }

        private func path(_ answer: Answer) throws -> String {
            let location = try #require(answer.header("Location"))
            return String(location.dropFirst("https://scim.example/scim/v2".count))
        }

        private func onlyUser(_ api: TestAPI) async throws -> String {
            let list = try await api.get("/Users")
            return try #require(list.json["Resources"]?[0]?["id"]?.stringValue)
        }

        @Test("202 at once, the user is readable, and the token tells the end of the job")
        func accepted() async throws {
            try await withAPI { api in
                let answer = try await api.post("/Users", Samples.user(Samples.name()), headers: Self.prefer)
                answer.expect(202)
                #expect(answer.body.isEmpty)
                #expect(answer.header("Preference-Applied") == "respond-async")
                let transaction = try #require(answer.header("Set-Txn"))
                let path = try path(answer)
                let id = try await onlyUser(api)
                let pending = try await api.get(path)
                pending.expect(202)
                #expect(pending.header("Retry-After") != nil && pending.body.isEmpty)
                try await finish(api, id)
                let finished = try await api.get(path, headers: [("Accept", "application/scim+json")])
                finished.expect(200)
                #expect(finished.json["txn"] == .string(transaction))
                #expect(finished.json["iss"] == "https://scim.example/scim/v2")
                #expect(finished.json["sub_id"] == ["format": "scim", "uri": .string("/Users/\(id)")])
                #expect(
                    finished.json["events"]?[TransactionToken.event] == [
                        "method": "POST", "status": "201", "version": #"W/"1""#,
                        "location": .string("https://scim.example/scim/v2/Users/\(id)"),
                    ])
                let token = try await api.get(path)
                #expect(token.header("Content-Type") == "application/secevent+jwt")
                let parts = token.text.split(separator: ".", omittingEmptySubsequences: false)
                #expect(parts.count == 3 && parts[2].isEmpty)
                var payload = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
                while payload.count % 4 != 0 { payload += "=" }
                let claims = try #require(Data(base64Encoded: payload))
                #expect(try JSONValue(parsing: Array(claims)) == .object(finished.json))
            }
        }

        @Test("What UDM refused is in the token as a SCIM error")
        func refused() async throws {
            try await withAPI { api in
                let answer = try await api.post("/Users", Samples.user(Samples.name()), headers: Self.prefer)
                try await finish(
                    api, try await onlyUser(api), state: "dead",
                    error: #"{"status":"409","scimType":"uniqueness","detail":"taken","retryable":false,"udm":{"x":1}}"#
                )
                let token = try await api.get(try path(answer), headers: [("Accept", "application/json")])
                #expect(
                    token.json["events"]?[TransactionToken.event] == [
                        "method": "POST", "status": "409",
                        "response": [
                            "schemas": [.string(SchemaURN.error)], "status": "409", "scimType": "uniqueness",
                            "detail": "taken",
                        ],
                    ])
            }
        }

        @Test("A change that UDM refused names the resource it was for")
        func refusedChange() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name())
                let id = try await api.post("/Users", user).id
                try await finish(api, id)
                let answer = try await api.patch(
                    "/Users/\(id)", [["op": "add", "path": "title", "value": "x"]], headers: Self.prefer)
                try await finish(
                    api, id, state: "dead", error: #"{"status":"400","scimType":"invalidValue","detail":"title"}"#)
                let token = try await api.get(try path(answer), headers: [("Accept", "application/json")])
                let event = token.json["events"]?[TransactionToken.event]
                #expect(event?["status"] == "400")
                #expect(event?["location"] == .string("https://scim.example/scim/v2/Users/\(id)"))
            }
        }

        @Test("PUT, PATCH and DELETE as well; a change of nothing has ended at once")
        func methods() async throws {
            try await withAPI { api in
                let user = Samples.user(Samples.name())
                let id = try await api.post("/Users", user).id
                let unchanged = try await api.put("/Users/\(id)", user, headers: Self.prefer)
                unchanged.expect(202)
                try await api.get(try path(unchanged)).expect(200)
                let patched = try await api.patch(
                    "/Users/\(id)", [["op": "add", "path": "title", "value": "x"]], headers: Self.prefer)
                patched.expect(202)
                try await api.get(try path(patched)).expect(202)
                let deleted = try await api.delete("/Users/\(id)", headers: Self.prefer)
                deleted.expect(202)
                try await finish(api, id)
                let token = try await api.get(try path(deleted), headers: [("Accept", "application/json")])
                #expect(token.json["events"]?[TransactionToken.event]?["status"] == "204")
            }
        }

        @Test("A bulk request has one token for each operation, numbered in its order")
        func bulk() async throws {
            try await withAPI { api in
                let answer = try await api.bulk(
                    [
                        [
                            "method": "POST", "path": "/Users", "bulkId": "a",
                            "data": .object(Samples.user(Samples.name())),
                        ],
                        ["method": "DELETE", "path": "/Users/00000000-0000-4000-8000-000000000001"],
                    ], headers: Self.prefer)
                answer.expect(202)
                let transaction = try #require(answer.header("Set-Txn"))
                let path = try path(answer)
                try await api.get(path).expect(202)
                try await api.get("\(path):0").expect(202)
                try await api.get("\(path):2").expect(404)
                let second = try await api.get("\(path):1", headers: [("Accept", "application/json")])
                second.expect(200)
                #expect(second.json["txn"] == .string("\(transaction):1"))
                #expect(second.json["events"]?[TransactionToken.event]?["response"]?["status"] == "404")
                try await finish(api, try await onlyUser(api))
                let all = try await api.get(path)
                all.expect(200)
                #expect(all.json["sets"]?.objectValue?.count == 2)
            }
        }

        @Test("Nobody else sees a transaction, and none is invented")
        func guarded() async throws {
            try await withAPI { api in
                let answer = try await api.post("/Users", Samples.user(Samples.name()), headers: Self.prefer)
                let path = try path(answer)
                try await api.get(path, token: .otherClient).expect(404)
                try await api.get(path, token: .otherTenant).expect(404)
                try await api.get("/Transactions/00000000-0000-4000-8000-000000000001").expect(404)
                try await api.get("/Transactions/nonsense").expect(404)
                try await api.post("/Users", [:], headers: Self.prefer).expect(400, scimType: "invalidSyntax")
            }
        }

        @Test("Prefer: wait is honoured: 202 when the time is over, the usual answer when the end comes in time")
        func wait() async throws {
            try await withAPI { api in
                let late = try await api.post(
                    "/Users", Samples.user(Samples.name()), headers: [("Prefer", "respond-async, wait=0")])
                late.expect(202)
                try await finish(api, try await onlyUser(api))
                async let answer = api.post(
                    "/Groups", Samples.group(Samples.name("g")),
                    headers: [("Prefer", "respond-async; wait=20, wait=20")]
                )
                try await eventually { try await api.get("/Groups").json["totalResults"] == 1 }
                let id = try #require(try await api.get("/Groups").json["Resources"]?[0]?["id"]?.stringValue)
                try await finish(api, id)
                try await answer.expect(201)
            }
        }

        @Test(
            "The header Prefer",
            arguments: [
                ("respond-async", true, nil), ("Respond-Async", true, nil), ("wait=5, respond-async", true, 5),
                ("return=minimal", false, nil), ("respond-async;x=1", true, nil), ("wait=-1", false, nil),
                ("", false, nil),
            ] as [(String, Bool, Int?)])
        func preference(header: String, isAsynchronous: Bool, wait: Int?) {
            let preference = Preference(header: header)
            #expect(preference.respondsAsynchronously == isAsynchronous)
            #expect(preference.wait == wait)
        }
    }
}
