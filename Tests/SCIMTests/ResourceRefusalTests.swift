// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Resource validation: what is refused")
struct ResourceRefusalTests {
    private let validator = ResourceValidator(rules: DirectoryRules(mailDomains: ["Corp.test", "example.org"]))

    @Test(
        "a user with a wrong value is refused with the path of the attribute",
        arguments: [
            // Required
            ("userName", nil, "userName is required"), ("userName", "null", "userName is required"),
            ("userName", #""""#, "userName must not be blank"), ("userName", #"" \t""#, "userName must not be blank"),
            ("name", nil, "name is required"), ("name", "null", "name is required"), ("name", "{}", "name is required"),
            ("name", #"{"givenName":"Jo"}"#, "name.familyName is required"),
            ("name", #"{"familyName":""}"#, "name.familyName must not be blank"),
            ("name", #"{"familyName":"\u00a0"}"#, "name.familyName must not be blank"),
            // Wrong types
            ("userName", "1", "userName must be a string"), ("userName", #"["jroe"]"#, "userName must be a string"),
            ("userName", "{}", "userName must be a string"), ("name", #""Jo Roe""#, "name must be an object"),
            ("name", "[]", "name must be an object"),
            ("name", #"{"familyName":7}"#, "name.familyName must be a string"),
            ("name", #"{"familyName":"Roe","givenName":["Jo"]}"#, "name.givenName must be a string"),
            ("displayName", "true", "displayName must be a string"), ("title", "[]", "title must be a string"),
            ("active", #""yes""#, "active must be a Boolean"), ("active", "1", "active must be a Boolean"),
            ("active", #""""#, "active must be a Boolean"), ("active", "[true]", "active must be a Boolean"),
            ("emails", #""a@b.test""#, "emails must be an array"), ("emails", "7", "emails must be an array"),
            ("emails", "[null]", "emails[0] must be an object"),
            ("emails", #"["a@b.test"]"#, "emails[0] must be an object"),
            ("emails", #"[{"value":"a"},{"value":7}]"#, "emails[1].value must be a string"),
            ("emails", #"[{"value":"a","type":1}]"#, "emails[0].type must be a string"),
            ("emails", #"[{"value":"a","primary":"maybe"}]"#, "emails[0].primary must be a Boolean"),
            ("emails", #"{"value":{}}"#, "emails[0].value must be a string"),
            ("phoneNumbers", #"[[{"value":"1"}]]"#, "phoneNumbers[0] must be an object"),
            ("addresses", #"[{"country":1}]"#, "addresses[0].country must be a string"),
            ("roles", #"[{"value":"a"},{"value":"b"},{"display":[]}]"#, "roles[2].display must be a string"),
            ("externalId", "7", "externalId must be a string"), ("password", "12345678", "password must be a string"),
            (SchemaURN.enterpriseUser, "[]", "\(SchemaURN.enterpriseUser) must be an object"),
            (SchemaURN.enterpriseUser, #""x""#, "\(SchemaURN.enterpriseUser) must be an object"),
            (SchemaURN.enterpriseUser, #"{"department":1}"#, "\(SchemaURN.enterpriseUser):department must be a string"),
            (
                SchemaURN.enterpriseUser, #"{"manager":{"value":1}}"#,
                "\(SchemaURN.enterpriseUser):manager.value must be a string"
            ),
            (SchemaURN.enterpriseUser, #"{"manager":["m"]}"#, "\(SchemaURN.enterpriseUser):manager must be an object"),
            (
                SchemaURN.univentionUser, #"{"description":{}}"#,
                "\(SchemaURN.univentionUser):description must be a string"
            ),
            // Formats
            ("profileUrl", #""not a uri""#, "profileUrl must be a URI"),
            ("profileUrl", #""a\nb""#, "profileUrl must be a URI"),
            ("photos", #"[{"value":"<x>"}]"#, "photos[0].value must be a URI"),
            ("x509Certificates", #"[{"value":"abc"}]"#, "x509Certificates[0].value must be base64"),
            ("x509Certificates", #"[{"value":"ab=c"}]"#, "x509Certificates[0].value must be base64"),
            ("x509Certificates", #"[{"value":"a==="}]"#, "x509Certificates[0].value must be base64"),
            ("x509Certificates", #"[{"value":"ab-_"}]"#, "x509Certificates[0].value must be base64"),
            ("x509Certificates", #"[{"value":"TUlJ\nTUlJ"}]"#, "x509Certificates[0].value must be base64"),
            // U+0000
            ("userName", #""a\u0000""#, "userName must not contain U+0000"),
            ("title", #""\u0000""#, "title must not contain U+0000"),
            ("name", #"{"familyName":"a\u0000b"}"#, "name.familyName must not contain U+0000"),
            ("emails", #"[{"value":"a","display":"\u0000"}]"#, "emails[0].display must not contain U+0000"),
            ("externalId", #""\u0000""#, "externalId must not contain U+0000"),
            ("password", #""long enough\u0000""#, "password must not contain U+0000"),
            ("profileUrl", #""\u0000""#, "profileUrl must not contain U+0000"),
            // Several values
            (
                "emails", #"[{"value":"a","primary":true},{"value":"b"},{"value":"c","primary":"True"}]"#,
                "emails[2].primary is true for more than one value"
            ),
            (
                "phoneNumbers", #"[{"value":"1","primary":true},{"value":"2","primary":true}]"#,
                "phoneNumbers[1].primary is true for more than one value"
            ),
            // One name in two spellings
            ("USERNAME", #""jroe""#, "userName is given twice"), ("emailS", "null", nil),
            ("name", #"{"familyName":"Roe","FAMILYNAME":"Doe"}"#, "name.familyName is given twice"),
            ("emails", #"[{"value":"a","Value":"b"}]"#, "emails[0].value is given twice"),
            // Password
            ("password", #""""#, "password must not be empty"),
            ("password", #""1234567""#, "password must have at least 8 characters"),
            ("password", #""äöüäöü€""#, "password must have at least 8 characters"),
            (
                "password", #""{crypt}abcdefgh""#,
                "password must not begin with text in braces, which the directory takes for a hash"
            ),
            // Mail
            (
                "emails", #"[{"value":"a@corp.test","type":"mailbox"},{"value":"b@corp.test","type":"Mailbox"}]"#,
                "emails[1].type must not be mailbox, because another value is the mailbox"
            ),
            ("emails", #"[{"type":"mailbox"}]"#, "emails[0].value is required"),
            (
                "emails", #"[{"value":"x"},{"value":"jo","type":"alias"}]"#,
                "emails[1].value must be an e-mail address such as jo@example.org"
            ),
            (
                "emails", #"[{"value":"jo@home.test","type":"mailbox"}]"#,
                "emails[0].value has the domain home.test, which is not a mail domain of the directory"
            ),
            (
                // The path counts as the client does, although the second value is the first one again.
                "emails", #"[{"value":"x"},{"value":"x"},{"value":"jo@home.test","type":"ALIAS"}]"#,
                "emails[2].value has the domain home.test, which is not a mail domain of the directory"
            ),
        ] as [(String, String?, String?)])
    func user(key: String, text: String?, detail: String?) throws {
        let body = Fixture.body(.user, key, try text.map { try JSONValue(parsing: $0) })
        guard let detail else {
            _ = try validator.validate(body, as: .user)
            return
        }
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
            try validator.validate(body, as: .user)
        }
    }

    @Test(
        "a group with a wrong value is refused with the path of the attribute",
        arguments: [
            ("displayName", nil, "displayName is required"), ("displayName", #""""#, "displayName must not be blank"),
            ("displayName", #""  ""#, "displayName must not be blank"),
            ("displayName", "7", "displayName must be a string"),
            ("displayName", #""a\u0000""#, "displayName must not contain U+0000"),
            ("displayName", #"" a""#, "displayName must begin and end with a letter, a digit or _"),
            ("displayName", #""a ""#, "displayName must begin and end with a letter, a digit or _"),
            ("displayName", #""Team (Oz)""#, "displayName must begin and end with a letter, a digit or _"),
            ("displayName", #""-""#, "displayName must begin and end with a letter, a digit or _"),
            (
                "displayName", #""a@b""#,
                #"displayName must not contain @; only letters, digits, blanks and _ . - ! " # $ % & ' ( ) * + , ’ are possible"#
            ),
            (
                "displayName", #""a\tb""#,
                #"displayName must not contain U+0009; only letters, digits, blanks and _ . - ! " # $ % & ' ( ) * + , ’ are possible"#
            ),
            (
                "displayName", #""a/b""#,
                #"displayName must not contain /; only letters, digits, blanks and _ . - ! " # $ % & ' ( ) * + , ’ are possible"#
            ),
            ("members", #""x""#, "members must be an array"), ("members", "[null]", "members[0] must be an object"),
            ("members", #"["2819c223-7f76-453a-919d-413861904646"]"#, "members[0] must be an object"),
            ("members", "[{}]", "members[0].value is required"),
            ("members", #"[{"value":null}]"#, "members[0].value is required"),
            ("members", #"[{"value":7}]"#, "members[0].value must be a string"),
            ("members", #"[{"value":"jroe"}]"#, "members[0].value must be the id of a resource, a UUID"),
            ("members", #"[{"value":"\u0000"}]"#, "members[0].value must not contain U+0000"),
            (
                "members", #"[{"value":"2819c223-7f76-453a-919d-413861904646"},{"value":""}]"#,
                "members[1].value must be the id of a resource, a UUID"
            ),
            (
                "members", #"[{"value":"2819c223-7f76-453a-919d-413861904646","type":"Device"}]"#,
                "members[0].type must be User or Group"
            ),
            (
                "members", #"[{"value":"2819c223-7f76-453a-919d-413861904646","type":7}]"#,
                "members[0].type must be a string"
            ),
            (
                "members",
                #"[{"value":"2819c223-7f76-453a-919d-413861904646","type":"User"},{"value":"2819C223-7f76-453a-919d-413861904646","type":"Group"}]"#,
                "members[1].type contradicts an earlier value for the same member"
            ),
            (
                "members", #"[{"value":"2819c223-7f76-453a-919d-413861904646","Value":"x"}]"#,
                "members[0].value is given twice"
            ),
            (
                SchemaURN.univentionGroup, #"{"memberRoles":[{"type":"guardian"}]}"#,
                "\(SchemaURN.univentionGroup):memberRoles[0].value is required"
            ),
            (
                SchemaURN.univentionGroup, #"{"memberRoles":[{"value":" "}]}"#,
                "\(SchemaURN.univentionGroup):memberRoles[0].value must not be blank"
            ),
            (
                SchemaURN.univentionGroup, #"{"memberRoles":["x"]}"#,
                "\(SchemaURN.univentionGroup):memberRoles[0] must be an object"
            ),
        ] as [(String, String?, String)])
    func group(key: String, text: String?, detail: String) throws {
        let body = Fixture.body(.group, key, try text.map { try JSONValue(parsing: $0) })
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
            try validator.validate(body, as: .group)
        }
    }

    @Test("the minimal user of RFC 7643 section 8.1 has no name, which UDM needs")
    func minimalUser() throws {
        let body = try Fixture.json("rfc7643-8.1-user-minimal.json")
        let lenient = ResourceValidator(rules: DirectoryRules(userNameRule: .localPart))
        #expect(throws: SCIMError.invalidValue(attribute: "name", reason: "is required")) {
            try lenient.validate(body, as: .user)
        }
    }

    @Test("a body that is no object is no message", arguments: [nil, true, 1, "x", [], [[:]]] as [JSONValue])
    func noObject(body: JSONValue) {
        for type in ResourceType.allCases {
            #expect(throws: SCIMError.invalidSyntax("The body must be a JSON object")) {
                try validator.validate(body, as: type)
            }
        }
    }

    @Test(
        "schemas has to be a list with the core schema of the type",
        arguments: [
            (nil, .invalidSyntax, "schemas is required and must contain \(SchemaURN.user)"),
            (.null, .invalidSyntax, "schemas is required and must contain \(SchemaURN.user)"),
            (7, .invalidSyntax, "schemas must be an array of strings"),
            (.string(SchemaURN.enterpriseUser), .invalidValue, "schemas must contain \(SchemaURN.user)"),
            ([:], .invalidSyntax, "schemas must be an array of strings"),
            ([.string(SchemaURN.user), 7], .invalidSyntax, "schemas[1] must be a string"),
            ([], .invalidSyntax, "schemas is required and must contain \(SchemaURN.user)"),
            ([.string(SchemaURN.enterpriseUser)], .invalidValue, "schemas must contain \(SchemaURN.user)"),
            (
                [.string(SchemaURN.group)], .invalidValue,
                "schemas must contain \(SchemaURN.user); a Group belongs to /Groups"
            ),
        ] as [(JSONValue?, SCIMError.ScimType, String)])
    func schemas(value: JSONValue?, scimType: SCIMError.ScimType, detail: String) {
        #expect(throws: SCIMError(status: 400, scimType: scimType, detail: detail)) {
            try validator.validate(Fixture.body(.user, "schemas", value), as: .user)
        }
    }

    @Test("a user sent to the groups is told where it belongs")
    func otherType() {
        let detail = "schemas must contain \(SchemaURN.group); a User belongs to /Users"
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
            try validator.validate(.object(Fixture.userBody), as: .group)
        }
    }

    @Test("a refused password is never part of the answer")
    func secret() {
        let error = #expect(throws: SCIMError.self) {
            try validator.validate(Fixture.body(.user, "password", "s3cr3t"), as: .user)
        }
        #expect(error?.detail.contains("s3cr3t") == false)
    }
}
