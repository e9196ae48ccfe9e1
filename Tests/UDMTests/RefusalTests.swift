// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing
import UDM

/// Which refusals leave a write that can go on without something.
@Suite struct RefusalTests {
    private let mapping = UDMMapping(rules: DirectoryRules())
    private let sent: JSONObject = [
        "username": "jo", "lastname": "Roe", "title": "Lead", "mailPrimaryAddress": "jo@b.test",
        "mailAlternativeAddress": ["alias@b.test"],
    ]

    private func refusal(_ errors: [([String], String)], class: UDMErrorClass = .permanent) -> UDMError {
        UDMError(
            `class`, status: 422, errors: errors.map { UDMFieldError(location: $0.0, message: $0.1) }, detail: "no")
    }

    private func named(_ properties: String...) -> UDMError {
        refusal(properties.map { (["body", "properties", $0], "bad") })
    }

    private func separable(_ error: UDMError, isCreate: Bool = false, sendsPassword: Bool = false) -> Set<String>? {
        mapping.separable(error, type: .user, sent: sent, sendsPassword: sendsPassword, isCreate: isCreate)
    }

    @Test("Named properties that were sent can be left out, all at once")
    func named() {
        #expect(separable(named("title")) == ["title"])
        #expect(separable(named("title", "mailPrimaryAddress"), isCreate: true) == ["title", "mailPrimaryAddress"])
        #expect(separable(named("username")) == ["username"])
    }

    @Test("What a create needs, what was not sent, what is no attribute, and the object as a whole cannot")
    func whole() {
        #expect(separable(named("username"), isCreate: true) == nil)
        #expect(separable(named("title", "lastname"), isCreate: true) == nil)
        #expect(separable(named("employeeType")) == nil)
        #expect(separable(named("gidNumber")) == nil)
        #expect(separable(refusal([(["body", "dn"], "Object exists: (uid)")])) == nil)
        #expect(separable(refusal([(["body", "properties", "title"], "bad"), (["body", "position"], "x")])) == nil)
        #expect(separable(refusal([])) == nil)
        #expect(separable(refusal([(["body", "properties", "title"], "bad")], class: .transient)) == nil)
    }

    @Test("A password only when one was sent, members only when some were")
    func special() {
        #expect(separable(named("password")) == nil)
        #expect(separable(named("password"), isCreate: true, sendsPassword: true) == ["password"])
        let circle = named("memberOf")
        #expect(
            mapping.separable(circle, type: .group, sent: ["name": "a"], sendsMembers: true, isCreate: true) == [
                "users"
            ])
        #expect(mapping.separable(circle, type: .group, sent: ["name": "a"], isCreate: true) == nil)
    }

    @Test("An alias that is taken is reported under the primary address")
    func aliases() {
        func taken(_ address: String) -> UDMError {
            refusal([(["body", "properties", "mailPrimaryAddress"], "The mail address is already in use: \(address)")])
        }
        #expect(separable(taken("jo@b.test")) == ["mailPrimaryAddress"])
        #expect(separable(taken("ALIAS@b.test")) == ["mailAlternativeAddress"])
        let aliasOnly: JSONObject = ["mailAlternativeAddress": ["alias@b.test"], "mailPrimaryAddress": nil]
        #expect(
            mapping.separable(taken("x"), type: .user, sent: aliasOnly, isCreate: false) == ["mailAlternativeAddress"])
    }

    @Test("A refusal without a property is about the one that its text names, or whose value it quotes")
    func unnamed() {
        func unnamed(_ message: String, _ location: [String] = ["body", "properties", ""]) -> UDMError {
            refusal([(location, message)])
        }
        let domain = "The domain part of the following mail addresses is not in list of configured mail domains: "
        #expect(separable(unnamed(domain + "jo@b.test")) == ["mailPrimaryAddress"])
        #expect(separable(unnamed(domain + "Alias@b.test"), isCreate: true) == ["mailAlternativeAddress"])
        #expect(
            separable(unnamed(domain + "jo@b.test, alias@b.test")) == ["mailPrimaryAddress", "mailAlternativeAddress"])
        #expect(separable(unnamed("Invalid encoding for mailPrimaryAddress")) == ["mailPrimaryAddress"])
        #expect(
            separable(unnamed("Invalid encoding for title", ["body", "properties", "properties"])) == ["title"])
        // A name is part of many an address.
        let create: JSONObject = [
            "username": "mmustermann", "lastname": "Mustermann", "mailPrimaryAddress": "mmustermann@firma.example",
        ]
        #expect(
            mapping.separable(
                unnamed(domain + "mmustermann@firma.example."), type: .user, sent: create, isCreate: true)
                == ["mailPrimaryAddress"])
        // Short values occur by chance, and the object as a whole cannot be left out.
        #expect(separable(unnamed("Lead us not")) == nil)
        #expect(separable(unnamed("Something is wrong")) == nil)
        #expect(separable(unnamed(domain + "jo@b.test", ["body", "dn"])) == nil)
        #expect(separable(unnamed("Invalid encoding for lastname"), isCreate: true) == nil)
    }

    @Test("A filter for any of several values in any of several properties")
    func filter() {
        #expect(UDMFilter.anyEquality(["a", "b"], ["x*"]) == "(|(a=x\\2a)(b=x\\2a))")
    }
}
