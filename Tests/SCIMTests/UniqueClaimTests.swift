// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@Suite("Unique claims")
struct UniqueClaimTests {
    @Test("a user claims its name and its hosted addresses in lower case")
    func user() {
        let attributes: JSONObject = [
            "userName": "JRoe", "displayName": "Jo Roe",
            "emails": [
                ["value": "Jo@Corp.test", "type": "Mailbox"], ["value": "J@corp.test", "type": "alias"],
                ["value": "jo@home.test", "type": "home"], ["value": "jo@any.test"], ["type": "alias"],
            ],
        ]
        #expect(
            UniqueClaim.claims(of: attributes, type: .user, rules: DirectoryRules()) == [
                UniqueClaim(kind: .name, value: "jroe"), UniqueClaim(kind: .mail, value: "jo@corp.test"),
                UniqueClaim(kind: .mail, value: "j@corp.test"),
            ])
    }

    @Test("a user claims its userName and its name in the directory")
    func directoryName() {
        let claims = UniqueClaim.claims(
            of: ["userName": "Jo@Corp.test"], type: .user, rules: DirectoryRules(userNameRule: .localPart))
        #expect(claims == [UniqueClaim(kind: .name, value: "jo@corp.test"), UniqueClaim(kind: .name, value: "jo")])
    }

    @Test("a group claims its name in the name space of the users")
    func group() {
        let claims = UniqueClaim.claims(of: ["displayName": "Staff"], type: .group, rules: DirectoryRules())
        #expect(claims == [UniqueClaim(kind: .name, value: "staff")])
        #expect(claims == UniqueClaim.claims(of: ["userName": "STAFF"], type: .user, rules: DirectoryRules()))
    }

    @Test("one address in two roles is one claim")
    func sameAddress() {
        let emails: JSONValue = [["value": "a@b.test", "type": "mailbox"], ["value": "A@B.test", "type": "alias"]]
        let claims = UniqueClaim.claims(of: ["userName": "x", "emails": emails], type: .user, rules: DirectoryRules())
        #expect(claims.filter { $0.kind == .mail } == [UniqueClaim(kind: .mail, value: "a@b.test")])
    }

    @Test("kinds are kept apart, and their raw values are what the database has")
    func kinds() {
        #expect(UniqueClaim(kind: .name, value: "X") != UniqueClaim(kind: .mail, value: "x"))
        #expect(UniqueClaim.Kind.name.rawValue == "name")
        #expect(UniqueClaim.Kind.mail.rawValue == "mail")
    }
}
