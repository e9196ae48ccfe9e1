// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 9: groups and references")
struct GroupClauses {
    private func names(_ reply: Reply, _ property: String) -> [String] {
        reply.properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    @Test("PATCH users replaces the list")
    func replace() async throws {
        try await withUsers("a", "b", "c") { _, client async throws in
            try await client.createGroup("g", ["users": [.string(userDN("a")), .string(userDN("b"))]])
            #expect(
                try await client.patch(group("g"), ["users": [.string(userDN("c")), .string(userDN("b"))]]).status
                    == 204)
            #expect(Set(names(try await client.get(group("g")), "users")) == [userDN("b"), userDN("c")])
            #expect(try await client.patch(group("g"), ["users": []]).status == 204)
            #expect(names(try await client.get(group("g")), "users") == [])
        }
    }

    @Test("item 17: a name of nothing is kept as it was sent, and becomes real with its object")
    func dangling() async throws {
        try await withDouble { _, client async throws in
            let sent = "uid=Later,CN=users,dc=example,dc=org"
            try await client.createGroup("g", ["users": [.string(sent)]])
            #expect(names(try await client.get(group("g")), "users") == [sent])
            try await client.createUser("later")
            #expect(Set(names(try await client.get(user("later")), "groups")) == [domainUsers, groupDN("g")])
        }
    }

    @Test("open() in group.py: a name of nothing is shown only if it begins with uid=, and kept all the same")
    func hidden() async throws {
        try await withUsers("a") { _, client async throws in
            let sent = [groupDN("later"), "UID=Late,CN=users,dc=example,dc=org"]
            try await client.createGroup("g", ["users": .array(sent.map { .string($0) })])
            #expect(names(try await client.get(group("g")), "users") == [])
            // A list that is replaced by what was shown of it.
            #expect(try await client.patch(group("g"), ["users": [.string(userDN("a"))]]).status == 204)
            #expect(names(try await client.get(group("g")), "users") == [userDN("a")])
            try await client.createGroup("later")
            try await client.createUser("late")
            let reply = try await client.get(group("g"))
            #expect(names(reply, "nestedGroup") == [groupDN("later")])
            #expect(Set(names(reply, "users")) == [userDN("a"), sent[1]])
        }
    }

    @Test("check_for_group_recursion() in group.py: a nested group that is not there is 400 No such object")
    func missingNestedGroup() async throws {
        try await withDouble { _, client async throws in
            try await client.createGroup("g")
            let created = try await client.post(
                "groups/group", ["name": "h", "nestedGroup": [.string(groupDN("Nowhere"))]])
            let changed = try await client.patch(group("g"), ["nestedGroup": [.string(groupDN("Nowhere"))]])
            for reply in [created, changed] {
                #expect(reply.status == 400 && reply.errors.isEmpty)
                let message = reply.json["error"]?["message"]?.stringValue ?? ""
                #expect(message.contains("No such object: \(groupDN("nowhere"))"))
            }
            #expect(try await client.get(group("h")).status == 404)
        }
    }

    @Test("item 17: a group in users turns up in nestedGroup")
    func groupAmongUsers() async throws {
        try await withUsers("a") { _, client async throws in
            try await client.createGroup("inner")
            try await client.createGroup("g", ["users": [.string(groupDN("inner")), .string(userDN("a"))]])
            let reply = try await client.get(group("g"))
            #expect(names(reply, "users") == [userDN("a")] && names(reply, "nestedGroup") == [groupDN("inner")])
            #expect(names(try await client.get(group("inner")), "memberOf") == [groupDN("g")])
            #expect(try await client.patch(group("g"), ["users": []]).status == 204)
            #expect(names(try await client.get(group("g")), "nestedGroup") == [groupDN("inner")])
        }
    }

    @Test("item 17: a user in nestedGroup is 400")
    func userAmongGroups() async throws {
        try await withUsers("a") { _, client async throws in
            try await client.createGroup("g")
            #expect(try await client.patch(group("g"), ["nestedGroup": [.string(userDN("a"))]]).status == 400)
            #expect(names(try await client.get(group("g")), "users") == [])
        }
    }

