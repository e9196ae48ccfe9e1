// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    /// RFC 7644 section 3.7: what comes of the operations is what would come of them one after the other.
    @Suite struct BulkOrderTests {
        private func create(_ name: String, _ bulkID: String, _ more: JSONObject = [:]) -> JSONValue {
            [
                "method": "POST", "path": "/Users", "bulkId": .string(bulkID),
                "data": .object(Samples.user(name, more)),
            ]
        }

        private func createGroup(_ name: String, _ bulkID: String, members: [String] = []) -> JSONValue {
            [
                "method": "POST", "path": "/Groups", "bulkId": .string(bulkID),
                "data": .object(Samples.group(name, members: members)),
            ]
        }

        private func patch(_ path: String, _ operations: JSONValue...) -> JSONValue {
            [
                "method": "PATCH", "path": .string(path),
                "data": ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)],
            ]
        }

        private func put(_ path: String, _ body: JSONObject) -> JSONValue {
            ["method": "PUT", "path": .string(path), "data": .object(body)]
        }

        private func rename(_ id: String, _ name: String) -> JSONValue {
            patch("/Users/\(id)", ["op": "replace", "path": "userName", "value": .string(name)])
        }

        private func add(_ member: String, to group: String) -> JSONValue {
            patch("/Groups/\(group)", ["op": "add", "path": "members", "value": [["value": .string(member)]]])
        }

        private func statuses(_ answer: Answer) -> [String] {
            (answer.json["Operations"]?.arrayValue ?? []).map { $0["status"]?.stringValue ?? "" }
        }

        private func id(_ answer: Answer, _ index: Int) -> String {
            String((answer.json["Operations"]?[index]?["location"]?.stringValue ?? "").suffix(36))
        }

        private func user(_ api: TestAPI, _ name: String = Samples.name()) async throws -> String {
            try await api.post("/Users", Samples.user(name)).id
        }

        private func group(_ api: TestAPI, members: [String] = []) async throws -> String {
            try await api.post("/Groups", Samples.group(Samples.name("g"), members: members)).id
        }

        @Test("A name goes to the first who asks for it, and is taken until it is given up")
        func renames() async throws {
            try await withAPI { api in
                let names = ["p", "q"].map { Samples.name($0) }
                let holder = try await user(api, names[0])
                let other = try await user(api)
                let taken = try await api.bulk([rename(other, names[0]), rename(holder, names[1])])
                #expect(statuses(taken) == ["409", "200"], "\(taken.text)")
                let free = try await api.bulk([rename(holder, Samples.name()), rename(other, names[1])])
                #expect(statuses(free) == ["200", "200"], "\(free.text)")
                // Many at once, so that a race would show.
                var operations: [JSONValue] = []
                for _ in 0..<12 {
                    let name = Samples.name()
                    operations += [rename(try await user(api), name), rename(try await user(api), name)]
                }
                let races = try await api.bulk(operations)
                #expect(
                    statuses(races) == Array(repeating: ["200", "409"], count: 12).flatMap(\.self), "\(races.text)")
            }
        }

        @Test("An address that is hosted counts as a name does, in a PUT as well")
        func addresses() async throws {
            try await withAPI { api in
                let mail = { (address: String) -> JSONObject in
                    ["emails": [["value": .string(address), "type": "mailbox"]]]
                }
                let names = [Samples.name(), Samples.name()]
                let first = try await api.post("/Users", Samples.user(names[0], mail("a@x.example"))).id
                let second = try await user(api, names[1])
                let answer = try await api.bulk([
                    put("/Users/\(second)", Samples.user(names[1], mail("a@x.example"))),
                    patch("/Users/\(first)", ["op": "remove", "path": "emails"]),
                    patch(
                        "/Users/\(second)",
                        ["op": "add", "path": "emails", "value": mail("a@x.example")["emails"] ?? []]),
                ])
                #expect(statuses(answer) == ["409", "200", "200"], "\(answer.text)")
            }
        }

        @Test("Groups take each other in and drop each other in order")
        func nesting() async throws {
            try await withAPI { api in
                var operations: [JSONValue] = []
                var expected: [String] = []
                for _ in 0..<6 {
                    let inner = try await group(api)
                    let outer = try await group(api, members: [inner])
                    let others = [try await group(api), try await group(api)]
                    operations += [
                        patch("/Groups/\(outer)", ["op": "remove", "path": "members[value eq \"\(inner)\"]"]),
                        add(outer, to: inner), add(others[1], to: others[0]), add(others[0], to: others[1]),
                    ]
                    expected += ["200", "200", "200", "400"]
                }
                let answer = try await api.bulk(operations)
                #expect(statuses(answer) == expected, "\(answer.text)")
                let inner = try await api.post("/Groups", Samples.group("inner")).id
                let outer = try await api.post("/Groups", Samples.group("outer", members: [inner])).id
                let puts = try await api.bulk([
                    put("/Groups/\(outer)", Samples.group("outer", members: [])),
                    put("/Groups/\(inner)", Samples.group("inner", members: [outer])),
                ])
                #expect(statuses(puts) == ["200", "200"], "\(puts.text)")
            }
        }

        @Test("Nothing overtakes an operation that waits for one before it")
        func overtaking() async throws {
            try await withAPI { api in
                let names = (0..<4).map { _ in Samples.name() }
                let deleted = try await api.bulk([
                    create(names[0], "1"), ["method": "DELETE", "path": "/Users/bulkId:1"], create(names[0], "2"),
                ])
                #expect(statuses(deleted) == ["201", "204", "201"], "\(deleted.text)")
                let renamed = try await api.bulk([
                    create(names[1], "1"), rename("bulkId:1", names[2]), create(names[1], "2"),
                ])
                #expect(statuses(renamed) == ["201", "200", "201"], "\(renamed.text)")
                let managed = try await api.bulk([
                    create(Samples.name(), "m"),
                    create(names[3], "a", [SchemaURN.enterpriseUser: ["manager": ["value": "bulkId:m"]]]),
                    create(names[3], "b"),
                ])
                #expect(statuses(managed) == ["201", "201", "409"], "\(managed.text)")
                // And behind a reference to a later one, as soon as that is there.
                let name = Samples.name()
                let forward = try await api.bulk([
                    create(name, "a", [SchemaURN.enterpriseUser: ["manager": ["value": "bulkId:m"]]]),
                    create(Samples.name(), "m"), create(name, "b"),
                ])
                #expect(statuses(forward) == ["201", "201", "409"], "\(forward.text)")
            }
        }

        @Test("A group is changed as soon as it is there, wherever its create stands")
        func changeBeforeCreate() async throws {
            try await withAPI { api in
                let member = try await user(api)
                let answer = try await api.bulk([
                    add(member, to: "bulkId:g"), createGroup(Samples.name("g"), "g"),
                    patch("/Groups/bulkId:g", ["op": "remove", "path": "members"]), add("bulkId:u", to: "bulkId:g"),
                    create(Samples.name(), "u"),
                ])
                #expect(statuses(answer) == ["200", "201", "200", "200", "201"], "\(answer.text)")
                let members = try await api.get("/Groups/\(id(answer, 1))").json["members"]?.arrayValue ?? []
                #expect(members.map { $0["value"]?.stringValue } == [id(answer, 4)])
            }
        }

        @Test("failOnErrors counts the errors where they stand")
        func failOnErrors() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let first = try await user(api, name)
                let answer = try await api.bulk(
                    [
                        create(name, "a"), create(Samples.name(), "b"),
                        createGroup(Samples.name("g"), "g", members: ["bulkId:a"]), create(Samples.name(), "c"),
                    ], failOnErrors: 2)
                #expect(statuses(answer) == ["409", "201", "409"], "\(answer.text)")
                let refused = try await api.bulk(
                    [create(name, "a"), "nonsense", ["method": "DELETE", "path": .string("/Users/\(first)")]],
                    failOnErrors: 2)
                #expect(statuses(refused) == ["409", "400"], "\(refused.text)")
            }
        }

        @Test("Every reference in the path of a PATCH is resolved")
        func references() async throws {
            try await withAPI { api in
                let answer = try await api.bulk([
                    create(Samples.name(), "a"), create(Samples.name(), "b"), create(Samples.name(), "c"),
                    createGroup(Samples.name("g"), "g", members: ["bulkId:a", "bulkId:b", "bulkId:c"]),
                    patch(
                        "/Groups/bulkId:g",
                        ["op": "remove", "path": #"members[value eq "bulkId:a" or value eq "bulkId:b"]"#]),
                ])
                #expect(statuses(answer) == ["201", "201", "201", "201", "200"], "\(answer.text)")
                let members = try await api.get("/Groups/\(id(answer, 3))").json["members"]?.arrayValue ?? []
                #expect(members.map { $0["value"]?.stringValue } == [id(answer, 2)])
            }
        }

        @Test("What only looks like a reference is a text as any other")
        func texts() async throws {
            try await withAPI { api in
                let texts: JSONObject = [
                    "title": "see bulkId:abc for", "nickName": "code bulkId:q", "userType": "bulkId:q",
                ]
                let answer = try await api.bulk([
                    create(Samples.name(), "q", texts),
                    patch("/Users/bulkId:q", ["op": "add", "path": "displayName", "value": "bulkId:nobody"]),
                ])
                #expect(statuses(answer) == ["201", "200"], "\(answer.text)")
                let user = try await api.get("/Users/\(id(answer, 0))").json
                for (key, value) in texts { #expect(user[key] == value) }
                #expect(user["displayName"] == "bulkId:nobody")
            }
        }
    }
}

@Suite struct BulkReferencesTests {
    private static let id = ResourceID("2819c223-7f76-453a-919d-413861904646")

    private func resolve(_ json: String, _ method: RequestMethod) throws -> JSONValue {
        BulkReferences(.standard).resolve(try JSONValue(parsing: json), of: method) {
            $0.hasPrefix("q") ? Self.id : nil
        }
    }

    @Test(
        "A reference stands where an id or the address of a resource can",
        arguments: [
            #"{"members":[{"value":"bulkId:q"},{"$ref":"https://x/scim/v2/Users/bulkId:q"}]}"#,
            #"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"Manager":"bulkId:q"}}"#,
            #"{"x":{"manager":{"VALUE":"bulkId:q","$ref":"../Users/bulkId:q"}}}"#,
            #"{"roles":[{"value":"bulkId:q"}],"profileUrl":"bulkId:q"}"#,
        ])
    func resolved(json: String) throws {
        let id = try #require(Self.id)
        let wanted = try JSONValue(parsing: json.replacing("bulkId:q", with: id.description))
        #expect(try resolve(json, .post) == wanted)
    }

    @Test("Keys that become the same are one member, in objects of any size")
    func sameKeys() throws {
        let id = try #require(Self.id)
        let keys = (0..<40).map { #""k\#($0)":1"# }.joined(separator: ",")
        let json = #"{"members[value eq \"bulkId:q1\"]":1,\#(keys),"members[value eq \"bulkId:q2\"]":2}"#
        let resolved = try #require(try resolve(json, .post).objectValue)
        #expect(resolved.count == 41)
        #expect(resolved["members[value eq \"\(id)\"]"] == 2)
    }

    @Test(
        "In a PATCH it stands by the path, and within its filters",
        arguments: [
            #"{"op":"add","path":"members","value":["bulkId:q",{"value":"bulkId:q"}]}"#,
            #"{"op":"remove","path":"members[value eq \"bulkId:q\" or value eq \"bulkId:q\"]"}"#,
            #"{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"bulkId:q"}"#,
            #"{"op":"add","path":"urn:x:2.0:User:manager.value","value":"bulkId:q"}"#,
            #"{"op":"add","value":{"members[value eq \"bulkId:q\"]":{"value":"bulkId:q"},"x:manager":"bulkId:q"}}"#,
            #"{"op":"remove","path":"members[$ref eq \"/Groups/bulkId:q\"]"}"#,
        ])
    func patched(json: String) throws {
        let id = try #require(Self.id)
        let message = { (operation: String) in #"{"schemas":[],"operations":[\#(operation)]}"# }
        let wanted = try JSONValue(parsing: message(json.replacing("bulkId:q", with: id.description)))
        #expect(try resolve(message(json), .patch) == wanted)
    }

    @Test(
        "Everything else is a text",
        arguments: [
            #"{"title":"bulkId:q","name":{"familyName":"bulkId:q"},"members":[{"display":"bulkId:q"}]}"#,
            #"{"members":[{"value":"x bulkId:q"},{"value":"bulkId:"},{"value":"bulkId:other"}]}"#,
            #"{"profileUrl":"https://x/pages/bulkId:q"}"#,
        ])
    func text(json: String) throws {
        #expect(try resolve(json, .post) == JSONValue(parsing: json))
    }

    @Test("In a PATCH too", arguments: ["title", "name.givenName", #"emails[type eq \"x bulkId:q\"].display"#])
    func patchedText(path: String) throws {
        let json = #"{"Operations":[{"op":"add","path":"\#(path)","value":"bulkId:q"}]}"#
        #expect(try resolve(json, .patch) == JSONValue(parsing: json))
    }
}
