// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import JSON
import SCIM
import Testing
import UDM

/// Schemas and mapping from a declarative file (R-11, R-12).
@Suite struct ConfiguredSchemaTests {
    private static let demo = "urn:example:scim:schemas:extension:myapp:1.0:User"

    private func problems(_ file: String) -> [String] {
        do throws(ConfiguredSchemaError) {
            _ = try ConfiguredSchema(file: Array(file.utf8))
            return []
        } catch {
            return error.problems
        }
    }

    /// The problems of a file with one line of mapping for users.
    private func problems(rule: String) -> [String] {
        problems(
            """
            {"schemas": [{"id": "urn:x:y:1.0:User", "name": "Y", "resourceTypes": ["User"], "attributes": [
                {"name": "text", "type": "string"}, {"name": "flag", "type": "boolean"},
                {"name": "ratio", "type": "decimal"}, {"name": "count", "type": "integer"},
                {"name": "tags", "type": "string", "multiValued": true},
                {"name": "fixed", "type": "string", "mutability": "readOnly"},
                {"name": "place", "type": "complex", "subAttributes": [{"name": "site", "type": "string"}]},
                {"name": "desks", "type": "complex", "multiValued": true, "subAttributes": [
                    {"name": "value", "type": "string"}]}]}],
             "mapping": {"User": [\(rule)]}}
            """)
    }

    // MARK: The example

    @Test("the example of the documentation carries a boolean and a decimal number with their types")
    func example() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/operating/example-schema.json")
        let schema = try ConfiguredSchema(file: Array(try Data(contentsOf: path)))
        #expect(schema.registry.extensions(for: .user).last?.schema.id == Self.demo)
        #expect(schema.registry.extensions(for: .group).count == SchemaRegistry.standard.extensions(for: .group).count)
        #expect(schema.additions == "1 schemas, 2 mapped attributes, 0 optional properties")
        let added = schema.addedProperties(for: .user)
        #expect(added.map(\.name) == ["isMyAppEnabled", "myAppValue"])
        #expect(added.map(\.kind) == [.boolean, .text])
        #expect(schema.addedProperties(for: .group).isEmpty)