    @Test("a member that is no name: 422 at users", arguments: ["nonsense", "", "=x,dc=org"])
    func badMember(name: String) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.post("groups/group", ["name": "g", "users": [.string(name)]])
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location.last) == ["users"])
        }
    }

    @Test(
        "UDM_Objects in syntax.py: a name with an escaped comma or equals sign is no name in a list, however it is escaped"
    )
    func escapedNames() async throws {
        try await withUsers("a") { _, client async throws in
            #expect(try await client.post("container/ou", ["name": "x, y=z"]).status == 201)
            let inner = try await client.createGroup("R+D, EMEA").json["dn"] ?? .null
            try await client.createGroup("g")
            for (property, name) in [
                ("nestedGroup", inner), ("users", inner), ("memberOf", inner),
                ("nestedGroup", "cn=R\\2bD\\2C EMEA,cn=groups,dc=example,dc=org"),
                ("users", "uid=b,ou=x\\2C y\\3Dz,dc=example,dc=org"), ("users", "uid=b,ou=y\\=z,dc=example,dc=org"),
            ] {
                let reply = try await client.patch(group("g"), [property: [name]])
                #expect(reply.status == 422)
                #expect(reply.errors.map(\.location) == [["body", "properties", property]])
            }
            #expect(try await client.patch(user("a"), ["groups": [inner]]).errors.map(\.location.last) == ["groups"])
            let plus = try await client.createGroup("R+D").json["dn"] ?? .null
            #expect(try await client.patch(group("g"), ["nestedGroup": [plus]]).status == 204)
        }
    }

    @Test(
        "circles are refused at memberOf, whichever way they would close",
        arguments: ["self", "nestedGroup", "users", "memberOf"])
    func circle(way: String) async throws {
        try await withDouble { _, client async throws in
            try await client.createGroup("a")
            try await client.createGroup("b", ["nestedGroup": [.string(groupDN("a"))]])
            try await client.createGroup("c", ["nestedGroup": [.string(groupDN("b"))]])
            let reply =
                switch way {
                case "self": try await client.patch(group("a"), ["nestedGroup": [.string(groupDN("a"))]])
                case "memberOf": try await client.patch(group("c"), ["memberOf": [.string(groupDN("a"))]])
                default: try await client.patch(group("a"), [way: [.string(groupDN("c"))]])
                }
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["body", "properties", "memberOf"]])
            #expect(reply.errors.first?.message.contains("Circular group dependency") == true)
        }
    }

    @Test("groups on a user works in the other direction; the primary group stays listed")
    func fromTheUser() async throws {
        try await withUsers("a") { _, client async throws in
            for name in ["g", "h"] { try await client.createGroup(name) }
            #expect(
                try await client.patch(user("a"), ["groups": [.string(groupDN("g")), .string(groupDN("h"))]]).status
                    == 204)
            #expect(names(try await client.get(group("g")), "users") == [userDN("a")])
            #expect(try await client.patch(user("a"), ["groups": [.string(groupDN("h"))]]).status == 204)
            #expect(names(try await client.get(group("g")), "users") == [])
            #expect(names(try await client.get(user("a")), "groups") == [domainUsers, groupDN("h")])
            let unknown = try await client.patch(user("a"), ["groups": [.string(groupDN("nowhere"))]])
            #expect(unknown.status == 400)
            #expect(unknown.json["error"]?["message"]?.stringValue?.contains("No such object") == true)
        }
    }

    @Test("item 16: groups on a user changes the group's ETag and not the user's, whose If-Match it honours")
    func etagsFromTheUser() async throws {
        try await withUsers("a") { _, client async throws in
            try await client.createGroup("g")
            let before = (user: try await client.get(user("a")).etag, group: try await client.get(group("g")).etag)
            let groups: JSONObject = ["groups": [.string(domainUsers), .string(groupDN("g"))]]
            #expect(try await client.patch(user("a"), groups, headers: ["If-Match": "\"0\""]).status == 412)
            #expect(try await client.patch(user("a"), groups, headers: ["If-Match": before.user]).status == 204)
            #expect(try await client.get(user("a")).etag == before.user)
            #expect(try await client.get(group("g")).etag != before.group)
            // What is not in the list is taken away, whoever put the user there.
            try await client.createGroup("h", ["users": [.string(userDN("a"))]])
            #expect(try await client.patch(user("a"), groups, headers: ["If-Match": before.user]).status == 204)
            #expect(names(try await client.get(group("h")), "users") == [])
        }
    }

    @Test("rename and groups in one request")
    func renameAndGroups() async throws {
        try await withUsers("a") { _, client async throws in
            for name in ["g", "h"] { try await client.createGroup(name) }
            #expect(try await client.patch(user("a"), ["groups": [.string(groupDN("g"))]]).status == 204)
            let reply = try await client.patch(user("a"), ["username": "z", "groups": [.string(groupDN("h"))]])
            #expect(reply.status == 204)
            #expect(names(try await client.get(group("g")), "users") == [])
            #expect(names(try await client.get(group("h")), "users") == [userDN("z")])
        }
    }

    @Test("another primary group lists the user too")
    func primaryGroup() async throws {
        try await withUsers("a") { _, client async throws in
            try await client.createGroup("g")
            #expect(try await client.patch(user("a"), ["primaryGroup": .string(groupDN("g"))]).status == 204)
            let properties = try await client.get(user("a")).properties
            #expect(properties["primaryGroup"] == .string(groupDN("g")))
            #expect(names(try await client.get(group("g")), "users") == [userDN("a")])
            #expect(properties["gidNumber"] == (try await client.get(group("g")).properties["gidNumber"]))
        }
    }

    @Test("a large group takes single members without trouble")
    func largeGroup() async throws {
        try await withUsers("a") { _, client async throws in
            let members = (0..<20_000).map { JSONValue.string(userDN("m\($0)")) }
            try await client.createGroup("g", ["users": .array(members)])
            #expect(try await client.patch(user("a"), ["groups": [.string(groupDN("g"))]]).status == 204)
            let reply = try await client.get(group("g"))
            #expect(names(reply, "users").count == 20_001)
            let withoutFirst = Array(members.dropFirst()) + [.string(userDN("a"))]
            #expect(
                try await client.patch(group("g"), ["users": .array(withoutFirst)], headers: ["If-Match": reply.etag])
                    .status == 204)
            #expect(names(try await client.get(group("g")), "users").count == 20_000)
        }
    }
}
