// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 6: modify, rename, move, conditions")
struct ModifyClauses {
    @Test("PATCH: 204 with Location and entity tag, and only the listed properties change")
    func patch() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("jo", ["title": "Dr.", "phone": ["1", "2"], "description": "x"])
            let reply = try await client.patch(user("jo"), ["title": "Prof.", "phone": ["3"], "description": .null])
            #expect(reply.status == 204 && reply.bytes.isEmpty)
            #expect(reply.location?.hasSuffix("users/user/uid%3Djo%2Ccn%3Dusers%2Cdc%3Dexample%2Cdc%3Dorg") == true)
            let properties = try await client.get(user("jo")).properties
            #expect(
                properties["title"] == "Prof." && properties["phone"] == ["3"] && properties["description"] == .null)
            #expect(properties["firstname"] == "Jo")
        }
    }

    @Test("PATCH and PUT change just what is given, PATCH without properties changes nothing")
    func partial() async throws {
        try await withUsers("jo") { _, client async throws in
            let put = try await client.put(user("jo"), ["title": "Dr."], position: "cn=users,dc=example,dc=org")
            #expect(put.status == 204 && put.etag != nil && put.location != nil)
            #expect(try await client.send(.patch, user("jo"), [:]).status == 204)
            let properties = try await client.get(user("jo")).properties
            #expect(properties["title"] == "Dr." && properties["lastname"] == "Roe")
        }
    }

    @Test(
        "item 15: required properties cannot be emptied", arguments: ["lastname", "username"],
        [.null, ""] as [JSONValue])
    func required(property: String, value: JSONValue) async throws {
        try await withUsers("jo") { _, client async throws in
            let reply = try await client.patch(user("jo"), [property: value])
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["body", "properties", property]])
        }
    }

    @Test("a missing object: 404 for PATCH and DELETE")
    func missing() async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.patch(user("no"), ["title": "x"]).status == 404)
            #expect(try await client.delete(user("no")).status == 404)
        }
    }

    @Test("item 14: position in a PATCH does nothing")
    func patchPosition() async throws {
        try await withUsers("jo") { _, client async throws in
            let reply = try await client.send(
                .patch, user("jo"), ["position": "cn=groups,dc=example,dc=org", "properties": [:]])
            #expect(reply.status == 204)
            #expect(try await client.get(user("jo")).status == 200)
        }
    }

    @Test("item 20: a changed name part regenerates a default displayName, not one that was set")
    func displayName() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("jo")
            try await client.createUser("al", ["displayName": "Boss"])
            for name in ["jo", "al"] {
                #expect(try await client.patch(user(name), ["firstname": "Joan"]).status == 204)
            }
            #expect(try await client.get(user("jo")).properties["displayName"] == "Joan Roe")
            #expect(try await client.get(user("jo")).properties["gecos"] == "Joan Roe")
            #expect(try await client.get(user("al")).properties["displayName"] == "Boss")
            #expect(try await client.patch(user("jo"), ["firstname": "Jo", "displayName": "Joan"]).status == 204)
            #expect(try await client.get(user("jo")).properties["displayName"] == "Joan")
            // A value that is there already is no change, so that it is derived anew.
            #expect(try await client.patch(user("jo"), ["displayName": "Jo Roe"]).status == 204)
            #expect(try await client.patch(user("jo"), ["firstname": "Al", "displayName": "Jo Roe"]).status == 204)
            #expect(try await client.get(user("jo")).properties["displayName"] == "Al Roe")
        }
    }

    @Test("rename by PATCH or PUT: new Location, old address 404, groups follow", arguments: ["PATCH", "PUT"])
    func rename(method: String) async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("g", ["users": [.string(userDN("jo"))]])
            let tag = try await client.get(group("g")).etag
            let reply =
                method == "PATCH"
                ? try await client.patch(user("jo"), ["username": "joan"])
                : try await client.put(user("jo"), ["username": "joan"], position: "cn=users,dc=example,dc=org")
            #expect(reply.status == 204)
            #expect(reply.location?.contains("uid%3Djoan%2C") == true)
            #expect(try await client.get(user("jo")).status == 404)
            let renamed = try await client.get(user("joan"))
            #expect(renamed.etag == reply.etag && renamed.properties["unixhome"] == "/home/jo")
            let listing = try await client.get(group("g"))
            #expect(listing.properties["users"] == [.string(userDN("joan"))] && listing.etag != tag)
            try await client.createUser("jo")
        }
    }

    @Test("renaming a group takes members, parents and primary users along")
    func renameGroup() async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("inner", ["users": [.string(userDN("jo"))]])
            try await client.createGroup("outer", ["nestedGroup": [.string(groupDN("inner"))]])
            #expect(try await client.patch(user("jo"), ["primaryGroup": .string(groupDN("inner"))]).status == 204)
            #expect(try await client.patch(group("inner"), ["name": "core"]).status == 204)
            #expect(try await client.get(group("outer")).properties["nestedGroup"] == [.string(groupDN("core"))])
            #expect(try await client.get(group("core")).properties["memberOf"] == [.string(groupDN("outer"))])
            #expect(try await client.get(user("jo")).properties["primaryGroup"] == .string(groupDN("core")))
        }
    }

    @Test("a rename to a taken name is refused and changes nothing; one of letter case works")
    func renameConflicts() async throws {
        try await withUsers("jo", "al") { _, client async throws in
            let before = try await client.get(user("jo")).etag
            #expect(try await client.patch(user("jo"), ["username": "AL", "title": "x"]).status == 422)
            #expect(try await client.patch(user("jo"), ["username": "Domain-Users"]).status == 204)
            #expect(try await client.patch(user("Domain-Users"), ["username": "jo"]).status == 204)
            #expect(try await client.get(user("jo")).properties["title"] == .null)
            #expect(before != nil)
            let reply = try await client.patch(user("jo"), ["username": "Jo"])
            #expect(reply.status == 204 && reply.location?.contains("uid%3DJo%2C") == true)
            #expect(try await client.get(user("jo")).json["dn"] == .string(userDN("Jo")))
        }
    }

    @Test("PUT creates where nothing is: 201; the address wins over position, and must fit the name")
    func putCreates() async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.put(user("jo"), userProperties("jo"), position: "cn=groups,dc=example,dc=org")
            #expect(reply.status == 201)
            #expect(reply.json["dn"] == .string(userDN("jo")) && reply.json["uuid"] != nil)
            let other = try await client.put(user("al"), userProperties("bo"), position: "cn=users,dc=example,dc=org")
            #expect(other.status == 422 && other.errors.map(\.location) == [["body", "dn"]])
            let missing = try await client.send(.put, user("al"), [:])
            #expect(
                missing.status == 422 && Set(missing.errors.compactMap(\.location.last)) == ["position", "properties"])
        }
    }

    @Test("If-None-Match: * on PUT means create only")
    func createOnly() async throws {
        try await withDouble { _, client async throws in
            let headers = ["If-None-Match": "*"] as [String: String?]
            let position = "cn=users,dc=example,dc=org"
            #expect(
                try await client.put(user("jo"), userProperties("jo"), position: position, headers: headers).status
                    == 201)
            #expect(
                try await client.put(user("jo"), ["title": "x"], position: position, headers: headers).status == 412)
            #expect(try await client.get(user("jo")).properties["title"] == .null)
        }
    }

    @Test("PUT with another position moves only: 201 with finished, all else is dropped")
    func move() async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("g", ["users": [.string(userDN("jo"))]])
            #expect(try await client.post("container/ou", ["name": "north"]).status == 201)
            let reply = try await client.put(user("jo"), ["title": "dropped"], position: "ou=north,dc=example,dc=org")
            #expect(reply.status == 201)
            #expect(reply.json["finished"] == true && reply.json["errors"] == false)
            #expect(reply.location == reply.json["uri"]?.stringValue)
            #expect(try await client.get(user("jo")).status == 404)
            let moved = try await client.get("users/user/uid=jo,ou=north,dc=example,dc=org")
            #expect(moved.properties["title"] == .null)
            #expect(try await client.get(group("g")).properties["users"] == ["uid=jo,ou=north,dc=example,dc=org"])
            let nowhere = try await client.put(
                "users/user/uid=jo,ou=north,dc=example,dc=org", [:], position: "ou=nowhere,dc=example,dc=org")
            #expect(nowhere.status == 422)
        }
    }

    @Test("with progress on: 202, then 301 to itself with Retry-After, then 303, then 404")
    func progress() async throws {
        try await withUsers("jo", configuration: .init(settings: Settings(reportsMoveProgress: true, progressPolls: 2)))
        { _, client async throws in
            #expect(try await client.post("container/ou", ["name": "north"]).status == 201)
            let accepted = try await client.put(user("jo"), [:], position: "ou=north,dc=example,dc=org")
            #expect(accepted.status == 202 && accepted.json["finished"] == false)
            let address = try #require(accepted.location)
            for _ in 0..<2 {
                let running = try await client.send(.get, url: address, nil)
                #expect(running.status == 301 && running.location == address)
                #expect(running.headers.first(name: "Retry-After") == "1" && running.json["finished"] == false)
            }
            let done = try await client.send(.get, url: address, nil)
            #expect(done.status == 303)
            #expect(try await client.send(.get, url: try #require(done.location), nil).json["id"] == "jo")
            #expect(try await client.send(.get, url: address, nil).status == 404)
        }
    }

    @Test("moving a container takes what is in it along")
    func moveContainer() async throws {
        try await withDouble { _, client async throws in
            for name in ["north", "south"] {
                #expect(try await client.post("container/ou", ["name": .string(name)]).status == 201)
            }
            #expect(
                try await client.post("users/user", userProperties("jo"), position: "ou=north,dc=example,dc=org").status
                    == 201)
            let reply = try await client.put(
                "container/ou/ou=north,dc=example,dc=org", [:], position: "ou=south,dc=example,dc=org")
            #expect(reply.status == 202)
            #expect(try await client.get("users/user/uid=jo,ou=north,ou=south,dc=example,dc=org").status == 200)
            #expect(
                try await client.get("groups/group/\(domainUsers)").properties["users"]
                    == ["uid=jo,ou=north,ou=south,dc=example,dc=org"])
        }
    }

    @Test(
        "section 6.5: If-Match and If-None-Match",
        arguments: [
            ("PATCH", "If-Match", "current", 204), ("PATCH", "If-Match", "weak", 204),
            ("PATCH", "If-Match", "\"old\"", 412),
            ("PATCH", "If-Match", "*", 204), ("PATCH", "If-Match", "unquoted", 400),
            ("PUT", "If-Match", "\"old\"", 412),
            ("PUT", "If-Match", "current", 204), ("DELETE", "If-Match", "\"old\"", 412),
            ("DELETE", "If-Match", "current", 204),
            ("PATCH", "If-Match", "\"old\", current", 204), ("GET", "If-None-Match", "current", 304),
            ("GET", "If-None-Match", "\"old\"", 200), ("GET", "If-None-Match", "unquoted", 400),
            ("GET", "If-Match", "\"old\"", 200),
            ("PATCH", "If-None-Match", "current", 412),
        ])
    func conditions(method: String, header: String, value: String, status: Int) async throws {
        try await withUsers("jo") { _, client async throws in
            let tag = try #require(try await client.get(user("jo")).etag)
            let sent = value.replacing("current", with: tag).replacing("weak", with: "W/\(tag)")
            let body: JSONValue? =
                switch method {
                case "PATCH": ["properties": ["title": "x"]]
                case "PUT": ["position": "cn=users,dc=example,dc=org", "properties": ["title": "x"]]
                default: nil
                }
            let reply = try await client.send(
                try #require(Method(rawValue: method)), user("jo"), body, headers: [header: sent])
            #expect(reply.status == status)
            if status == 412 {
                #expect(reply.json["error"]?["title"] == "")
                #expect(
                    reply.json["error"]?["message"]?.stringValue?.hasPrefix("HTTP 412: Precondition Failed (") == true)
                #expect(try await client.get(user("jo")).etag == tag)
            }
        }
    }

    @Test("item 15: JSON Patch with an unknown property is 200 with a warning; the rest is done")
    func jsonPatch() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("jo", ["phone": ["1", "2"], "title": "Dr."])
            let headers = ["Content-Type": "application/json-patch+json"] as [String: String?]
            let mixed = try await client.send(
                .patch, user("jo"),
                [
                    ["op": "add", "path": "/properties/phone", "value": "3"],
                    ["op": "remove", "path": "/properties/phone", "value": "1"],
                    ["op": "remove", "path": "/properties/title"],
                    ["op": "replace", "path": "/properties/locale", "value": "de"],
                ], headers: headers)
            #expect(mixed.status == 200)
            #expect(mixed.json["_embedded"]?["udm:warning"]?[0]?["message"]?.stringValue?.contains("locale") == true)
            let properties = try await client.get(user("jo")).properties
            #expect(properties["phone"] == ["2", "3"] && properties["title"] == .null)
            let clean = try await client.send(
                .patch, user("jo"), [["op": "replace", "path": "/properties/title", "value": "x"]], headers: headers)
            #expect(clean.status == 204)
            #expect(try await client.patch(user("jo"), ["locale": "de"]).status == 422)
        }
    }
}
