// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing
import UDM

@Suite struct MappingTests {
    static let everything: Set<String> = MappingTable.standard.optionalProperties
    let mapping = UDMMapping(rules: DirectoryRules(), optionalProperties: everything)

    private func user(_ text: String) throws -> JSONObject {
        mapping.properties(of: try object(text), type: .user)
    }

    @Test("the example of the mapping page")
    func example() throws {
        let attributes = try object(
            """
            {"userName": "jroe", "active": false, "name": {"givenName": "Jo", "familyName": "Roe"}, "userType": "staff",
             "emails": [{"value": "jo@corp.test", "type": "mailbox"}, {"value": "j@corp.test", "type": "alias"},
                        {"value": "jo@home.test", "type": "home"}],
             "phoneNumbers": [{"value": "+49 30 1", "type": "work"}],
             "addresses": [{"type": "work", "streetAddress": "Elm 1", "locality": "Oz", "postalCode": "12345",
                            "country": "DE", "region": "BE"}],
             "roles": [{"value": "app:ns:editor", "type": "guardian-direct"}]}
            """)
        let expected = try object(
            """
            {"username": "jroe", "disabled": true, "firstname": "Jo", "lastname": "Roe", "displayName": "Jo Roe",
             "employeeType": "staff", "mailPrimaryAddress": "jo@corp.test", "mailAlternativeAddress": ["j@corp.test"],
             "e-mail": ["jo@home.test"], "phone": ["+49 30 1"], "mobileTelephoneNumber": [],
             "homeTelephoneNumber": [], "pagerTelephoneNumber": [], "street": "Elm 1", "city": "Oz",
             "postcode": "12345", "country": "DE", "state": "BE", "guardianRoles": ["app:ns:editor"],
             "title": null, "preferredLanguage": null, "locale": null, "homePostalAddress": [],
             "userCertificate": null, "employeeNumber": null, "organisation": null, "departmentNumber": [],
             "description": null, "PasswordRecoveryEmail": null}
            """)
        #expect(mapping.properties(of: attributes, type: .user) == expected)
    }

    @Test(
        "a direct attribute and its property, both ways, and empty either way",
        arguments: [
            ("userName", "username"), ("name.familyName", "lastname"), ("name.givenName", "firstname"),
            ("displayName", "displayName"), ("title", "title"), ("userType", "employeeType"),
            ("preferredLanguage", "preferredLanguage"), ("locale", "locale"),
            ("\(SchemaURN.enterpriseUser):employeeNumber", "employeeNumber"),
            ("\(SchemaURN.enterpriseUser):organization", "organisation"),
            ("\(SchemaURN.univentionUser):description", "description"),
            ("\(SchemaURN.univentionUser):passwordRecoveryEmail", "PasswordRecoveryEmail"),
        ])
    func direct(path: String, property: String) throws {
        let attribute = try #require(MappedPath(parsing: path))
        #expect(attribute.description == path)
        #expect(mapping.attribute(of: property, type: .user) == attribute)
        #expect(mapping.properties(of: attribute, type: .user) == [property])
        let attributes = mapping.attributes(of: [property: "wert@x.test"], type: .user)
        #expect(mapping.properties(of: attributes, type: .user)[property] == "wert@x.test")
        for nothing in [JSONValue.null, "", 7] {
            #expect(mapping.attributes(of: [property: nothing], type: .user) == ["active": true])
        }
        #expect(mapping.properties(of: [:], type: .user)[property] == .null)
    }

