// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Sections 5 and 8: creation and what it refuses")
struct CreateClauses {
    @Test("201 with Location, entity tag and only dn and uuid; the position defaults")
    func created() async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.createUser("jo")
            #expect(reply.location == "\(client.baseURL)users/user/uid%3Djo%2Ccn%3Dusers%2Cdc%3Dexample%2Cdc%3Dorg")
            #expect(Set(reply.json.objectValue?.keys ?? []) == ["dn", "uuid", "_links"])
            #expect(reply.json["dn"] == .string(userDN("jo")))
            #expect(try await client.createGroup("g").json["dn"] == .string(groupDN("g")))
        }
    }

    @Test("a position of one's own, written in any way, is taken as the directory spells it")
    func position() async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.post("container/cn", ["name": "staff"]).status == 201)
            let reply = try await client.post(
                "users/user", userProperties("jo"), position: "CN=STAFF, dc=example,dc=org")
            #expect(reply.json["dn"] == "uid=jo,cn=staff,dc=example,dc=org")
        }
    }

    @Test(
        "a position that is no name, outside the base, or of nothing: 422 at body, position",
        arguments: ["nonsense", "cn=users,dc=other,dc=org", "cn=nowhere,dc=example,dc=org"])
    func badPosition(position: String) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.post("users/user", userProperties("jo"), position: position)
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["body", "position"]])
        }
    }

    @Test("item 12: missing, unknown and mistyped properties are listed all at once")
    func allAtOnce() async throws {
        try await withDouble { double, client async throws in
            let reply = try await client.post(
                "users/user",
                ["username": 5, "phone": "+49", "disabled": "no", "uidNumber": "x", "locale": "de", "e-mail": [1]])
            #expect(reply.status == 422)
            let wrong = Set(reply.errors.compactMap(\.location.last))
            #expect(
                wrong == ["username", "phone", "disabled", "uidNumber", "locale", "e-mail", "lastname", "password"])
            #expect(
                reply.errors.allSatisfy {
                    $0.location.starts(with: ["body", "properties"]) && $0.type == "value_error"
                })
            #expect(reply.errors.contains { $0.message == "The property \"lastname\" is required." })
            #expect(double.objects(.init(module: "users/user")).isEmpty)
        }
    }

    @Test("section 8.1: the body of an error, with the deprecated trees")
    func errorBody() async throws {
        try await withUsers("jroe") { _, client async throws in
            let taken = try await client.post("users/user", userProperties("jroe"))
            let text = "Object exists: (uid): The username is already in use as username or as groupname: jroe"
            let error = try #require(taken.json["error"])
            #expect(error["code"] == 422 && error["title"] == "Unprocessable Entity")
            #expect(error["message"] == .string("1 error(s) occurred:\nRequest argument \"dn\" \(text)\n"))
            #expect(error["error"] == ["body": ["dn": .string(text)]])
            #expect(error["traceback"] == nil)
            #expect(
                taken.json["_embedded"]?["udm:error"]
                    == [["location": ["body", "dn"], "message": .string(text), "type": "value_error"]])
            #expect(taken.json["_links"]?["self"]?[0]?["title"] == "HTTP-Error 422: Unprocessable Entity")
            let missing = try await client.post("groups/group", [:])
            #expect(missing.json["error"]?["error"] == ["name": "The property \"name\" is required."])
        }
    }

    @Test(
        "users and groups share one name space, without regard to letter case",
        arguments: [
            ("users/user", "jo", "(uid)"), ("users/user", "JO", "(uid)"), ("users/user", "Staff", "(uid)"),
            ("groups/group", "staff", "(group)"), ("groups/group", "Jo", "(group)"),
        ])
    func names(module: String, name: String, token: String) async throws {
        try await withUsers("jo") { _, client async throws in
            try await client.createGroup("staff")
            let properties = module == "users/user" ? userProperties(name) : ["name": .string(name)]
            let reply = try await client.post(module, properties)
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["body", "dn"]])
            #expect(reply.errors.first?.message.hasPrefix("Object exists: \(token)") == true)
        }
    }

    @Test("the name of another type in the same container: 422 at body, position")
    func nameOfAnotherType() async throws {
        try await withDouble { _, client async throws in
            let container = try await client.post(
                "container/cn", ["name": "x"], position: "cn=groups,dc=example,dc=org")
            #expect(container.status == 201)
            let reply = try await client.post("groups/group", ["name": "x"])
            #expect(reply.errors.map(\.location) == [["body", "position"]])
        }
    }

    @Test(
        "user name syntax",
        arguments: [
            ("jo.roe", 201), ("jörg", 201), ("a_b-c.1", 201), ("1", 201), ("jo roe", 422), ("jo@example.org", 422),
            ("jo+x", 422), (".jo", 422), ("jo/x", 422), ("", 422),
        ])
    func userNames(name: String, status: Int) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.post("users/user", userProperties(name))
            #expect(reply.status == status)
            if status == 422 { #expect(reply.errors.map(\.location) == [["body", "properties", "username"]]) }
        }
    }

    @Test(
        "group name syntax",
        arguments: [("Sales & Service", 201), ("Ünit 7", 201), ("a", 201), (" a", 422), ("a/b", 422), ("a@b", 422)])
    func groupNames(name: String, status: Int) async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.post("groups/group", ["name": .string(name)]).status == status)
        }
    }

    @Test("reserved names: 422 Prohibited username")
    func reserved() async throws {
        try await withDouble(.init(settings: Settings(reservedNames: ["Admin"]))) { _, client async throws in
            let reply = try await client.post("users/user", userProperties("admin"))
            #expect(reply.status == 422)
            #expect(reply.errors.first?.location.last == "username")
            #expect(reply.errors.first?.message.contains("Prohibited username") == true)
            try await client.createUser("administrator")
        }
    }

    @Test(
        "mail addresses are unique over primary, alternative and group mail, and stored in lower case",
        arguments: [
            ("users/user", "mailPrimaryAddress"), ("users/user", "mailAlternativeAddress"),
            ("groups/group", "mailAddress"),
        ], ["one@example.org", "TWO@example.org", "three@example.org"])
    func mail(place: (module: String, property: String), address: String) async throws {
        try await withDouble { _, client async throws in
            try await client.createUser(
                "holder", ["mailPrimaryAddress": "One@Example.org", "mailAlternativeAddress": ["two@example.org"]])
            try await client.createGroup("holders", ["mailAddress": "three@example.org"])
            #expect(try await client.get(user("holder")).properties["mailPrimaryAddress"] == "one@example.org")
            var properties: JSONObject = place.module == "users/user" ? userProperties("jo") : ["name": "g"]
            properties[place.property] = place.property.hasPrefix("mailAlt") ? [.string(address)] : .string(address)
            let reply = try await client.post(place.module, properties)
            #expect(reply.status == 422)
            // Always reported under the primary property.
            #expect(
                reply.errors.first?.location.last
                    == (place.module == "users/user" ? "mailPrimaryAddress" : "mailAddress"))
        }
    }

    @Test("a user may have its own address twice, and an address that was given up is free")
    func ownMail() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser(
                "a", ["mailPrimaryAddress": "a@example.org", "mailAlternativeAddress": ["a@example.org"]])
            #expect(
                try await client.patch(user("a"), ["mailPrimaryAddress": .null, "mailAlternativeAddress": []]).status
                    == 204)
            try await client.createUser("b", ["mailPrimaryAddress": "a@example.org"])
        }
    }

    @Test("mail domains must be hosted: by configuration or by a mail/domain object")
    func mailDomains() async throws {
        try await withDouble(.init(settings: Settings(mailDomains: ["Example.org"]))) { _, client async throws in
            try await client.createUser("a", ["mailPrimaryAddress": "a@example.org", "e-mail": ["a@anywhere.test"]])
            for (name, property) in [("b", "mailPrimaryAddress"), ("c", "mailAlternativeAddress")] {
                let value: JSONValue = name == "b" ? "x@new.test" : ["x@new.test"]
                let refused = try await client.post("users/user", userProperties(name, [property: value]))
                #expect(refused.status == 422)
                #expect(refused.errors.map(\.location) == [["body", "properties", property]])
            }
            let domain = try await client.post("mail/domain", ["name": "new.test"])
            #expect(domain.json["dn"] == "cn=new.test,cn=domain,cn=mail,dc=example,dc=org")
            try await client.createUser("b", ["mailPrimaryAddress": "x@new.test"])
            #expect(
                try await client.delete("mail/domain/cn=new.test,cn=domain,cn=mail,dc=example,dc=org").status == 204)
            #expect(
                try await client.post("users/user", userProperties("d", ["mailPrimaryAddress": "d@new.test"])).status
                    == 422)
        }
    }

    @Test(
        "values that a property's syntax refuses: 422 at the property",
        arguments: [
            ("phone", ["tel:+49301"]), ("phone", ["M\u{FC}ller"]), ("e-mail", ["nobody"]),
            ("mailPrimaryAddress", "nobody"),
            ("birthday", "yesterday"),
            ("userCertificate", "*"), ("organisation", .string(String(repeating: "o", count: 65))),
            ("homePostalAddress", [["street": "Elm 1"]]), ("groups", ["nonsense"]), ("primaryGroup", "nonsense"),
        ] as [(String, JSONValue)])
    func syntax(property: String, value: JSONValue) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.post("users/user", userProperties("jo", [property: value]))
            #expect(reply.status == 422)
            #expect(reply.errors.map(\.location) == [["body", "properties", property]])
        }
    }

    @Test(
        "values that only the LDAP server refuses: 400 LDAP Error, which names no property",
        arguments: [
            ("phone", ["+49 30 1", "+49-301"]), ("e-mail", ["a@x.test", "A@x.test"]),
            ("mailAlternativeAddress", ["a@example.org", "A@example.org"]),
            ("homePostalAddress", [["street": "C:\\x", "zipcode": "", "city": ""]]),
            (
                "homePostalAddress",
                [["street": "a", "zipcode": "", "city": ""], ["street": "A", "zipcode": "", "city": ""]]
            ),
        ] as [(String, JSONValue)])
    func directorySyntax(property: String, value: JSONValue) async throws {
        try await withDouble { _, client async throws in
            let reply = try await client.post("users/user", userProperties("jo", [property: value]))
            #expect(reply.status == 400 && reply.errors.isEmpty)
            #expect(reply.json["error"]?["message"]?.stringValue?.hasPrefix("LDAP Error") == true)
        }
    }

    @Test("a dollar sign begins the next line of a postal address, unless it is escaped")
    func postalAddress() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser(
                "a",
                [
                    "homePostalAddress": [
                        ["street": "5 $ St", "zipcode": "1", "city": "Oz"],
                        ["street": "5 \\24 \\5c St", "zipcode": "1", "city": "Oz"],
                    ]
                ])
            #expect(
                try await client.get(user("a")).properties["homePostalAddress"] == [
                    ["street": "5 ", "zipcode": " St", "city": "1"],
                    ["street": "5 \\24 \\5c St", "zipcode": "1", "city": "Oz"],
                ])
        }
    }

    @Test("item 19: an unknown country is dropped without a word")
    func country() async throws {
        try await withDouble { _, client async throws in
            try await client.createUser("a", ["country": "DE"])
            try await client.createUser("b", ["country": "ZZ"])
            #expect(try await client.get(user("a")).properties["country"] == "DE")
            #expect(try await client.get(user("b")).properties["country"] == .null)
        }
    }

    @Test("createTimestamp is not a property; an extended attribute is one once it is installed")
    func extended() async throws {
        try await withDouble(.init(extendedProperties: ["users/user": ["primaryOrgUnit"]])) { _, client async throws in
            try await client.createUser("a", ["primaryOrgUnit": "x"])
            #expect(try await client.get(user("a")).properties["primaryOrgUnit"] == "x")
            #expect(try await client.post("users/user", userProperties("b", ["createTimestamp": "1"])).status == 422)
        }
    }

    @Test("an extended attribute has the type of its syntax")
    func extendedTypes() async throws {
        let extended: [UDMDouble.Configuration.ExtendedProperty] = [
            .init("flag", .boolean), .init("count", .integer), .init("tags", .strings), "note",
            // Installed already, with a syntax of its own.
            "country", .init("flag", .string),
        ]
        try await withDouble(.init(extendedProperties: ["users/user": extended])) { _, client async throws in
            try await client.createUser(
                "a", ["flag": true, "count": 7, "tags": ["x"], "note": "n", "country": "Deutschland"])
            let properties = try await client.get(user("a")).properties
            #expect(properties["flag"] == true)
            #expect(properties["count"] == 7)
            #expect(properties["tags"] == ["x"])
            #expect(properties["country"] == .null)
            for wrong in [["flag": "true"], ["count": "7"], ["tags": "x"], ["note": 1]] as [JSONObject] {
                #expect(try await client.post("users/user", userProperties("b", wrong)).status == 422)
            }
        }
    }

    @Test("wrong shapes of the body: 422", arguments: ["[]", "5", "{\"properties\": []}", "{\"position\": 5}"])
    func shapes(body: String) async throws {
        try await withDouble { _, client async throws in
            #expect(try await client.send(.post, url: client.baseURL + "users/user/", Array(body.utf8)).status == 422)
        }
    }

    @Test("a body over the limit: 413")
    func tooLarge() async throws {
        try await withDouble(.init(maximumBodyBytes: 1000)) { _, client async throws in
            let long: JSONValue = .string(String(repeating: "x", count: 2000))
            #expect(try await client.post("users/user", userProperties("jo", ["description": long])).status == 413)
        }
    }
}