        let mapping = UDMMapping(rules: DirectoryRules(), schema: schema)
        let attributes: JSONObject = ["userName": "jo", Self.demo: ["isMyAppEnabled": false, "myAppValue": 1.5]]
        let properties = mapping.properties(of: attributes, type: .user)
        #expect(properties["isMyAppEnabled"] == false)
        #expect(properties["myAppValue"] == "1.5")
        #expect(mapping.attributes(of: properties, type: .user)[Self.demo] == attributes[Self.demo])
        #expect(mapping.state(of: attributes, type: .user).leftOut.isEmpty)
        #expect(mapping.attribute(of: "myAppValue", type: .user)?.description == "\(Self.demo):myAppValue")
        // Without a value: none in UDM, not false and not zero.
        let none = mapping.properties(of: ["userName": "jo"], type: .user)
        #expect(none["isMyAppEnabled"] == .null)
        #expect(none["myAppValue"] == .null)
        #expect(mapping.attributes(of: none, type: .user)[Self.demo] == nil)
        #expect(mapping.properties(of: ["displayName": "g"], type: .group)["myAppValue"] == nil)
    }

    @Test("an empty file adds nothing")
    func empty() throws {
        let schema = try ConfiguredSchema(file: Array("{}".utf8))
        #expect(schema.additions == nil)
        #expect(schema.table == .standard)
        #expect(schema.registry.schemas.map(\.id) == SchemaRegistry.standard.schemas.map(\.id))
        #expect(ConfiguredSchema.standard.additions == nil)
    }

    // MARK: Rules

    @Test("every rule has its form in UDM")
    func forms() throws {
        let schema = try ConfiguredSchema(file: Array(EveryRule.file.utf8))
        let mapping = UDMMapping(rules: DirectoryRules(), schema: schema)
        let own: JSONValue = [
            "text": "t", "flag": true, "inverted": true, "count": 7, "level": -2, "ratio": 0.25, "first": "f",
            "tags": ["a", "b", "a"], "site": ["name": "S"],
            "desks": [["value": "d", "number": 1, "shared": false]],
        ]
        let roles: JSONValue = [
            ["value": "g", "type": "guardian-direct"], ["value": "r", "type": "App"], ["value": "s"],
        ]
        let attributes: JSONObject = ["nickName": "n", "roles": roles, EveryRule.urn: own]
        let properties = mapping.properties(of: attributes, type: .user)
        let expected: JSONObject = [
            "ownText": "t", "ownFlag": true, "ownInverted": false, "ownCount": 7, "ownLevel": "-2", "ownRatio": "0.25",
            "ownFirst": ["f"], "ownTags": ["a", "b"], "ownSite": "S",
            "ownDesks": #"[{"number":1,"shared":false,"value":"d"}]"#, "ownNickName": "n",
            "ownRoles": #"[{"type":"App","value":"r"},{"value":"s"}]"#,
        ]
        for (property, value) in expected { #expect(properties[property] == value, "\(property)") }
        #expect(properties["guardianRoles"] == nil)
        #expect(mapping.state(of: attributes, type: .user).leftOut == [#"roles[type eq "guardian-direct"]"#])
        #expect(
            mapping.properties(of: ["displayName": "g", EveryRule.urn: ["note": "n"]], type: .group)["ownNote"] == "n")
        for (property, _) in expected {
            #expect([.null, []].contains(mapping.properties(of: [:], type: .user)[property]), "\(property)")
        }
    }

    @Test("JSON text is the same whatever order the members came in, and text that is no JSON is no value")
    func json() throws {
        let schema = try ConfiguredSchema(file: Array(EveryRule.file.utf8))
        let mapping = UDMMapping(rules: DirectoryRules(), schema: schema)
        func text(_ desk: JSONValue) -> JSONValue? {
            mapping.properties(of: [EveryRule.urn: ["desks": [desk]]], type: .user)["ownDesks"]
        }
        #expect(text(["value": "d", "number": 1]) == text(["number": 1, "value": "d"]))
        for broken in ["", "{", "nonsense", "null"] {
            let back = mapping.attributes(of: ["ownDesks": .string(broken), "ownRoles": .string(broken)], type: .user)
            #expect(back == (["active": true] as JSONObject))
        }
        #expect(mapping.attributes(of: ["ownRatio": "x", "ownLevel": "1x"], type: .user)[EveryRule.urn] == nil)
    }

    @Test("optional properties are switched on by name")
    func optionalProperties() throws {
        let schema = try ConfiguredSchema(
            file: Array(#"{"optionalProperties": ["locale", "PasswordRecoveryEmail"]}"#.utf8))
        let mapping = UDMMapping(rules: DirectoryRules(), schema: schema)
        let attributes: JSONObject = [
            "locale": "de-DE", SchemaURN.univentionUser: ["passwordRecoveryEmail": "a@b.test"],
            "roles": [["value": "r", "type": "guardian-direct"]],
        ]
        let properties = mapping.properties(of: attributes, type: .user)
        #expect(properties["locale"] == "de-DE")
        #expect(properties["PasswordRecoveryEmail"] == "a@b.test")
        #expect(properties["guardianRoles"] == nil)
        #expect(mapping.state(of: attributes, type: .user).leftOut == ["roles"])
        #expect(Set(schema.addedProperties(for: .user).map(\.name)) == ["locale", "PasswordRecoveryEmail"])
    }

    @Test("the externalId of one client has a property")
    func externalID() throws {
        let file = #"{"externalId": {"client": "hr", "User": "hrNumber", "Group": "hrNumber"}}"#
        let schema = try ConfiguredSchema(file: Array(file.utf8))
        #expect(
            schema.externalID == ExternalIDMapping(client: "hr", properties: [.user: "hrNumber", .group: "hrNumber"]))
        let mapping = UDMMapping(rules: DirectoryRules(), schema: schema)
        #expect(mapping.properties(ofExternalID: "4711", type: .user) == (["hrNumber": "4711"] as JSONObject))
        #expect(mapping.properties(ofExternalID: nil, type: .group) == (["hrNumber": nil] as JSONObject))
        #expect(mapping.properties(ofExternalID: "", type: .group) == (["hrNumber": nil] as JSONObject))
        #expect(mapping.attribute(of: "hrNumber", type: .user) == MappedPath("externalId"))
        #expect(mapping.properties(of: MappedPath("externalId"), type: .user) == ["hrNumber"])
        #expect(schema.addedProperties(for: .group).map(\.name) == ["hrNumber"])
        let plain = UDMMapping(rules: DirectoryRules())
        #expect(plain.properties(ofExternalID: "x", type: .user).isEmpty)
        #expect(plain.properties(of: MappedPath("externalId"), type: .user).isEmpty)
    }

    // MARK: Problems

    @Test("schemas, mapping and all else are checked in one go")
    func allProblems() {
        let file = """
            {"schemas": [{"id": "urn:x:y:1.0:User", "name": "Y", "resourceTypes": ["User"],
                "attributes": [{"name": "a", "type": "text"}, {"name": "b", "type": "boolean"}]}],
             "mapping": {"User": [
                    {"attribute": "urn:x:y:1.0:User:b", "property": "username", "rule": "boolean"},
                    {"attribute": "title", "property": "myTitle", "rule": "string"},
                    {"attribute": "urn:x:y:1.0:User:b", "property": "p", "rule": "string"},
                    {"property": "q", "rule": "text", "path": "x"}],
                "Device": []},
             "optionalProperties": ["locale", "shoeSize"],
             "externalId": {"client": "", "user": "x"}, "extra": 1}
            """
        #expect(
            problems(file) == [
                #"the file has the unknown key "extra"; known are schemas, mapping, optionalProperties, externalId"#,
                "schemas[0].attributes[0].type: must be one of string, boolean, decimal, integer, dateTime, reference, "
                    + #"binary, complex, not "text""#,
                #"mapping: has the unknown key "Device"; known are User, Group"#,
                "mapping.User[0].property: must not be username, which the bridge sets itself",
                "mapping.User[1].attribute: is mapped by the bridge itself to title",
                "mapping.User[2].rule: string needs an attribute of type string, reference, dateTime or binary with one "
                    + "value",
                #"mapping.User[3]: has the unknown key "path"; known are attribute, property, rule"#,
                "mapping.User[3].attribute: is required",
                "mapping.User[3].rule: must be one of string, boolean, invertedBoolean, integer, integerAsText, "
                    + #"decimalAsText, list, firstOfList, json, not "text""#,
                "optionalProperties[1]: must be one of PasswordRecoveryEmail, guardianInheritedRoles, "
                    + #"guardianMemberRoles, guardianRoles, locale, not "shoeSize""#,
                #"externalId: has the unknown key "user"; known are client, User, Group"#,
                "externalId.client: must not be empty",
                "externalId: must name a property for User, Group or both",
            ])
    }

    @Test(
        "a line of the mapping that cannot be is refused with the place and the reason",
        arguments: [
            ("urn:x:y:1.0:User:none", "p", "string", "attribute: names no attribute that a User has"),
            ("urn:x:z:1.0:User:text", "p", "string", "attribute: names no attribute that a User has"),
            ("members", "p", "json", "attribute: names no attribute that a User has"),
            (
                "", "p", "string",
                "attribute: must be an attribute path such as nickName or urn:example:myapp:1.0:User:size"
            ),
            (
                "a.b.c", "p", "string",
                "attribute: must be an attribute path such as nickName or urn:example:myapp:1.0:User:size"
            ),
            ("externalId", "p", "string", "attribute: must not be externalId, which the bridge keeps itself"),
            ("meta.created", "p", "string", "attribute: must not be meta, which the bridge keeps itself"),
            ("password", "p", "string", "attribute: is mapped by the bridge itself"),
            ("groups", "p", "json", "attribute: is readOnly, so no client gives it a value"),
            ("urn:x:y:1.0:User:fixed", "p", "string", "attribute: is readOnly, so no client gives it a value"),
            ("userName", "p", "string", "attribute: is mapped by the bridge itself to username"),
            ("name.givenName", "p", "string", "attribute: is mapped by the bridge itself to firstname"),
            ("NAME", "p", "json", "attribute: is mapped by the bridge itself to lastname"),
            (
                "locale", "p", "string",
                "attribute: is mapped by the bridge itself to locale; to use that, name it in optionalProperties"
            ),
            (
                "emails", "p", "json",
                "attribute: is mapped by the bridge itself to mailPrimaryAddress, mailAlternativeAddress, e-mail"
            ),
            (
                "phoneNumbers", "p", "json",
                "attribute: is mapped by the bridge itself to phone, mobileTelephoneNumber, homeTelephoneNumber, pagerTelephoneNumber"
            ),
            (
                "entitlements.value", "p", "list",
                "attribute: names a sub-attribute of a multi-valued attribute, which has a value in every element"
            ),
            ("urn:x:y:1.0:User:place.none", "p", "string", "attribute: names no sub-attribute of place"),
            (
                "urn:x:y:1.0:User:flag", "p", "integer",
                "rule: integer needs an attribute of type integer with one value"
            ),
            (
                "urn:x:y:1.0:User:ratio", "p", "integerAsText",
                "rule: integerAsText needs an attribute of type integer with one value"
            ),
            (
                "urn:x:y:1.0:User:count", "p", "decimalAsText",
                "rule: decimalAsText needs an attribute of type decimal with one value"
            ),
            (
                "urn:x:y:1.0:User:text", "p", "invertedBoolean",
                "rule: invertedBoolean needs an attribute of type boolean with one value"
            ),
            (
                "urn:x:y:1.0:User:tags", "p", "firstOfList",
                "rule: firstOfList needs an attribute of type string, reference, dateTime or binary with one value"
            ),
            (
                "urn:x:y:1.0:User:text", "p", "list",
                "rule: list needs a multi-valued attribute of type string, reference, dateTime or binary"
            ),
            (
                "urn:x:y:1.0:User:desks", "p", "list",
                "rule: list needs a multi-valued attribute of type string, reference, dateTime or binary"
            ),
            (
                "urn:x:y:1.0:User:text", "mailPrimaryAddress", "string",
                "property: must not be mailPrimaryAddress, which the bridge sets itself"
            ),
            (
                "urn:x:y:1.0:User:text", "guardianMemberRoles", "string",
                "property: must not be guardianMemberRoles, which the bridge sets itself"
            ),
            (
                "urn:x:y:1.0:User:text", "password", "string",
                "property: must not be password, which the bridge sets itself"
            ),
            (
                "urn:x:y:1.0:User:text", "univentionObjectIdentifier", "string",
                "property: must not be univentionObjectIdentifier, which the bridge sets itself"
            ),
            (
                "urn:x:y:1.0:User:text", "my property", "string",
                "property: must be the name of a UDM property: letters, digits, - and _, first a letter"
            ),
            (
                "urn:x:y:1.0:User:text", "", "string",
                "property: must be the name of a UDM property: letters, digits, - and _, first a letter"
            ),
        ])
    func brokenRule(attribute: String, property: String, rule: String, problem: String) {
        let line = #"{"attribute": "\#(attribute)", "property": "\#(property)", "rule": "\#(rule)"}"#
        #expect(problems(rule: line) == ["mapping.User[0].\(problem)"])
    }

    @Test("one attribute has one property, and one property one attribute")
    func bijective() {
        let first = #"{"attribute": "urn:x:y:1.0:User:text", "property": "p", "rule": "string"}"#
        #expect(problems(rule: first) == [])
        #expect(
            problems(rule: "\(first), \(first)") == [
                "mapping.User[1].property: is the property of mapping.User[0].property already; one property carries one "
                    + "attribute",
                "mapping.User[1].attribute: is mapped already; one attribute has one property",
            ])
        let whole = #"{"attribute": "urn:x:y:1.0:User:place", "property": "p", "rule": "json"}"#
        let part = #"{"attribute": "URN:X:Y:1.0:user:PLACE.site", "property": "q", "rule": "string"}"#
        #expect(
            problems(rule: "\(whole), \(part)") == [
                "mapping.User[1].attribute: is mapped already; one attribute has one property"
            ])
        let roles = #"{"attribute": "roles", "property": "p", "rule": "json"}"#
        let again = #"{"attribute": "roles", "property": "q", "rule": "json"}"#
        #expect(problems(rule: roles) == [])
        #expect(
            problems(rule: "\(roles), \(again)") == [
                "mapping.User[1].attribute: is mapped already; one attribute has one property"
            ])
    }

    @Test("a property may serve both types, in one form")
    func bothTypes() {
        func file(_ groupRule: String) -> String {
            """
            {"schemas": [{"id": "urn:x:y", "name": "Y", "resourceTypes": ["User", "Group"],
                "attributes": [{"name": "a", "type": "string"}]}],
             "mapping": {"User": [{"attribute": "urn:x:y:a", "property": "p", "rule": "string"}],
                "Group": [{"attribute": "urn:x:y:a", "property": "p", "rule": "\(groupRule)"}]}}
            """
        }
        #expect(problems(file("string")) == [])
        #expect(
            problems(file("firstOfList")) == [
                "mapping.Group[0].rule: must not be firstOfList, because p is a list for one resource type and none for "
                    + "the other"
            ])
    }

    @Test("what is no JSON is said with its place", arguments: ["", "{", "[]", "{} x", #"{"a": 1, "a": 2}"#])
    func noJSON(text: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("the file ") == true)
    }

    @Test("a file is no larger than a megabyte")
    func size() {
        let text = #"{"schemas": []\#(String(repeating: " ", count: 1 << 20))}"#
        #expect(problems(text).first?.contains("longer than 1048576 bytes") == true)
    }

    // MARK: Certificates

    @Test("a certificate is one in the eyes of an LDAP server")
    func certificates() throws {
        let mapping = UDMMapping(rules: DirectoryRules())
        func isPushed(_ base64: String) -> Bool {
            let attributes: JSONObject = ["x509Certificates": [["value": .string(base64)]]]
            return mapping.properties(of: attributes, type: .user)["userCertificate"] == .string(base64)
        }
        func isPushed(_ bytes: [UInt8]) -> Bool { isPushed(Data(bytes).base64EncodedString()) }
        let pem = TestCertificate.certificate.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        #expect(isPushed(pem))
        let good = DERCertificate.bytes(serial: 5)
        #expect(isPushed(good))
        #expect(isPushed(DERCertificate.bytes(serial: 5, version: [0x02, 1, 2])))
        #expect(isPushed(DERCertificate.bytes(serial: 5, extra: DERCertificate.element(0xA3, [1, 2, 3]))))
        #expect(isPushed(DERCertificate.bytes(serial: 5, extra: [UInt8](repeating: 1, count: 300))))
        for text in ["", "TUlJ", "TQ==", "MIIB", "====", "A", "AAAA", "MII=B"] { #expect(!isPushed(text), "\(text)") }
        for length in 0..<good.count { #expect(!isPushed(Array(good.prefix(length)))) }
        #expect(!isPushed(good + [0]))
        for index in 0..<6 {
            var bytes = good
            bytes[index] ^= 0x41
            #expect(!isPushed(bytes), "byte \(index)")
        }
        #expect(!isPushed([0x30, 0x80, 0x30, 0x00]))
        #expect(!isPushed([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(!isPushed([0x30, 0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
        // Random bytes, as conformance checkers send them.
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            #expect(!isPushed(bytes))
        }
    }
}
