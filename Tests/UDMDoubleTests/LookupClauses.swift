// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 2: the map of endpoints")
struct LookupClauses {
    @Test("the entry point lists where to go on")
    func entryPoint() async throws {
        try await withDouble { _, client async throws in
            let links = try await client.get("").json["_links"]
            for relation in ["udm:object-modules", "udm:object/get-by-dn", "udm:object/get-by-uuid", "udm:ldap-base"] {
                #expect(links?[relation]?.arrayValue?.isEmpty == false)
            }
        }
    }

    @Test("ldap/base redirects to the base object")
    func ldapBase() async throws {
        try await withDouble { _, client async throws in
            let redirect = try await client.get("ldap/base/")
            #expect(redirect.status == 301)
            let target = try await client.send(.get, url: try #require(redirect.location), nil)
            #expect(target.json["dn"] == "dc=example,dc=org")
            #expect(target.json["objectType"] == "container/dc")
        }
    }

    @Test("object/<dn> and object/<entryUUID> redirect to the typed address, anything else is 404")
    func objectLookup() async throws {
        try await withDouble { _, client async throws in
            let created = try await client.createUser(
                "jo", ["univentionObjectIdentifier": "6f5c1f6e-77d5-4c35-8d2b-1d3b1b5f6a11"])
            let uuid = try #require(created.json["uuid"]?.stringValue)
            for key in [uuid, userDN("jo"), "UID=Jo, CN=Users,dc=example,dc=org"] {
                let reply = try await client.get("object/\(key)")
                #expect(reply.status == 301, "\(key)")
                #expect(reply.location == created.location)
            }
            for key in [
                uuid.uppercased(), "6f5c1f6e-77d5-4c35-8d2b-1d3b1b5f6a11", userDN("nobody"),
                "uid=jo,cn=users,dc=EXAMPLE,dc=org",
            ] {
                #expect(try await client.get("object/\(key)").status == 404, "\(key)")
            }
        }
    }

    @Test("default-containers name where new objects go")
    func defaultContainers() async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.get("users/user/default-containers")
            #expect(
                reply.json["default-containers"]
                    == [["", "All containers"], ["cn=users,dc=example,dc=org", "example.org:/users"]])
        }
    }

    @Test("the add template has defaults and no identity")
    func template() async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.get("users/user/add?position=cn=users,dc=example,dc=org")
            #expect(reply.status == 200)
            #expect(reply.json["dn"] == nil && reply.json["id"] == nil)
            #expect(reply.properties["disabled"] == false)
            #expect(reply.properties["primaryGroup"] == .string(domainUsers))
            #expect(try await client.get("users/user/add?position=cn=nowhere,dc=example,dc=org").status == 422)
        }
    }

    @Test(
        "unknown routes, and names that do not end with the base: 404",
        arguments: [
            "nothing", "computers/windows/", "users/user/uid=jo,cn=users,dc=other,dc=org", "users/user/xyz",
            "progress/1", "users/user/uid=jo,cn=users,DC=example,dc=org",
            "users/user/uid=jo,cn=users,dc=Example,dc=org",
            "users/user/uid=jo,cn=users, dc=example,dc=org", "users/user/uid=jo,cn=users,dc=example, dc=org",
            "object/uid=jo,cn=users,dc=example,DC=org",
        ])
    func unknown(path: String) async throws {
        try await withUsers("jo") { _, client async throws in
            let reply = try await client.get(path)
            #expect(reply.status == 404)
            #expect(reply.json["error"]?["message"]?.stringValue?.hasPrefix("HTTP 404: Not Found") == true)
        }
    }

    @Test("an object of another type: 404")
    func otherType() async throws {
        try await withUsers("jo") { _, client async throws in
            #expect(try await client.get("groups/group/\(userDN("jo"))").status == 404)
            #expect(try await client.delete("groups/group/\(userDN("jo"))").status == 404)
        }
    }

    @Test(
        "section 2.1: names in addresses, raw or encoded, in any case and spacing but for the base",
        arguments: [
            "uid=jo,cn=users,dc=example,dc=org", "uid%3Djo%2Ccn%3Dusers%2Cdc%3Dexample%2Cdc%3Dorg",
            "uid%3djo%2ccn%3dusers%2cdc%3dexample%2cdc%3dorg", "UID=JO,CN=Users,dc=example,dc=org",
            "uid=jo, cn=users,dc=example,dc=org", "uid=\\6ao,cn=users,dc=example,dc=org",
        ])
    func spelling(name: String) async throws {
        try await withUsers("jo") { _, client async throws in
            let reply = try await client.get("users/user/\(name.replacing("\\", with: "%5C"))")
            #expect(reply.json["dn"] == .string(userDN("jo")))
        }
    }

    @Test("section 2.1: special characters in a group's name survive the address")
    func specialCharacters() async throws {
        try await withDouble { _, client async throws in
            let created = try await client.createGroup("R+D, Ünit #1")
            #expect(created.json["dn"] == "cn=R\\+D\\, Ünit #1,cn=groups,dc=example,dc=org")
            let reply = try await client.send(.get, url: try #require(created.location), nil)
            #expect(reply.properties["name"] == "R+D, Ünit #1")
            #expect(reply.json["position"] == "cn=groups,dc=example,dc=org")
        }
    }

    @Test("an encoded slash is rejected by the web server in front", arguments: ["%2F", "%2f"])
    func encodedSlash(slash: String) async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.post("container/cn", ["name": "a/b"]).status == 201)
            #expect(try await client.get("container/cn/cn=a/b,dc=example,dc=org").status == 200)
            #expect(try await client.get("container/cn/cn=a\(slash)b,dc=example,dc=org").status == 404)
        }
    }

    @Test("methods that an address does not have: 405")
    func methods() async throws {
        try await withUsers("jo") { _, client async throws in
            #expect(try await client.send(.post, user("jo"), [:]).status == 405)
            let reply = try await client.send(.delete, "users/user/")
            #expect(reply.status == 405)
            #expect(reply.headers.first(name: "Allow") == "GET, HEAD, POST")
        }
    }
}
