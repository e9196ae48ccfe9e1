// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Storage
import Testing

@testable import API

extension OverHTTP {
    @Suite struct BulkTests {
        private func create(_ name: String, _ bulkID: String, _ more: JSONObject = [:]) -> JSONValue {
            [
                "method": "POST", "path": "/Users", "bulkId": .string(bulkID),
                "data": .object(Samples.user(name, more)),
            ]
        }

        private func createGroup(_ name: String, _ bulkID: String, members: [String]) -> JSONValue {
            [
                "method": "POST", "path": "/Groups", "bulkId": .string(bulkID),
                "data": .object(Samples.group(name, members: members)),
            ]
        }

        private func statuses(_ answer: Answer) -> [String] {
            (answer.json["Operations"]?.arrayValue ?? []).map { $0["status"]?.stringValue ?? "" }
        }

        @Test("RFC 7644 section 3.7: every method, each with its location, version and status")
        func methods() async throws {
            try await withAPI { api in
                let first = try await api.post("/Users", Samples.user(Samples.name()))
                let second = try await api.post("/Users", Samples.user(Samples.name()))
                let third = try await api.post("/Users", Samples.user(Samples.name()))
                let name = Samples.name()
                let answer = try await api.bulk([
                    create(Samples.name(), "a"),
                    [
                        "method": "PUT", "path": .string("/Users/\(first.id)"), "version": .string(first.etag),
                        "data": .object(Samples.user(name)),
                    ],
                    [
                        "method": "PATCH", "path": .string("/Users/\(second.id)"),
                        "data": [
                            "schemas": [.string(SchemaURN.patchOp)],
                            "Operations": [["op": "replace", "path": "title", "value": "Boss"]],
                        ],
                    ],
                    ["method": "DELETE", "path": .string("/Users/\(third.id)")],
                ])
                answer.expect(200)
                #expect(answer.json["schemas"] == [.string(SchemaURN.bulkResponse)])
                #expect(statuses(answer) == ["201", "200", "200", "204"])
                let operations = answer.json["Operations"]?.arrayValue ?? []
                #expect(operations[0]["bulkId"] == "a" && operations[0]["method"] == "POST")
                #expect(operations[0]["version"] == #"W/"1""#)
                #expect(
                    operations[1]["location"] == .string("https://scim.example/scim/v2/Users/\(first.id)")
                        && operations[1]["version"] == #"W/"2""#)
                #expect(try await api.get("/Users/\(first.id)").json["userName"] == .string(name))
                #expect(try await api.get("/Users/\(second.id)").json["title"] == "Boss")
                try await api.get("/Users/\(third.id)").expect(404)
                #expect(try await api.jobs(of: first.id).last?.lane == "bulk")
            }
        }

