// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

/// The examples of RFC 7644 section 3.5.2 and what identity providers send, each with its outcome.
@Suite("PATCH: the RFC's examples and the clients' requests")
struct PatchFlowTests {
    @Test(
        "a user",
        arguments: [
            // The `nickname` of the RFC is nickName in another case.
            (
                "rfc7644-3.5.2.1-add-without-path",
                """
                {"nickName":"Babs","emails":[{"value":"bjensen@example.com","type":"work","primary":true},
                 {"value":"babs@jensen.example","type":"home"},{"value":"babs@jensen.org","type":"home"}]}
                """
            ),
            ("rfc7644-3.5.2.2-remove-emails", #"{"emails":[{"value":"babs@jensen.example","type":"home"}]}"#),
            (
                "rfc7644-3.5.2.3-replace-address",
                """
                {"addresses":[{"type":"work","streetAddress":"911 Universal City Plaza","locality":"Hollywood",
                  "region":"CA","postalCode":"91608","country":"US",
                  "formatted":"911 Universal City Plaza\\nHollywood, CA 91608 US","primary":true},
                 {"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood"}]}
                """
            ),
            (
                "rfc7644-3.5.2.3-replace-street",
                """
                {"addresses":[{"type":"work","streetAddress":"1010 Broadway Ave","locality":"Hollywood","country":"US",
                  "primary":true},
                 {"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood"}]}
                """
            ),
            (
                "rfc7644-3.5.2.3-replace-without-path",
                """
                {"nickName":"Babs","emails":[{"value":"bjensen@example.com","type":"work","primary":true},
                 {"value":"babs@jensen.org","type":"home"}]}
                """
            ),
            (
                "entra-patch-user",
                """
                {"name":{"familyName":"Newname","givenName":"Barbara","middleName":"Jane","formatted":"Barbara Newname"},
                 "displayName":"Barbara Newname","active":false,
                 "emails":[{"value":"new@contoso.example","type":"work","primary":true},
                  {"value":"babs@jensen.example","type":"home"}],
                 "phoneNumbers":[{"value":"555-0100","type":"work"},{"value":"+1 555 0100","type":"mobile"}],
                 "ENT":{"employeeNumber":"701984","department":"Sales","manager":\(manager)}}
                """
            ),
            (
                "entra-patch-without-path",
                """
                {"name":{"familyName":"Jensen","givenName":"Robert","middleName":"Jane","formatted":"Robert Jensen"},
                 "displayName":"Bob","ENT":{"employeeNumber":"17","department":"Tours","manager":\(manager)}}
                """
            ),
            (
                "entra-patch-value-path-keys",
                """
                {"name":{"familyName":"Jensen","givenName":"Barbara","middleName":"Jane","formatted":"A B"},
                 "emails":[{"value":"bjensen@example.com","type":"work","primary":true},
                  {"value":"babs@jensen.example","type":"home"},{"value":"other@contoso.example","type":"other"}],
                 "addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Redmond",
                   "country":"US","primary":true},
                  {"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood"}],
                 "ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"\(PatchFixture.mandy)"}}}
                """
            ),
            ("entra-patch-manager-add-string", #"{"ENT":\#(enterprise(manager: newManager))}"#),
            ("entra-patch-manager-add-object", #"{"ENT":\#(enterprise(manager: newManager))}"#),
            ("entra-patch-manager-remove", #"{"ENT":{"employeeNumber":"701984","department":"Tours"}}"#),
            ("entra-patch-manager-empty", #"{"ENT":{"employeeNumber":"701984","department":"Tours"}}"#),
            (
                "azure-2017-patch-manager",
                """
                {"ENT":{"employeeNumber":"701984","department":"Tours","manager":{"value":"\(PatchFixture.mandy)",
                 "$ref":"http://host.example/scim/Users/\(PatchFixture.mandy)"}}}
                """
            ),
            ("azure-2017-patch-user", #"{"active":false,"displayName":"User X"}"#),
            (
                "entra-patch-role",
                """
                {"roles":[{"primary":true,"display":"Administrator","value":"admin",
                 "type":"WindowsAzureActiveDirectoryRole"}]}
                """
            ),
            (
                "entra-patch-address",
                """
                {"addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood",
                   "country":"SE","primary":true},
                  {"type":"home","streetAddress":"456 Hollywood Blvd","locality":"Hollywood"},
                  {"type":"other","formatted":"18/2111"}]}
                """
            ),
            (
                "entra-patch-primary-phone",
                """
                {"phoneNumbers":[{"value":"555-0100","type":"work","primary":true},
                 {"value":"555-0101","type":"mobile","primary":false}]}
                """
            ),
            ("okta-patch-deactivate", #"{"active":false}"#), ("google-patch-suspend", #"{"active":false}"#),
            ("gitlab-patch-deactivate", #"{"active":false}"#),
        ])
    func user(fixture: String, changes: String) throws {
        let user = try PatchFixture.user()
        let patched = try PatchFixture.apply(try Fixture.json("\(fixture).json"), to: user)
        let expected = try user.changed(by: changes)
        for key in Set(patched.attributes.keys).union(expected.keys) {
            #expect(patched.attributes[key] == expected[key], "\(key)")
        }
        #expect(patched.differs)
        // Sent again, it changes nothing: clients repeat what they had no answer for.
        let again = try PatchFixture.apply(try Fixture.json("\(fixture).json"), to: patched.attributes)
        #expect(!again.differs)
    }

    private static let manager = #"{"value":"\#(oldManager)","$ref":"../Users/\#(oldManager)"}"#
    private static let oldManager = "26118915-6090-4610-87e4-49d8ca9f808d"
    private static let newManager = #"{"value":"\#(PatchFixture.mandy)"}"#

    private static func enterprise(manager: String) -> String {
        #"{"employeeNumber":"701984","department":"Tours","manager":\#(manager)}"#
    }

    private static let babsAdded: [String: Bool] = [PatchFixture.babs: true]
    private static let babsRemoved: [String: Bool] = [PatchFixture.babs: false]

    @Test(
        "members are added and removed",
        arguments: [
            ("rfc7644-3.5.2.1-add-member", babsAdded), ("rfc7644-3.5.2.2-remove-member", babsRemoved),
            (
                "rfc7644-3.5.2.2-remove-and-add-member", [PatchFixture.babs: false, PatchFixture.james: true]
            ),
            ("entra-patch-add-member", babsAdded), ("entra-patch-remove-member", babsRemoved),
            ("entra-patch-remove-member-filter", babsRemoved), ("microsoft-collection-add-member", babsAdded),
            ("okta-patch-members", [PatchFixture.babs: false, PatchFixture.james: true]),
            ("onelogin-patch-group", [PatchFixture.babs: true, PatchFixture.james: false]),
            ("jumpcloud-patch-add-member", babsAdded), ("jumpcloud-patch-remove-member", babsRemoved),
            ("authentik-patch-remove-member", babsRemoved), ("rippling-patch-add-member", babsAdded),
        ])
    func members(fixture: String, outcome: [String: Bool]) throws {
        let patch = try PatchFixture.validator.patch(try Fixture.json("\(fixture).json"), as: .group)
        let added = try outcome.filter(\.value).keys.map { try PatchFixture.member($0) }
        let removed = try outcome.filter { !$0.value }.keys.map { try PatchFixture.id($0) }
        #expect(patch.members.steps == [.change(adding: added, removing: removed)])
        #expect(patch.changesMembersOnly)
    }

    @Test("the type that Keycloak gives is kept")
    func memberType() throws {
        let patch = try PatchFixture.validator.patch(try Fixture.json("keycloak-patch-add-member.json"), as: .group)
        #expect(
            patch.members.steps == [
                .change(adding: [try PatchFixture.member(PatchFixture.babs, .user)], removing: [])
            ])
    }

    @Test(
        "members are replaced",
        arguments: [
            ("rfc7644-3.5.2.2-remove-all-members", []),
            ("rfc7644-3.5.2.3-replace-members", [PatchFixture.babs, PatchFixture.james]),
            ("okta-patch-replace-members", [PatchFixture.babs]), ("okta-patch-empty-group", []),
        ])
    func replacedMembers(fixture: String, ids: [String]) throws {
        let patch = try PatchFixture.validator.patch(try Fixture.json("\(fixture).json"), as: .group)
        #expect(patch.members.steps == [.replace(with: try ids.map { try PatchFixture.member($0) })])
    }

    @Test(
        "a group is renamed",
        arguments: [
            ("entra-patch-rename-group", "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"), ("okta-patch-rename-group", "old"),
        ])
    func rename(fixture: String, externalId: String) throws {
        let patched = try PatchFixture.apply(
            try Fixture.json("\(fixture).json"), to: PatchFixture.group(), type: .group, externalId: "old")
        #expect(patched.attributes == ["displayName": "New name"])
        #expect(patched.externalId == externalId)
    }
}
