// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct PatchTests {
        @Test("A change is a revision with a job; what changes nothing is neither")
        func revisions() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let changed = try await api.patch("/Users/\(id)", [["op": "Add", "path": "title", "value": "Boss"]])
                changed.expect(200)
                #expect(changed.etag == #"W/"2""# && changed.json["title"] == "Boss")
                let again = try await api.patch("/Users/\(id)", [["op": "replace", "value": ["title": "Boss"]]])
                again.expect(200)
                #expect(again.etag == #"W/"2""#)
                #expect(try await api.jobs(of: id).map(\.operation) == ["create", "modify"])
            }
        }

        @Test("All operations or none")
        func atomic() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name()))
                try await api.patch(
                    "/Users/\(user.id)",
                    [
                        ["op": "add", "path": "title", "value": "Boss"],
                        ["op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"],
                    ]
                ).expect(400, scimType: "noTarget")
                #expect(try await api.get("/Users/\(user.id)").json == user.json)
            }
        }

        @Test(
            "What cannot be done is refused with the keyword of RFC 7644",
            arguments: [
                (["op": "replace", "path": "id", "value": "x"], "mutability"),
                (["op": "remove", "path": "userName"], "mutability"), (["op": "remove"], "noTarget"),
                (["op": "add", "path": "nothing", "value": "x"], "invalidPath"),
                (["op": "add", "path": "emails[", "value": "x"], "invalidPath"),
                (["op": "add", "path": "active", "value": "maybe"], "invalidValue"),
                (["op": "move", "path": "title"], "invalidSyntax"),
            ] as [(JSONValue, String)])
        func refused(operation: JSONValue, scimType: String) async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.patch("/Users/\(id)", [operation]).expect(400, scimType: scimType)
                try await api.patch(
                    "/Users/00000000-0000-4000-8000-000000000001", [["op": "add", "path": "title", "value": "x"]]
                )
                .expect(404)
            }
        }

        @Test("If-Match is honoured, and the answer is projected")
        func conditionsAndProjection() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let operation: JSONValue = ["op": "add", "path": "title", "value": "x"]
                try await api.patch("/Users/\(id)", [operation], headers: [("If-Match", #"W/"9""#)]).expect(412)
                let answer = try await api.patch(
                    "/Users/\(id)?attributes=title", [operation], headers: [("If-Match", #"W/"1""#)])
                answer.expect(200)
                #expect(Set(answer.json.keys) == ["schemas", "id", "title"])
            }
        }

        @Test("A name that another resource has is 409")
        func uniqueness() async throws {
            try await withAPI { api in
                let name = Samples.name()
                _ = try await api.post("/Users", Samples.user(name))
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.patch(
                    "/Users/\(id)", [["op": "replace", "path": "userName", "value": .string(name.uppercased())]]
                ).expect(409, scimType: "uniqueness")
            }
        }

        @Test("Members come and go, whichever form a client uses")
        func members() async throws {
            try await withAPI { api in
                var users: [String] = []
                for _ in 0..<4 { users.append(try await api.post("/Users", Samples.user(Samples.name())).id) }
                let path =
                    "/Groups/\(try await api.post("/Groups", Samples.group(Samples.name("g"), members: [users[0]])).id)"
                func members(_ operations: JSONValue...) async throws -> Set<String> {
                    let answer = try await api.patch(path, operations)
                    answer.expect(200)
                    let members = answer.json["members"]?.arrayValue ?? []
                    return Set(members.compactMap { $0["value"]?.stringValue })
                }
                func value(_ id: String) -> JSONValue { ["value": .string(id)] }
                #expect(
                    try await members([
                        "op": "Add", "path": "members", "value": [["$ref": nil, "value": .string(users[1])]],
                    ])
                        == [users[0], users[1]])
                #expect(
                    try await members(["op": "add", "value": ["members": [value(users[2])]]])
                        == [users[0], users[1], users[2]])
                #expect(
                    try await members(["op": "Remove", "path": "members", "value": [value(users[0])]])
                        == [users[1], users[2]])
                #expect(
                    try await members(
                        ["op": "remove", "path": .string("members[value eq \"\(users[1])\"]")],
                        ["op": "add", "path": "members", "value": [value(users[3])]]) == [users[2], users[3]])
                #expect(
                    try await members(["op": "replace", "path": "members", "value": [value(users[0])]]) == [users[0]])
                #expect(try await members(["op": "remove", "path": "members[type eq \"Group\"]"]) == [users[0]])
                #expect(try await members(["op": "remove", "path": "members[type eq \"User\"]"]) == [])
                // A filter and a list: those who are in both.
                let listed = { (id: String) -> JSONValue in
                    ["op": "Remove", "path": "members[type eq \"User\"]", "value": [value(id), value(path)]]
                }
                let both: JSONValue = ["op": "add", "path": "members", "value": .array(users[...1].map(value))]
                #expect(try await members(both) == Set(users[...1]))
                #expect(try await members(listed(users[0])) == [users[1]])
                let third: JSONValue = ["op": "add", "path": "members", "value": [value(users[2])]]
                #expect(try await members(third, listed(users[2])) == [users[1]])
                try await api.patch(path, [["op": "replace", "path": "members", "value": nil]])
                    .expect(400, scimType: "invalidValue", naming: "[]")
                try await api.patch(path, [["op": "add", "path": "members", "value": [value(path)]]])
                    .expect(400, scimType: "invalidValue")
            }
        }

        @Test("Dozens of clients change one group at the same time: none is refused, nothing is lost")
        func parallelMembers() async throws {
            try await withAPI { api in
                var users: [String] = []
                for _ in 0..<24 { users.append(try await api.post("/Users", Samples.user(Samples.name())).id) }
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"))).id
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for user in users {
                        group.addTask {
                            try await api.patch(
                                "/Groups/\(id)",
                                [["op": "add", "path": "members", "value": [["value": .string(user)]]]]
                            ).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.allSatisfy { $0 == 200 }, "\(statuses)")
                let group = try await api.get("/Groups/\(id)")
                let members = (group.json["members"]?.arrayValue ?? []).compactMap { $0["value"]?.stringValue }
                #expect(Set(members) == Set(users))
            }
        }
    }
}
