// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 3: representation, identifier, entity tag")
struct RepresentationClauses {
    @Test("an object has everything of section 3, and passwords read as null")
    func representation() async throws {
        try await withDouble { _, client async throws in
            let created = try await client.createUser(
                "jo", ["homePostalAddress": [["street": "Elm 1", "zipcode": "12345", "city": "Oz"]]])
            let reply = try await client.get(user("jo"))
            #expect(reply.json["dn"] == .string(userDN("jo")))
            #expect(reply.json["objectType"] == "users/user")
            #expect(reply.json["id"] == "jo")
            #expect(reply.json["uuid"] == created.json["uuid"])
            #expect(reply.json["position"] == "cn=users,dc=example,dc=org")
            #expect(reply.json["options"]?.objectValue != nil && reply.json["policies"]?.objectValue != nil)
            #expect(reply.properties["password"] == .null)
            #expect(reply.properties["description"] == .null)
            #expect(reply.properties["phone"] == [])
            #expect(reply.properties["disabled"] == false)
            #expect(reply.properties["overridePWHistory"] == .null)
            #expect(reply.properties["homePostalAddress"] == [["street": "Elm 1", "zipcode": "12345", "city": "Oz"]])
        }
    }

    @Test("defaults: displayName, gecos, home, shell, numbers, primary group with membership")
    func defaults() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("jo", ["firstname": "Jörg", "lastname": "Groß"])
            let properties = try await client.get(user("jo")).properties
            #expect(properties["displayName"] == "Jörg Groß")
            #expect(properties["gecos"] == "Joerg Gross")
            #expect(properties["unixhome"] == "/home/jo")
            #expect(properties["shell"] == "/bin/bash")
            #expect(properties["uidNumber"]?.integerValue != nil)
            #expect(properties["primaryGroup"] == .string(domainUsers))
            #expect(properties["groups"] == [.string(domainUsers)])
            #expect(try await client.get("groups/group/\(domainUsers)").properties["users"] == [.string(userDN("jo"))])
        }
    }

    @Test("uidNumbers are not given twice")
    func uidNumbers() async throws {
        try await withUsers("a", "b") { _, client async throws in
            let first = try await client.get(user("a")).properties["uidNumber"]?.integerValue
            let second = try await client.get(user("b")).properties["uidNumber"]?.integerValue
            #expect(first != nil && first != second)
            let clash = try await client.post(
                "users/user", userProperties("c", ["uidNumber": .number(JSONNumber(first ?? 0))]))
            #expect(clash.status == 422 && clash.errors.first?.location.last == "uidNumber")
        }
    }

    @Test(
        "item 11: an identifier must be a lower-case UUID of version 1 or 4",
        arguments: [
            ("9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11", 201), ("2f6a2c7e-5f2b-103f-9b1d-1f4f6a5f0c11", 201),
            ("9BB6AD72-0F5C-4F0E-8A3B-0D5F0B7C8E11", 422), ("9bb6ad72-0f5c-5f0e-8a3b-0d5f0b7c8e11", 422),
            ("018f0c2a-7e5f-7b10-9b1d-1f4f6a5f0c11", 422), ("9bb6ad720f5c4f0e8a3b0d5f0b7c8e11", 422),
            ("{9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11}", 422), ("9bb6ad72-0f5c-4f0e-0a3b-0d5f0b7c8e11", 422),
            ("not-a-uuid", 500), ("1234", 500),
        ], ["users/user", "groups/group"])
    func identifierSyntax(identifier: (text: String, status: Int), module: String) async throws {
        try await withDouble { _, client async throws in
            var properties: JSONObject = module == "users/user" ? userProperties("jo") : ["name": "g"]
            properties["univentionObjectIdentifier"] = .string(identifier.text)
            let reply = try await client.post(module, properties)
            #expect(reply.status == identifier.status)
            switch reply.status {
            case 422: #expect(reply.errors.map(\.location) == [["body", "properties", "univentionObjectIdentifier"]])
            case 500: #expect(reply.json["error"]?["traceback"]?.stringValue?.contains("ValueError") == true)
            default: break
            }
        }
    }

    @Test("a duplicate identifier: 422 (nolock), across users and groups")
    func duplicateIdentifier() async throws {
        let identifier: JSONValue = "9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11"
        try await withDouble { _, client async throws in
            try await client.createUser("jo", ["univentionObjectIdentifier": identifier])
            let second = try await client.post(
                "users/user", userProperties("al", ["univentionObjectIdentifier": identifier]))
            let group = try await client.post("groups/group", ["name": "g", "univentionObjectIdentifier": identifier])
            for reply in [second, group] {
                #expect(reply.status == 422)
                #expect(reply.errors.first?.location == ["body", "dn"])
                #expect(reply.errors.first?.message.contains("(nolock)") == true)
            }
        }
    }

    @Test("an identifier never changes; sent unchanged it is accepted; not given, the server makes one")
    func immutableIdentifier() async throws {
        try await withUsers("jo") { _, client async throws in
            let own = try #require(try await client.get(user("jo")).properties["univentionObjectIdentifier"])
            #expect(own.stringValue?.count == 36)
            #expect(
                try await client.patch(user("jo"), ["univentionObjectIdentifier": own, "title": "Dr."]).status == 204)
            let other = try await client.patch(
                user("jo"), ["univentionObjectIdentifier": "9bb6ad72-0f5c-4f0e-8a3b-0d5f0b7c8e11"])
            #expect(other.status == 422)
            #expect(other.errors.first?.message.contains("may not change") == true)
        }
    }

    @Test("the entity tag is 40 hexadecimal digits in quotes, and equal on create, change and read")
    func etag() async throws {
        try await withDouble { _, client async throws in
            let created = try await client.createUser("jo")
            let tag = try #require(created.etag)
            #expect(tag.wholeMatch(of: /"[0-9a-f]{40}"/) != nil)
            #expect(try await client.get(user("jo")).etag == tag)
            let changed = try await client.patch(user("jo"), ["title": "Dr."])
            #expect(changed.etag != tag)
            #expect(try await client.get(user("jo")).etag == changed.etag)
        }
    }

    @Test("item 16: a change of nothing keeps the entity tag, of users and groups")
    func noChange() async throws {
        try await withUsers("jo") { double, client async throws in
            try await client.createGroup("g", ["users": [.string(userDN("jo"))]])
            let sameUser: JSONObject = ["lastname": "Roe", "phone": [], "disabled": false]
            let sameGroup: JSONObject = ["users": [.string(userDN("jo").uppercased())], "description": .null]
            for (path, properties) in [(user("jo"), sameUser), (group("g"), sameGroup)] {
                let before = try await client.get(path).etag
                #expect(try await client.patch(path, properties).status == 204)
                #expect(try await client.get(path).etag == before)
                #expect(double.requests().dropLast().last?.isCommitted == false)
            }
        }
    }

    @Test("item 16: a user's entity tag does not change with its memberships, the group's does")
    func membershipAndEtag() async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("g")
            let userTag = try await client.get(user("jo")).etag
            let groupTag = try await client.get(group("g")).etag
            #expect(try await client.patch(group("g"), ["users": [.string(userDN("jo"))]]).status == 204)
            #expect(try await client.get(user("jo")).etag == userTag)
            let newGroupTag = try await client.get(group("g")).etag
            #expect(newGroupTag != groupTag)
            #expect(try await client.patch(user("jo"), ["groups": []]).status == 204)
            #expect(try await client.get(user("jo")).etag == userTag)
            #expect(try await client.get(group("g")).etag != newGroupTag)
        }
    }

    @Test("Last-Modified is absent right after a change and there later")
    func lastModified() async throws {
        try await withDouble { _, client async throws in
            let created = try await client.createUser("jo")
            #expect(created.headers.first(name: "Last-Modified") == nil)
            var reply = try await client.get(user("jo"))
            let deadline = ContinuousClock.now.advanced(by: .seconds(10))
            while reply.headers.first(name: "Last-Modified") == nil, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
                reply = try await client.get(user("jo"))
            }
            let date = try #require(reply.headers.first(name: "Last-Modified"))
            #expect(date.wholeMatch(of: /[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
            #expect(try await client.get(user("jo"), headers: ["If-Modified-Since": date]).status == 304)
            let early = "Thu, 01 Jan 2015 00:00:00 GMT"
            #expect(try await client.get(user("jo"), headers: ["If-Modified-Since": early]).status == 200)
            #expect(
                try await client.patch(user("jo"), ["title": "x"], headers: ["If-Unmodified-Since": early]).status
                    == 412)
        }
    }
}
