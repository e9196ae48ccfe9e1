// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Sort keys")
struct SortKeyTests {
    private func parse(_ text: String, _ type: ResourceType = .user) throws -> SortKey? {
        try SortKey.parse(text, for: type, registry: RandomFilter.registry)
    }

    @Test(
        "sortBy names an attribute, or a complex one with a value",
        arguments: [
            (.user, "userName", "userName"), (.user, "NAME.FAMILYNAME", "name.familyName"), (.user, "id", "id"),
            (.user, "meta.lastModified", "meta.lastModified"), (.user, "active", "active"),
            (.user, "emails", "emails.value"),
            (.user, "emails.type", "emails.type"), (.user, "addresses.locality", "addresses.locality"),
            (.user, "\(SchemaURN.user):title", "title"), (.user, "schemas", "schemas"),
            (.user, "\(SchemaURN.enterpriseUser):manager", "\(SchemaURN.enterpriseUser):manager.value"),
            (.group, "members", "members.value"),
            (.group, "userName", nil), (.user, "other", nil), (.user, "urn:x:y", nil), (.user, "userName.value", nil),
        ] as [(ResourceType, String, String?)])
    func paths(type: ResourceType, text: String, expected: String?) throws {
        #expect(try parse(text, type)?.path.description == expected)
    }

    @Test(
        "what cannot be sorted by is refused",
        arguments: [
            ("", "malformed at byte 0"), ("user name", "malformed at byte 4"), ("name.a.b", "malformed at byte 6"),
            ("emails[type pr]", "malformed at byte 6"), ("name", "name, which is complex"),
            ("meta", "meta, which is complex"),
            ("addresses", "addresses, which is complex"), ("password", "password, which is never returned"),
            (SchemaURN.enterpriseUser, "is the schema"),
            (String(repeating: "a", count: 8193), "longer than 8192 bytes"),
        ])
    func refused(text: String, reason: String) throws {
        let error = try #require(throws: SCIMError.self) { try parse(text) }
        #expect(error.status == 400)
        #expect(error.scimType == .invalidValue)
        #expect(error.detail.contains(reason), "\(error.detail)")
    }

    @Test(
        "of several values the primary one counts, or else the first",
        arguments: [
            ("userName", "jo"), ("name.familyName", "Doe"), ("title", nil), ("nickName", nil), ("name.givenName", nil),
            ("emails", "b"), ("emails.type", "home"), ("phoneNumbers", "1"), ("phoneNumbers.type", nil), ("ims", nil),
            ("photos", nil), ("roles", nil), ("\(RandomFilter.demo.id):tags", "z"),
            ("schemas", .string(SchemaURN.user)),
            ("\(SchemaURN.enterpriseUser):department", nil), ("\(RandomFilter.demo.id):floor", 3),
        ] as [(String, JSONValue?)])
    func values(text: String, expected: JSONValue?) throws {
        let resource: JSONObject = [
            "schemas": [.string(SchemaURN.user), .string(RandomFilter.demo.id)], "userName": "jo", "title": .null,
            "name": ["familyName": "Doe"],
            "emails": [["value": "a", "type": "work"], ["value": "b", "type": "home", "primary": true]],
            "phoneNumbers": [["value": "1"], ["value": "2", "type": "work", "primary": false]], "ims": [],
            // The primary value is chosen before its sub-attribute is looked at.
            "photos": [["value": "a"], ["type": "photo", "primary": true]],
            "roles": [["display": "x"], ["value": "y"]],
            RandomFilter.demo.id: ["tags": ["z", "a"], "floor": 3],
        ]
        #expect(try #require(try parse(text)).value(in: resource) == expected)
    }
}