    @Test("groups have a name and a description, both ways")
    func groups() throws {
        let attributes = try object(
            """
            {"displayName": "Team A", "\(SchemaURN.univentionGroup)":
              {"description": "All of A", "memberRoles": [{"value": "r", "type": "guardian"}, {"value": "s"}]}}
            """)
        let properties = mapping.properties(of: attributes, type: .group)
        #expect(
            properties == (["name": "Team A", "description": "All of A", "guardianMemberRoles": ["r"]] as JSONObject))
        #expect(mapping.properties(of: ["displayName": "x"], type: .group)["description"] == .null)
        let back = mapping.attributes(of: properties, type: .group)
        #expect(back["displayName"] == "Team A")
        #expect(back[SchemaURN.univentionGroup]?["description"] == "All of A")
        #expect(back[SchemaURN.univentionGroup]?["memberRoles"] == [["value": "r", "type": "guardian"]])
    }

    @Test("properties that a directory may lack are left out unless it has them")
    func optional() throws {
        let attributes = try object(
            """
            {"userName": "a", "name": {"familyName": "A"}, "locale": "de-DE",
             "roles": [{"value": "r", "type": "guardian-direct"}],
             "\(SchemaURN.univentionUser)": {"passwordRecoveryEmail": "a@b.test", "description": "d"}}
            """)
        let plain = UDMMapping(rules: DirectoryRules())
        let properties = plain.properties(of: attributes, type: .user)
        #expect(Set(properties.keys).isDisjoint(with: Self.everything))
        #expect(properties["description"] == "d")
        #expect(plain.properties(of: MappedPath("locale"), type: .user).isEmpty)
        #expect(plain.attributes(of: ["locale": "de", "guardianRoles": ["r"]], type: .user) == ["active": true])

        let some = UDMMapping(rules: DirectoryRules(), optionalProperties: ["locale"])
        let more = some.properties(of: attributes, type: .user)
        #expect(more["locale"] == "de-DE")
        #expect(more["guardianRoles"] == nil)
    }

    @Test(
        "active is disabled turned round, and active when nothing is said",
        arguments: [(JSONValue?.none, false), (true, false), (false, true), (.null, false)])
    func active(active: JSONValue?, disabled: Bool) {
        #expect(
            mapping.properties(of: active.map { ["active": $0] } ?? [:], type: .user)["disabled"] == .bool(disabled))
        #expect(mapping.attributes(of: ["disabled": .bool(disabled)], type: .user)["active"] == .bool(!disabled))
        #expect(mapping.attributes(of: ["disabled": nil], type: .user)["active"] == true)
    }

    @Test(
        "without a displayName the name's parts make one",
        arguments: [
            (#"{"name": {"givenName": "Jo", "familyName": "Roe"}}"#, "Jo Roe"),
            (#"{"name": {"familyName": "Roe"}}"#, "Roe"),
            (#"{"name": {"givenName": "Jo"}}"#, "Jo"), (#"{"name": {"givenName": "", "familyName": "Roe"}}"#, "Roe"),
            (#"{"displayName": "", "name": {"familyName": "Roe"}}"#, "Roe"),
            (#"{"displayName": "Dr. Roe", "name": {"familyName": "Roe"}}"#, "Dr. Roe"), ("{}", nil),
        ])
    func displayName(attributes: String, expected: String?) throws {
        #expect(try user(attributes)["displayName"] == expected.map { .string($0) } ?? .null)
    }

    @Test("a user name that UDM cannot take goes through the configured rule")
    func userName() {
        let attributes: JSONObject = ["userName": "jo.roe@example.org"]
        let local = UDMMapping(rules: DirectoryRules(userNameRule: .localPart))
        #expect(local.properties(of: attributes, type: .user)["username"] == "jo.roe")
        let replaced = UDMMapping(rules: DirectoryRules(userNameRule: .replace(with: "-")))
        #expect(replaced.properties(of: attributes, type: .user)["username"] == "jo.roe-example.org")
        #expect(mapping.properties(of: attributes, type: .user)["username"] == "jo.roe@example.org")
        // The rule is for users; a group's name is what it is.
        #expect(local.properties(of: ["displayName": "a@b"], type: .group)["name"] == "a@b")
    }

    @Test("e-mail addresses go by type: the first mailbox, aliases, all others; each once")
    func emails() throws {
        let properties = try user(
            """
            {"emails": [{"value": "w@x", "type": "work"}, {"value": "M1@x", "type": "Mailbox"},
              {"value": "m2@x", "type": "mailbox"}, {"value": "a@x", "type": "alias"}, {"value": "A@X", "type": "alias"},
              {"value": "n@x"}, {"value": "w@x", "type": "home"}, {"type": "other"}, {"value": "", "type": "alias"}]}
            """)
        #expect(properties["mailPrimaryAddress"] == "M1@x")
        #expect(properties["mailAlternativeAddress"] == ["a@x"])
        #expect(properties["e-mail"] == ["w@x", "n@x"])
        let back = mapping.attributes(of: properties, type: .user)
        #expect(
            back["emails"] == [
                ["value": "M1@x", "type": "mailbox"], ["value": "a@x", "type": "alias"],
                ["value": "w@x", "type": "other"], ["value": "n@x", "type": "other"],
            ])
    }

    @Test("telephone numbers go by type, without tel:, and other types stay behind")
    func phones() throws {
        let properties = try user(
            """
            {"phoneNumbers": [{"value": "tel:+49-30-1", "type": "work"}, {"value": "TEL:2", "type": "Mobile"},
              {"value": "3", "type": "home"}, {"value": "4", "type": "pager"}, {"value": "5", "type": "fax"},
              {"value": "6"}, {"value": "+49-30-1", "type": "work"}, {"value": "7", "type": "work"}]}
            """)
        #expect(properties["phone"] == ["+49-30-1", "7"])
        #expect(properties["mobileTelephoneNumber"] == ["2"])
        #expect(properties["homeTelephoneNumber"] == ["3"])
        #expect(properties["pagerTelephoneNumber"] == ["4"])
        #expect(mapping.attributes(of: properties, type: .user)["phoneNumbers"]?.arrayValue?.count == 5)
    }

    @Test("what home addresses have no place for is named")
    func cutAddresses() throws {
        let cut = ["addresses, country and region of all but the first work address"]
        func leftOut(_ addresses: String) throws -> [String] {
            mapping.state(of: try object(#"{"addresses": \#(addresses)}"#), type: .user).leftOut
        }
        #expect(try leftOut(#"[{"type": "work", "country": "DE", "region": "BE"}, {"locality": "Oz"}]"#) == [])
        #expect(try leftOut(#"[{"type": "home", "locality": "Oz", "country": "DE"}]"#) == cut)
        #expect(try leftOut(#"[{"type": "work"}, {"type": "work", "region": "BE"}]"#) == cut)
    }

    @Test("the first work address is the user's, all others are home addresses with all three parts")
    func addresses() throws {
        let properties = try user(
            """
            {"addresses": [{"type": "home", "streetAddress": "H 1", "region": "BE"},
              {"type": "Work", "locality": "Oz", "formatted": "ignored"},
              {"type": "work", "streetAddress": "W 2", "postalCode": "1", "locality": "B"},
              {"type": "other", "country": "DE"}, {"streetAddress": "H 1"}]}
            """)
        #expect(properties["city"] == "Oz")
        #expect(properties["street"] == .null)
        #expect(
            properties["homePostalAddress"] == [
                ["street": "H 1", "zipcode": "", "city": ""], ["street": "W 2", "zipcode": "1", "city": "B"],
            ])
        #expect(
            mapping.attributes(of: properties, type: .user)["addresses"] == [
                ["type": "work", "locality": "Oz"], ["type": "home", "streetAddress": "H 1"],
                ["type": "home", "streetAddress": "W 2", "postalCode": "1", "locality": "B"],
            ])
    }

    @Test("a home address is lines of one LDAP value: what separates and escapes them is escaped")
    func postalLines() throws {
        let properties = try user(
            #"""
            {"addresses": [{"type": "home", "streetAddress": "C:\\Elm $1", "locality": "Oz"},
              {"type": "other", "streetAddress": "c:\\elm $1", "locality": "OZ"}, {"type": "home", "locality": "\\24"}]}
            """#)
        #expect(
            properties["homePostalAddress"] == [
                ["street": "C:\\5CElm \\241", "zipcode": "", "city": "Oz"],
                ["street": "", "zipcode": "", "city": "\\5C24"],
            ])
        #expect(
            mapping.attributes(of: properties, type: .user)["addresses"] == [
                ["type": "home", "streetAddress": "C:\\Elm $1", "locality": "Oz"],
                ["type": "home", "locality": "\\24"],
            ])
        // To LDAP a scalar is one, whatever is combined with it.
        let accented = "a$\u{301}\\\u{301}24"
        let combined = try user(#"{"addresses": [{"type": "home", "locality": "a$\u0301\\\u030124"}]}"#)
        #expect(
            combined["homePostalAddress"] == [["street": "", "zipcode": "", "city": "a\\24\u{301}\\5C\u{301}24"]])
        #expect(
            mapping.attributes(of: combined, type: .user)["addresses"] == [
                ["type": "home", "locality": .string(accented)]
            ])
        // What others have put there need not be escaped.
        #expect(
            mapping.attributes(of: ["homePostalAddress": [["street": "a\\b\\", "city": "\\5c"]]], type: .user)[
                "addresses"]
                == [["type": "home", "streetAddress": "a\\b\\", "locality": "\\"]])
    }

    @Test("an alias that is the mailbox, too, is the mailbox")
    func aliasOfMailbox() throws {
        let properties = try user(
            #"{"emails": [{"value": "a@x", "type": "alias"}, {"value": "B@x", "type": "alias"}, {"value": "b@X", "type": "mailbox"}]}"#
        )
        #expect(properties["mailPrimaryAddress"] == "b@X")
        #expect(properties["mailAlternativeAddress"] == ["a@x"])
    }

    @Test("only direct roles are written, both kinds are read")
    func roles() throws {
        let properties = try user(
            """
            {"roles": [{"value": "d", "type": "guardian-direct"}, {"value": "i", "type": "guardian-indirect"},
              {"value": "o"}]}
            """)
        #expect(properties["guardianRoles"] == ["d"])
        #expect(properties["guardianInheritedRoles"] == nil)
        #expect(
            mapping.attributes(of: ["guardianRoles": ["d"], "guardianInheritedRoles": ["i"]], type: .user)["roles"] == [
                ["value": "d", "type": "guardian-direct"], ["value": "i", "type": "guardian-indirect"],
            ])
    }

    @Test("one certificate goes as it is, with the option without which UDM drops it")
    func certificate() throws {
        let first = JSONValue.string(DERCertificate.base64(serial: 1))
        let second = JSONValue.string(DERCertificate.base64(serial: 2))
        let attributes: JSONObject = ["x509Certificates": [["value": first], ["value": second]]]
        let properties = mapping.properties(of: attributes, type: .user)
        #expect(properties["userCertificate"] == first)
        #expect(mapping.state(of: attributes, type: .user).leftOut == ["x509Certificates, all values but one"])
        #expect(mapping.options(for: properties) == (["pki": true] as JSONObject))
        #expect(mapping.options(for: try user("{}")) == nil)
        #expect(mapping.attributes(of: properties, type: .user)["x509Certificates"] == [["value": first]])
        let chosen = mapping.properties(
            of: ["x509Certificates": [["value": first], ["value": second, "primary": true]]], type: .user)
        #expect(chosen["userCertificate"] == second)
    }

    @Test(
        "values that UDM would refuse stay behind, and are named with what is demanded",
        arguments: [
            (
                #"{"addresses": [{"type": "work", "country": "Deutschland", "locality": "Oz"}]}"#, "country",
                JSONValue.null,
                "addresses (country: an ISO 3166-1 alpha-2 code)"
            ),
            (#"{"addresses": [{"type": "work", "country": "de"}]}"#, "country", "DE", nil),
            (
                #"{"x509Certificates": [{"value": "TUlJ"}]}"#, "userCertificate", .null,
                "x509Certificates (userCertificate: an X.509 certificate in DER)"
            ),
            (
                #"{"phoneNumbers": [{"type": "work", "value": "call me!"}, {"type": "work", "value": "+49 30 1"}]}"#,
                "phone",
                ["+49 30 1"], "phoneNumbers (phone: letters, digits, blanks and ( ) + - . / only)"
            ),
            (
                #"{"phoneNumbers": [{"type": "mobile", "value": "--"}]}"#, "mobileTelephoneNumber", [],
                "phoneNumbers (mobileTelephoneNumber: letters, digits, blanks and ( ) + - . / only)"
            ),
            (
                #"{"emails": [{"type": "work", "value": "jürgen@x.test"}, {"value": "no address"}, {"value": "a@x.test"}]}"#,
                "e-mail", ["a@x.test"], "emails (e-mail: an e-mail address of ASCII characters)"
            ),
            (
                #"{"\#(SchemaURN.enterpriseUser)": {"organization": "\#(String(repeating: "ü", count: 65))"}}"#,
                "organisation", .null, "\(SchemaURN.enterpriseUser):organization (organisation: at most 64 characters)"
            ),
            (
                #"{"\#(SchemaURN.enterpriseUser)": {"organization": "\#(String(repeating: "ü", count: 64))"}}"#,
                "organisation", .string(String(repeating: "ü", count: 64)), nil
            ),
        ] as [(String, String, JSONValue, String?)])
    func syntaxes(attributes: String, property: String, value: JSONValue, leftOut: String?) throws {
        let attributes = try object(attributes)
        #expect(mapping.properties(of: attributes, type: .user)[property] == value)
        #expect(mapping.state(of: attributes, type: .user).leftOut == [leftOut].compactMap(\.self))
    }

    @Test("a department is the first element of its list")
    func department() throws {
        let properties = try user(#"{"\#(SchemaURN.enterpriseUser)": {"department": "D1"}}"#)
        #expect(properties["departmentNumber"] == ["D1"])
        let back = mapping.attributes(of: ["departmentNumber": ["A", "B"]], type: .user)
        #expect(back[SchemaURN.enterpriseUser] == ["department": "A"])
    }

    @Test("another table maps otherwise")
    func table() {
        let table = MappingTable(
            users: [
                MappingRule(MappedPath("userName"), .string("username")),
                MappingRule(MappedPath("nickName", in: "urn:x:y"), .string("nick")),
                MappingRule(MappedPath("orgs", "all", in: "urn:x:y"), .strings("secondaryOrgUnits")),
            ], groups: [])
        let own = UDMMapping(rules: DirectoryRules(), table: table)
        let attributes: JSONObject = [
            "userName": "a", "urn:x:y": ["nickName": "A", "orgs": ["all": ["1", "2", "1", ""]]],
        ]
        let properties = own.properties(of: attributes, type: .user)
        #expect(properties == (["username": "a", "nick": "A", "secondaryOrgUnits": ["1", "2"]] as JSONObject))
        #expect(
            own.attributes(of: properties, type: .user)
                == (["userName": "a", "urn:x:y": ["nickName": "A", "orgs": ["all": ["1", "2"]]]] as JSONObject))
        #expect(own.properties(of: attributes, type: .group).isEmpty)
    }

    @Test(
        "a refused property is named in SCIM's words",
        arguments: [
            ("mailAlternativeAddress", ResourceType.user, "emails" as String?),
            ("pagerTelephoneNumber", .user, "phoneNumbers"),
            ("state", .user, "addresses"), ("homePostalAddress", .user, "addresses"), ("password", .user, "password"),
            ("departmentNumber", .user, "\(SchemaURN.enterpriseUser):department"), ("uidNumber", .user, nil),
            ("users", .group, "members"), ("memberOf", .group, "members"), ("name", .group, "displayName"),
            ("username", .group, nil),
        ])
    func names(property: String, type: ResourceType, attribute: String?) {
        #expect(mapping.attribute(of: property, type: type)?.description == attribute)
    }

    @Test("a path that is none is refused", arguments: ["", ".", "a.", "a.b.c", "urn:x:", "urn:x:y."])
    func brokenPath(text: String) {
        #expect(MappedPath(parsing: text) == nil)
    }

    @Test("what no property carries is named")
    func leftOut() throws {
        let attributes = try object(
            """
            {"userName": "a", "nickName": "n", "name": {"familyName": "A", "middleName": "m", "formatted": "A"},
             "phoneNumbers": [{"value": "1", "type": "fax"}, {"value": "2"}, {"value": "3", "type": "work"}],
             "ims": [{"value": "x"}], "locale": "de", "title": null,
             "\(SchemaURN.enterpriseUser)": {"costCenter": "c", "employeeNumber": "1"}}
            """)
        let plain = UDMMapping(rules: DirectoryRules())
        #expect(
            Set(plain.state(of: attributes, type: .user).leftOut) == [
                "nickName", "name.middleName", #"phoneNumbers[type eq "fax"]"#, "phoneNumbers[not (type pr)]", "ims",
                "locale",
                "\(SchemaURN.enterpriseUser):costCenter",
            ])
        #expect(mapping.state(of: ["userName": "a", "locale": "de"], type: .user).leftOut.isEmpty)
    }

    @Test("a create has what has a value, the identifier, and the client's password")
    func create() throws {
        let properties = try user(#"{"userName": "jroe", "name": {"familyName": "Roe"}, "active": false}"#)
        let identifier = try #require(LowercaseUUID("0B7D7C7E-6A0B-4F5E-9A36-1A2C7AD6B0CE"))
        let body = try mapping.createProperties(properties, type: .user, identifier: identifier, password: "secret-42")
        #expect(
            body
                == ([
                    "username": "jroe", "lastname": "Roe", "displayName": "Roe", "disabled": true,
                    "univentionObjectIdentifier": "0b7d7c7e-6a0b-4f5e-9a36-1a2c7ad6b0ce", "password": "secret-42",
                ] as JSONObject))
    }

    @Test("a create without a password has a random one that passes every policy, a group has none")
    func createWithoutPassword() throws {
        let identifier = LowercaseUUID.random()
        let user = try user(#"{"userName": "jroe", "name": {"familyName": "Roe"}}"#)
        let body = try mapping.createProperties(user, type: .user, identifier: identifier)
        #expect(body["password"]?.stringValue?.count == 32)
        #expect(body["overridePWHistory"] == true)
        #expect(body["overridePWLength"] == true)
        let again = try mapping.createProperties(user, type: .user, identifier: identifier)
        #expect(again["password"] != body["password"])

        let group = try mapping.createProperties(
            ["name": "g", "description": nil], type: .group, identifier: identifier)
        #expect(group == (["name": "g", "univentionObjectIdentifier": .string(identifier.description)] as JSONObject))
    }

    @Test(
        "a create without a required property is not made",
        arguments: [
            #"{"name": {"familyName": "Roe"}}"#, #"{"userName": "jroe"}"#,
            #"{"userName": "", "name": {"familyName": "R"}}"#,
        ])
    func createWithoutRequired(attributes: String) throws {
        let properties = try user(attributes)
        #expect(throws: UDMError.self) {
            try mapping.createProperties(properties, type: .user, identifier: .random(), password: "x")
        }
    }
}