        @Test("References are resolved whatever the order of the operations")
        func references() async throws {
            try await withAPI { api in
                let answer = try await api.bulk([
                    createGroup(Samples.name("g"), "outer", members: ["bulkId:inner", "bulkId:u2"]),
                    createGroup(Samples.name("g"), "inner", members: ["bulkId:u1"]),
                    create(Samples.name(), "u1", [SchemaURN.enterpriseUser: ["manager": ["value": "bulkId:u2"]]]),
                    create(Samples.name(), "u2"),
                    [
                        "method": "PATCH", "path": "/Groups/bulkId:inner",
                        "data": [
                            "schemas": [.string(SchemaURN.patchOp)],
                            "Operations": [
                                ["op": "add", "path": "members", "value": [["value": "bulkId:u2"]]],
                                ["op": "remove", "path": "members[value eq \"bulkId:u1\"]"],
                            ],
                        ],
                    ],
                ])
                #expect(statuses(answer) == ["201", "201", "201", "201", "200"], "\(answer.text)")
                let locations = (answer.json["Operations"]?.arrayValue ?? []).map {
                    String(($0["location"]?.stringValue ?? "").suffix(36))
                }
                let outer = try await api.get("/Groups/\(locations[0])").json
                #expect(
                    Set((outer["members"]?.arrayValue ?? []).compactMap { $0["value"]?.stringValue })
                        == [locations[1], locations[3]])
                let inner = try await api.get("/Groups/\(locations[1])").json
                #expect(
                    (inner["members"]?.arrayValue ?? []).compactMap { $0["value"]?.stringValue } == [locations[3]])
                let managed = try await api.get("/Users/\(locations[2])").json
                #expect(managed[SchemaURN.enterpriseUser]?["manager"]?["value"] == .string(locations[3]))
            }
        }

        @Test("Users may manage each other; groups in a circle are 409, and nothing of them is left")
        func circles() async throws {
            try await withAPI { api in
                let manager = { (bulkID: String) -> JSONObject in
                    [SchemaURN.enterpriseUser: ["manager": ["value": .string("bulkId:\(bulkID)")]]]
                }
                let users = try await api.bulk([
                    create(Samples.name(), "a", manager("b")), create(Samples.name(), "b", manager("a")),
                ])
                #expect(statuses(users) == ["201", "201"], "\(users.text)")
                let groups = try await api.bulk([
                    createGroup(Samples.name("g"), "a", members: ["bulkId:b"]),
                    createGroup(Samples.name("g"), "b", members: ["bulkId:a"]),
                    createGroup(Samples.name("g"), "c", members: ["bulkId:c"]),
                ])
                #expect(statuses(groups) == ["409", "409", "409"], "\(groups.text)")
                #expect(try await api.get("/Groups").json["totalResults"] == 0)
            }
        }

        @Test("What refers to an operation that failed fails too, the rest does not")
        func failures() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let answer = try await api.bulk([
                    create(name, "a"), create(name.uppercased(), "b"),
                    createGroup(Samples.name("g"), "g", members: ["bulkId:b"]),
                    createGroup(Samples.name("g"), "h", members: ["bulkId:nobody"]),
                    ["method": "GET", "path": "/Users"], ["method": "DELETE", "path": "/Users/x"], "nonsense",
                    ["method": "POST", "path": "/Schemas", "bulkId": "s", "data": [:]],
                    ["method": "PUT", "path": "/Users", "data": [:]],
                    create(Samples.name(), "z"),
                ])
                answer.expect(200)
                #expect(
                    statuses(answer) == ["201", "409", "409", "409", "400", "404", "400", "404", "405", "201"],
                    "\(answer.text)")
                let operations = answer.json["Operations"]?.arrayValue ?? []
                #expect(operations[1]["response"]?["scimType"] == "uniqueness")
                #expect(operations[1]["response"]?["schemas"] == [.string(SchemaURN.error)])
                #expect(operations[1]["location"] == nil)
            }
        }

        @Test("What failed tells its address, unless it was a create, and all that it said of itself")
        func failuresTellWhatTheyAre() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let nobody = "2819c223-7f76-453a-919d-413861904646"
                let answer = try await api.bulk([
                    ["method": "DELETE", "path": .string("/Users/\(id)"), "version": #"W/"7""#],
                    ["method": "PATCH", "path": .string("/Users/\(id)"), "data": ["schemas": []]],
                    ["method": "PUT", "path": .string("/Groups/\(nobody)"), "data": .object(Samples.group("g"))],
                    ["method": "PUT", "path": .string("/Users/\(id)"), "data": ["manager": "bulkId:nobody"]],
                    ["method": "POST", "path": "/Users", "bulkId": "data"], ["method": "post", "bulkId": "path"],
                    ["method": "PATCH", "bulkId": "number", "path": 5],
                    ["method": "DELETE", "path": "/Users/bulkId:x"],
                ])
                #expect(statuses(answer) == ["412", "400", "404", "409", "400", "400", "400", "409"], "\(answer.text)")
                let operations = answer.json["Operations"]?.arrayValue ?? []
                let user = JSONValue.string("https://scim.example/scim/v2/Users/\(id)")
                let group = JSONValue.string("https://scim.example/scim/v2/Groups/\(nobody)")
                #expect(operations.map { $0["location"] } == [user, user, group, user, nil, nil, nil, nil])
                #expect(operations.map { $0["bulkId"] } == [nil, nil, nil, nil, "data", "path", "number", nil])
                #expect(operations[4...6].map { $0["method"] } == ["POST", "POST", "PATCH"])
            }
        }

        @Test("failOnErrors: so many errors end it; what follows is not carried out", arguments: [1, 2])
        func failOnErrors(count: Int) async throws {
            try await withAPI { api in
                let bad: JSONValue = [
                    "method": "POST", "path": "/Users", "bulkId": "x", "data": ["schemas": [.string(SchemaURN.user)]],
                ]
                let answer = try await api.bulk(
                    [create(Samples.name(), "a"), bad, create(Samples.name(), "b"), bad, create(Samples.name(), "c")],
                    failOnErrors: count)
                answer.expect(200)
                #expect(statuses(answer) == (count == 1 ? ["201", "400"] : ["201", "400", "201", "400"]))
                #expect(try await api.get("/Users").json["totalResults"]?.integerValue == Int64(count))
            }
        }

        @Test("In order: a name that is freed can be taken again, one that is held cannot")
        func order() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let old = try await api.post("/Users", Samples.user(name))
                let answer = try await api.bulk([
                    create(name, "early"), ["method": "DELETE", "path": .string("/Users/\(old.id)")],
                    create(name, "late"),
                ])
                #expect(statuses(answer) == ["409", "204", "201"], "\(answer.text)")
            }
        }

        @Test("A stale version is 412 in its operation")
        func version() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name()))
                let answer = try await api.bulk([
                    [
                        "method": "PUT", "path": .string("/Users/\(user.id)"), "version": #"W/"7""#,
                        "data": .object(Samples.user(Samples.name())),
                    ]
                ])
                #expect(statuses(answer) == ["412"])
            }
        }

        @Test("Too much at once is 413, no bulk request 400")
        func limits() async throws {
            var limits = RequestLimits()
            limits.bulkOperations = 3
            limits.bulkBody = 4096
            try await withAPI(limits: limits) { api in
                try await api.bulk((0..<4).map { create(Samples.name(), "\($0)") }).expect(413, naming: "3")
                try await api.bulk([
                    create(Samples.name(), "a", ["title": .string(String(repeating: "x", count: 5000))])
                ])
                .expect(413)
                try await api.bulk([]).expect(400, scimType: "invalidSyntax")
                try await api.post("/Bulk", ["schemas": [.string(SchemaURN.user)], "Operations": []])
                    .expect(400, scimType: "invalidSyntax", naming: "schemas")
                try await api.bulk([create(Samples.name(), "a")], failOnErrors: 0)
                    .expect(400, scimType: "invalidValue", naming: "failOnErrors")
                let bulk = try await api.get("/ServiceProviderConfig").json["bulk"]
                #expect(bulk == ["supported": true, "maxOperations": 3, "maxPayloadSize": 4096])
            }
        }

        @Test("A thousand creates are stored, each with its job, in a few round trips to PostgreSQL")
        func thousand() async throws {
            try await withAPI { api in
                func roundTrips() -> Int { api.statistics().pipelines.reduce(0) { $0 + $1.statistics.segments } }
                let stem = Samples.name()
                let before = roundTrips()
                let answer = try await api.bulk((0..<1000).map { create("\(stem)-\($0)", "\($0)") })
                #expect(statuses(answer) == Array(repeating: "201", count: 1000))
                #expect((1...8).contains(roundTrips() - before), "\(roundTrips() - before)")
                // Nor did any go another way.
                #expect(api.statistics().pools.allSatisfy { $0.statistics.size == 0 })
                #expect(try await api.get("/Users?count=0").json["totalResults"] == 1000)
            }
        }
    }
}
