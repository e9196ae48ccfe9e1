// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Resource validation: what is accepted")
struct ResourceValidatorTests {
    private let validator = ResourceValidator()
    private let localPart = ResourceValidator(rules: DirectoryRules(userNameRule: .localPart))

    @Test("the least user gets what follows from it")
    func leastUser() throws {
        let user = try validator.validate(.object(Fixture.userBody), as: .user)
        #expect(
            user
                == ValidatedResource(
                    type: .user,
                    attributes: [
                        "userName": "jroe", "name": ["givenName": "Jo", "familyName": "Roe", "formatted": "Jo Roe"],
                        "displayName": "Jo Roe", "active": true,
                    ]))
    }

    @Test("the least group")
    func leastGroup() throws {
        let group = try validator.validate(.object(Fixture.groupBody), as: .group)
        #expect(group == ValidatedResource(type: .group, attributes: ["displayName": "staff"]))
        #expect(group.members == nil)
    }

    @Test("RFC 7643 section 8.2: the full user")
    func fullUser() throws {
        let body = try Fixture.json("rfc7643-8.2-user-full.json")
        let user = try localPart.validate(body, as: .user)
        var expected = try #require(body.objectValue)
        for key in ["schemas", "id", "externalId", "password", "groups", "meta"] { expected[key] = nil }
        #expect(user.attributes == expected)
        #expect(user.externalId == "701984")
        #expect(user.password == "t1meMa$heen")
        #expect(user.members == nil)
    }

    @Test("RFC 7643 section 8.3: the enterprise user, without the manager's name, which is readOnly")
    func enterpriseUser() throws {
        let user = try localPart.validate(try Fixture.json("rfc7643-8.3-user-enterprise.json"), as: .user)
        #expect(
            user.attributes[SchemaURN.enterpriseUser] == [
                "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
                "division": "Theme Park", "department": "Tour Operations",
                "manager": [
                    "value": "26118915-6090-4610-87e4-49d8ca9f808d",
                    "$ref": "../Users/26118915-6090-4610-87e4-49d8ca9f808d",
                ],
            ])
    }

    @Test("RFC 7643 section 8.4: the group")
    func group() throws {
        let group = try validator.validate(try Fixture.json("rfc7643-8.4-group.json"), as: .group)
        #expect(group.attributes == ["displayName": "Tour Guides"])
        #expect(
            group.members?.map(\.id.description) == [
                "2819c223-7f76-453a-919d-413861904646", "902c246b-6245-4190-8e05-00816be7344a",
            ])
        #expect(group.members?.allSatisfy { $0.type == nil } == true)
    }

    @Test("the create of Entra ID")
    func entra() throws {
        let user = try localPart.validate(try Fixture.json("entra-create-user.json"), as: .user)
        #expect(user.externalId == "0a21f0f2")
        #expect(
            user.attributes == [
                "userName": "a.person@contoso.example", "active": true,
                "emails": [["primary": true, "type": "work", "value": "a.person@contoso.example"]],
                "name": ["formatted": "A Person", "familyName": "Person", "givenName": "A"], "displayName": "A Person",
            ])
    }

    @Test("the create of Okta")
    func okta() throws {
        let user = try localPart.validate(try Fixture.json("okta-create-user.json"), as: .user)
        #expect(user.externalId == "00u1")
        #expect(user.password == "only if synced")
        #expect(user.attributes["groups"] == nil)
        #expect(user.attributes["locale"] == "en-US")
    }

    @Test("names in any case are those of the schema afterwards")
    func namesInAnyCase() throws {
        let body: JSONValue = [
            "SCHEMAS": [.string(SchemaURN.user.uppercased())], "USERNAME": "jroe",
            "Name": ["GIVENNAME": "Jo", "familyname": "Roe"],
            "EMAILS": [["Value": "a@b.test", "TYPE": "work", "Primary": true]],
            "externalID": "e1", "PassWord": "long enough",
            "urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user": [
                "EmployeeNumber": "1", "MANAGER": ["VALUE": "m"],
            ],
        ]
        let user = try validator.validate(body, as: .user)
        #expect(
            user.attributes == [
                "userName": "jroe", "name": ["givenName": "Jo", "familyName": "Roe", "formatted": "Jo Roe"],
                "emails": [["value": "a@b.test", "type": "work", "primary": true]], "displayName": "Jo Roe",
                "active": true,
                SchemaURN.enterpriseUser: ["employeeNumber": "1", "manager": ["value": "m"]],
            ])
        #expect(user.externalId == "e1")
        #expect(user.password == "long enough")
    }

    @Test("URNs beyond the core schema are let through")
    func furtherSchemas() throws {
        let schemas: JSONValue = ["urn:example:other", .string(SchemaURN.user), .string(SchemaURN.enterpriseUser), ""]
        _ = try validator.validate(Fixture.body(.user, "schemas", schemas), as: .user)
    }

    @Test("schemas may be one text, and the attributes of the core schema may stand below its URN")
    func coreAsContainer() throws {
        let plain: JSONValue = [
            "schemas": [.string(SchemaURN.user)], "userName": "jo", "name": ["familyName": "Doe"], "title": "x",
        ]
        let written: JSONValue = [
            "schemas": .string(SchemaURN.user), "userName": "jo",
            SchemaURN.user.uppercased(): ["name": ["familyName": "Doe"], "TITLE": "x"],
        ]
        #expect(try validator.validate(written, as: .user) == validator.validate(plain, as: .user))
        #expect(try validator.validateReplacement(written, as: .user) == validator.validate(plain, as: .user))
        let twice: JSONValue = [
            "schemas": [.string(SchemaURN.user)], "userName": "jo", "name": ["familyName": "Doe"],
            SchemaURN.user: ["username": "ja"],
        ]
        #expect(throws: SCIMError.self) { try validator.validate(twice, as: .user) }
        let containers: JSONValue = [
            "schemas": [.string(SchemaURN.user)], "userName": "jo", "name": ["familyName": "Doe"],
            SchemaURN.user: ["title": "x"], SchemaURN.user.uppercased(): ["nickName": "y"],
        ]
        #expect(throws: SCIMError.self) { try validator.validate(containers, as: .user) }
        let member = "2819c223-7f76-453a-919d-413861904646"
        let group: JSONValue = [
            "schemas": .string(SchemaURN.group),
            SchemaURN.group: ["displayName": "staff", "members": [["value": .string(member)]]],
        ]
        #expect(try validator.validate(group, as: .group).members?.map(\.id.description) == [member])
        var reader = GroupBodyReader(maximumBytes: 1 << 20, maximumDepth: 64)
        try reader.append(group.serialize())
        #expect(try validator.validate(try reader.finish()) == validator.validate(group, as: .group))
    }

    @Test(
        "what the schemas do not know, or what is readOnly, is ignored whatever its value",
        arguments: [
            "id", "ID", "meta", "groups", "Groups", "members", "unknown", "", "urn:example:extension", SchemaURN.sync,
            SchemaURN.univentionGroup, SchemaURN.user, "name.givenName", "user\u{0}Name",
        ], [["x": "y"], "text", [nil], 7] as [JSONValue])
    func ignored(key: String, value: JSONValue) throws {
        let plain = try validator.validate(.object(Fixture.userBody), as: .user)
        #expect(try validator.validate(Fixture.body(.user, key, value), as: .user) == plain)
    }

    @Test("unknown and readOnly sub-attributes are ignored")
    func ignoredSubAttributes() throws {
        let extended = try Fixture.body(
            .user, SchemaURN.enterpriseUser, text: #"{"manager":{"displayName":3,"x":1},"y":2}"#)
        #expect(try validator.validate(extended, as: .user).attributes[SchemaURN.enterpriseUser] == nil)
        let emails = try Fixture.body(
            .user, "emails", text: #"[{"value":"a@b.test","operation":"delete","$ref":null}]"#)
        #expect(try validator.validate(emails, as: .user).attributes["emails"] == [["value": "a@b.test"]])
    }

    @Test(
        "null, an empty list and an object without values are as good as not given",
        arguments: [
            ("emails", "null"), ("emails", "[]"), ("emails", "[{}]"), ("emails", #"[{"value":null}]"#),
            ("title", "null"),
            ("active", "null"), ("name", #"{"givenName":"Jo","familyName":"Roe","middleName":null}"#),
            ("password", "null"),
            ("externalId", "null"), ("roles", "[]"), (SchemaURN.enterpriseUser, "{}"),
            (SchemaURN.enterpriseUser, "null"),
            (SchemaURN.enterpriseUser, #"{"manager":{},"costCenter":null}"#),
            (SchemaURN.univentionUser, #"{"description":null}"#),
            // The id of nobody, and the address of nobody.
            (SchemaURN.enterpriseUser, #"{"manager":""}"#), (SchemaURN.enterpriseUser, #"{"manager":{"value":""}}"#),
            (SchemaURN.enterpriseUser, #"{"MANAGER":{"$ref":null,"Value":"","displayName":"Boss"}}"#),
            ("emails", #"[{"type":"mailbox","value":null}]"#),
            ("emails", #"{"Type":"Alias","Value":null,"primary":true}"#),
            ("displayName", #""""#), ("displayName", #""  ""#),
        ])
    func absent(key: String, text: String) throws {
        let plain = try validator.validate(.object(Fixture.userBody), as: .user)
        #expect(try validator.validate(try Fixture.body(.user, key, text: text), as: .user) == plain)
    }

    @Test(
        "a Boolean may come as a string",
        arguments: [
            ("\"True\"", true), ("\"true\"", true), ("\"FALSE\"", false), ("\"false\"", false), ("false", false),
        ])
    func booleanAsString(text: String, value: Bool) throws {
        let user = try validator.validate(try Fixture.body(.user, "active", text: text), as: .user)
        #expect(user.attributes["active"] == .bool(value))
        let emails = try Fixture.body(.user, "emails", text: #"[{"value":"a","primary":\#(text)}]"#)
        #expect(try validator.validate(emails, as: .user).attributes["emails"]?[0]?["primary"] == .bool(value))
    }

    @Test("one object may stand where a list is due")
    func singleObject() throws {
        let emails = try Fixture.body(.user, "emails", text: #"{"value":"a@b.test","type":"work"}"#)
        #expect(
            try validator.validate(emails, as: .user).attributes["emails"] == [["value": "a@b.test", "type": "work"]])
        let members = try Fixture.body(.group, "members", text: #"{"value":"2819c223-7f76-453a-919d-413861904646"}"#)
        #expect(try validator.validate(members, as: .group).members?.count == 1)
    }

    @Test("the manager may be a bare id")
    func bareManager() throws {
        let body = try Fixture.body(.user, SchemaURN.enterpriseUser, text: #"{"manager":"26118915"}"#)
        let user = try validator.validate(body, as: .user)
        #expect(user.attributes[SchemaURN.enterpriseUser] == ["manager": ["value": "26118915"]])
    }

    @Test("roles and entitlements may be a list of texts", arguments: ["roles", "entitlements"])
    func bareRoles(name: String) throws {
        let body = try Fixture.body(.user, name, text: #"["admin",{"value":"editor","type":"x"},"admin"]"#)
        #expect(
            try validator.validate(body, as: .user).attributes[name]
                == [["value": "admin"], ["value": "editor", "type": "x"]])
    }

    @Test("a mailbox without an address goes, the addresses beside it stay")
    func addressOfNobody() throws {
        let body = try Fixture.body(
            .user, "emails",
            text: #"[{"type":"mailbox","value":null},{"type":"work","value":"a@b.test"},{"type":"work","value":""}]"#)
        #expect(
            try validator.validate(body, as: .user).attributes["emails"]
                == [["type": "work", "value": "a@b.test"], ["type": "work", "value": ""]])
    }

    @Test("values given twice are kept once, and values that differ at all are kept")
    func duplicates() throws {
        let body = try Fixture.body(
            .user, "emails",
            text: """
                [{"value":"a@b.test","type":"work","primary":true},{"value":"A@b.test","type":"work"},
                {"primary":"true","type":"work","value":"a@b.test"},{"value":"a@b.test","type":"home"}]
                """)
        #expect(
            try validator.validate(body, as: .user).attributes["emails"] == [
                ["value": "a@b.test", "type": "work", "primary": true], ["value": "A@b.test", "type": "work"],
                ["value": "a@b.test", "type": "home"],
            ])
        // Beyond eight values they are found by hash.
        let many = (0..<30).map { JSONValue.object(["value": .string("r\($0 % 15)")]) }
        #expect(
            try validator.validate(Fixture.body(.user, "roles", .array(many)), as: .user).attributes["roles"]
                == .array(Array(many[..<15])))
    }

    @Test(
        "the full name is formed from the parts that are there",
        arguments: [
            (#"{"familyName":"Roe"}"#, "Roe"), (#"{"familyName":"Roe","givenName":"Jo"}"#, "Jo Roe"),
            (#"{"familyName":"Roe","givenName":""}"#, "Roe"), (#"{"familyName":"Roe","givenName":" "}"#, "Roe"),
            (#"{"familyName":"Roe","givenName":"Jo","formatted":" ","middleName":"M"}"#, "Jo Roe"),
        ])
    func fullName(name: String, expected: JSONValue) throws {
        let user = try validator.validate(try Fixture.body(.user, "name", text: name), as: .user)
        #expect(user.attributes["name"]?["formatted"] == expected)
        #expect(user.attributes["displayName"] == expected)
    }

    @Test("a full name that is given stays")
    func formatted() throws {
        let name = #"{"familyName":"Roe","givenName":"Jo","formatted":"Dr. Jo Roe"}"#
        let user = try validator.validate(try Fixture.body(.user, "name", text: name), as: .user)
        #expect(user.attributes["name"]?["formatted"] == "Dr. Jo Roe")
        #expect(user.attributes["displayName"] == "Jo Roe")
    }

    @Test("a display name that is given stays")
    func displayName() throws {
        let user = try validator.validate(Fixture.body(.user, "displayName", "Babs"), as: .user)
        #expect(user.attributes["displayName"] == "Babs")
        #expect(user.attributes["name"]?["formatted"] == "Jo Roe")
    }

    @Test("values keep the client's type, display, primary and spelling")
    func kept() throws {
        let emails: JSONValue = [
            ["value": "Jo@Corp.test", "type": "Mailbox", "display": "main", "primary": false],
            ["value": "j@corp.test", "type": "alias"], ["value": "jo@home.test", "type": "very own"],
            ["value": "no type"],
        ]
        #expect(try validator.validate(Fixture.body(.user, "emails", emails), as: .user).attributes["emails"] == emails)
    }

    @Test(
        "values of every format",
        arguments: [
            ("profileUrl", #""https://example.com/a?b=c#d""#), ("profileUrl", #""../Users/7""#), ("profileUrl", #""""#),
            ("profileUrl", #""https://exämple.test/ü""#), ("x509Certificates", #"[{"value":"TUlJ"}]"#),
            ("x509Certificates", #"[{"value":"TUk="}]"#), ("x509Certificates", #"[{"value":"TQ=="}]"#),
            ("photos", #"[{"value":"https://example.com/p","type":"photo"}]"#), ("title", #""\n\t€""#),
            ("nickName", #""""#),
            (SchemaURN.univentionUser, #"{"description":"d","passwordRecoveryEmail":"r@x.test"}"#),
        ])
    func formats(key: String, text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(try validator.validate(Fixture.body(.user, key, value), as: .user).attributes[key] == value)
    }

    @Test("an extension of groups")
    func groupExtension() throws {
        let value: JSONValue = [
            "description": "d", "memberRoles": [["value": "app:ns:editor", "type": "guardian"], ["value": "x"]],
        ]
        let group = try validator.validate(Fixture.body(.group, SchemaURN.univentionGroup, value), as: .group)
        #expect(group.attributes[SchemaURN.univentionGroup] == value)
    }

    @Test("members keep their order, each once, with the type if it was ever given")
    func members() throws {
        let body = try Fixture.body(
            .group, "members",
            text: """
                [{"value":"2819C223-7f76-453a-919d-413861904646","display":"x","$ref":null},
                {"value":"902c246b-6245-4190-8e05-00816be7344a","type":"group","$ref":"https://x/Groups/902c246b"},
                {"VALUE":"2819c223-7f76-453a-919d-413861904646","Type":"User"},
                {"value":"902c246b-6245-4190-8e05-00816be7344a","type":null}]
                """)
        let members = try validator.validate(body, as: .group).members
        #expect(
            members?.map(\.id.description) == [
                "2819c223-7f76-453a-919d-413861904646", "902c246b-6245-4190-8e05-00816be7344a",
            ])
        #expect(members?.map(\.type) == [.user, .group])
    }

    @Test("no members, none given and many")
    func memberCounts() throws {
        #expect(try validator.validate(Fixture.body(.group, "members", []), as: .group).members == [])
        #expect(try validator.validate(Fixture.body(.group, "members", nil), as: .group).members == nil)
        #expect(try validator.validate(Fixture.body(.group, "members", .null), as: .group).members == nil)
        let ids = (0..<20_000).map { LowercaseUUID(high: 7, low: $0 / 2) }
        let list = JSONValue.array(ids.map { ["value": .string($0.description)] })
        #expect(try validator.validate(Fixture.body(.group, "members", list), as: .group).members?.count == 10_000)
    }

    @Test("a replacement is subject to the same rules")
    func replacement() throws {
        let body = try Fixture.json("rfc7643-8.2-user-full.json")
        #expect(try localPart.validateReplacement(body, as: .user) == (try localPart.validate(body, as: .user)))
        #expect(throws: SCIMError.invalidValue(attribute: "name", reason: "is required")) {
            try validator.validateReplacement(Fixture.body(.user, "name", nil), as: .user)
        }
    }

    @Test("an extension that is required has to be there")
    func requiredExtension() throws {
        let registry = SchemaRegistry(
            core: [.user: .user, .group: .group],
            extensions: [.user: [SchemaRegistry.Extension(.enterpriseUser, required: true)]])
        let strict = ResourceValidator(registry: registry)
        #expect(throws: SCIMError.invalidValue(attribute: SchemaURN.enterpriseUser, reason: "is required")) {
            try strict.validate(.object(Fixture.userBody), as: .user)
        }
        _ = try strict.validate(Fixture.body(.user, SchemaURN.enterpriseUser, ["department": "d"]), as: .user)
    }

    @Test(
        "a decimal number is one that PostgreSQL and a double can hold",
        arguments: [
            ("1.5", true), ("-0.25", true), ("0", true), ("0.0", true), ("7", true), ("9223372036854775807", true),
            ("123456789012345678901234567890.5", true), ("1e308", true), ("-1E-300", true), ("1e309", false),
            ("1e999999", false), ("1e-400", false), ("1e-999999", false), ("-1e99999999999999999999", false),
            ("0.\(String(repeating: "0", count: 100))1", false), ("\(String(repeating: "9", count: 400))", false),
        ])
    func decimals(literal: String, isAccepted: Bool) throws {
        let own = Schema(
            id: "urn:example:own", name: "Own", description: "", attributes: [SchemaAttribute("a", "", type: .decimal)])
        let registry = SchemaRegistry(
            core: [.user: .user, .group: .group], extensions: [.user: [SchemaRegistry.Extension(own)]])
        let body = Fixture.body(.user, own.id, ["a": try JSONValue(parsing: literal)])
        let detail = "urn:example:own:a must be a number within the range of a double"
        if isAccepted {
            let user = try ResourceValidator(registry: registry).validate(body, as: .user)
            #expect(user.attributes[own.id]?["a"]?.numberValue?.literal == literal)
        } else {
            #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
                try ResourceValidator(registry: registry).validate(body, as: .user)
            }
        }
    }

    @Test("attributes of all types are checked, whatever schema they come from")
    func ownSchema() throws {
        let own = Schema(
            id: "urn:example:own", name: "Own", description: "Own",
            attributes: [
                SchemaAttribute("count", "", type: .integer), SchemaAttribute("ratio", "", type: .decimal),
                SchemaAttribute("since", "", type: .dateTime), SchemaAttribute("tags", "", multiValued: true),
                SchemaAttribute("flags", "", type: .boolean, multiValued: true),
            ])
        let registry = SchemaRegistry(
            core: [.user: .user, .group: .group], extensions: [.user: [SchemaRegistry.Extension(own)]])
        let validator = ResourceValidator(registry: registry)
        let good: JSONValue = [
            "count": 3, "ratio": 1.5, "since": "2026-11-21T09:15:29Z", "tags": ["b", "a"], "flags": [true],
        ]
        #expect(try validator.validate(Fixture.body(.user, own.id, good), as: .user).attributes[own.id] == good)
        for (bad, detail) in [
            (["count": 1.5], "count must be an integer"), (["count": "1"], "count must be an integer"),
            (["ratio": "1.5"], "ratio must be a number"),
            (["count": 1e2], "count must be an integer"), (["count": true], "count must be an integer"),
            (["ratio": true], "ratio must be a number"), (["ratio": [1.5]], "ratio must be a number"),
            (["flags": [1]], "flags[0] must be a Boolean"),
            (["since": "2026-11-21"], "since must be a date and time such as 2026-11-21T09:15:29Z"),
            (["since": 1], "since must be a string"), (["tags": ["a", 1]], "tags[1] must be a string"),
            (["tags": "a"], "tags must be an array"), (["flags": ["yes"]], "flags[0] must be a Boolean"),
        ] as [(JSONValue, String)] {
            #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: "urn:example:own:\(detail)")) {
                try validator.validate(Fixture.body(.user, own.id, bad), as: .user)
            }
        }
    }
}
