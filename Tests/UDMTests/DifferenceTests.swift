// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing
import UDM

@Suite struct DifferenceTests {
    let mapping = UDMMapping(rules: DirectoryRules(), optionalProperties: MappingTests.everything)

    @Test("a list that UDM gives as one value keeps that value")
    func singleValue() {
        let current: JSONObject = ["phone": "1", "homePostalAddress": nil]
        let difference = mapping.difference(from: ["phone": []], to: ["phone": ["2"], "homePostalAddress": []])
        #expect(difference.merged(into: current) == (["phone": ["1", "2"]] as JSONObject))
        let delta = MemberDelta(addedUsers: ["uid=b,dc=x"])
        #expect(delta.merged(into: ["users": "uid=a,dc=x"]) == (["users": ["uid=a,dc=x", "uid=b,dc=x"]] as JSONObject))
    }

    @Test("scalars that differ are set, null clears, equal ones stay out")
    func scalars() {
        let difference = mapping.difference(
            from: ["title": "A", "city": "Oz", "street": nil, "state": "", "disabled": false, "organisation": "same"],
            to: ["title": "B", "city": nil, "street": "Elm", "state": nil, "disabled": true, "organisation": "same"])
        #expect(difference.scalars == (["title": "B", "city": nil, "street": "Elm", "disabled": true] as JSONObject))
        #expect(difference.lists.isEmpty)
        #expect(difference.properties == ["title", "city", "street", "disabled"])
    }

    @Test("a property that only the old state has is never touched")
    func foreign() {
        let difference = mapping.difference(
            from: ["uidNumber": 2011, "shell": "/bin/sh", "homePostalAddress": [["street": "x"]], "title": "A"],
            to: ["title": "A"])
        #expect(difference.isEmpty)
        #expect(difference.merged(into: ["shell": "/bin/sh"]).isEmpty)
    }

    @Test("from nothing, everything that has a value is new")
    func create() {
        let difference = mapping.difference(
            from: nil, to: ["title": "A", "city": nil, "phone": ["1"], "e-mail": [], "disabled": false])
        #expect(difference.scalars == (["title": "A", "disabled": false] as JSONObject))
        #expect(difference.lists == ["phone": ListDelta(added: ["1"], comparison: .telephone)])
    }

    @Test("lists give what came and what went; their order is nobody's")
    func lists() {
        let difference = mapping.difference(
            from: [
                "phone": ["1", "2", "3"], "homePostalAddress": [["street": "a", "city": "b"]],
                "pagerTelephoneNumber": ["x", "y"],
            ],
            to: [
                "phone": ["3", "4"], "homePostalAddress": [["city": "b", "street": "a"]],
                "pagerTelephoneNumber": ["y", "x"],
            ])
        #expect(
            difference.lists == ["phone": ListDelta(added: ["4"], removed: ["1", "2"], comparison: .telephone)])
    }

    @Test("e-mail addresses are compared in lower case, other strings exactly")
    func mailCase() {
        let same = mapping.difference(
            from: ["mailPrimaryAddress": "jo@x", "mailAlternativeAddress": ["a@x"], "e-mail": ["B@x"]],
            to: ["mailPrimaryAddress": "Jo@X", "mailAlternativeAddress": ["A@x"], "e-mail": ["b@x"]])
        #expect(same.isEmpty)
        #expect(!mapping.difference(from: ["guardianRoles": ["a"]], to: ["guardianRoles": ["A"]]).isEmpty)
        #expect(!mapping.difference(from: ["title": "a"], to: ["title": "A"]).isEmpty)
    }

    @Test("telephone numbers are compared as LDAP does, which takes two spellings of one for an error")
    func telephoneNumbers() {
        #expect(mapping.difference(from: ["phone": ["+49 30 1-2", "X1"]], to: ["phone": ["+493012", "x1"]]).isEmpty)
        #expect(!mapping.difference(from: ["phone": ["+49 30 1"]], to: ["phone": ["+49 30 2"]]).isEmpty)
        let properties = mapping.properties(
            of: ["phoneNumbers": [["value": "1-2", "type": "work"], ["value": "12", "type": "work"]]], type: .user)
        #expect(properties["phone"] == ["1-2"])
    }

    @Test("in the fresh read too, an address is the same in any case")
    func mailCaseInMerge() {
        let difference = mapping.difference(from: ["e-mail": ["A@x"]], to: ["e-mail": ["B@x", "c@x"]])
        #expect(
            difference.merged(into: ["e-mail": ["a@X", "b@X", "z@x"]])
                == (["e-mail": ["b@X", "z@x", "c@x"]] as JSONObject))
    }

    @Test(
        "displayName goes along with a changed part of the name, since UDM makes its own otherwise",
        arguments: ["firstname", "lastname"])
    func displayName(property: String) {
        let old: JSONObject = ["firstname": "Jo", "lastname": "Roe", "displayName": "Dr. Roe", "title": "x"]
        var new = old
        new[property] = "Neu"
        let difference = mapping.difference(from: old, to: new)
        #expect(difference.scalars == ([property: "Neu", "displayName": "Dr. Roe"] as JSONObject))

        new = old
        new["title"] = "y"
        #expect(mapping.difference(from: old, to: new).scalars == (["title": "y"] as JSONObject))

        // Left out when it is parked, and when the state has none.
        new[property] = "Neu"
        new["displayName"] = nil
        #expect(!mapping.difference(from: old, to: new).properties.contains("displayName"))
    }

    @Test("a cleared first name sends displayName along too")
    func clearedName() {
        let old: JSONObject = ["firstname": "Jo", "lastname": "Roe", "displayName": "Jo Roe"]
        let difference = mapping.difference(
            from: old, to: ["firstname": nil, "lastname": "Roe", "displayName": "Jo Roe"])
        #expect(difference.scalars == (["firstname": nil, "displayName": "Jo Roe"] as JSONObject))
    }

    @Test("a value that UDM has already and may derive anew from what changes is one to look at")
    func derivedAnew() {
        let held: JSONObject = ["firstname": "Jo", "lastname": "Roe", "displayName": "Jo Roe"]
        func derived(_ sent: JSONObject) -> JSONObject { mapping.derivedAnew(by: sent, from: held) }
        #expect(derived(["lastname": "Smith", "displayName": "Jo Roe"]) == (["displayName": "Jo Roe"] as JSONObject))
        #expect(derived(["lastname": "Smith", "displayName": "Jo Smith"]).isEmpty)
        #expect(derived(["lastname": "Roe", "displayName": "Jo Roe"]).isEmpty)
        #expect(derived(["lastname": "Smith"]).isEmpty)
        #expect(derived(["title": "Lead", "displayName": "Jo Roe"]).isEmpty)
        #expect(mapping.derivedAnew(by: ["lastname": "S", "displayName": nil], from: [:]).isEmpty)
    }

    @Test("a list is merged into what is there: foreign elements stay, in their order")
    func merge() {
        let difference = mapping.difference(from: ["phone": ["1", "2"]], to: ["phone": ["2", "3"]])
        #expect(
            difference.merged(into: ["phone": ["9", "1", "8", "2", "7"]])
                == (["phone": ["9", "8", "2", "7", "3"]] as JSONObject))
        #expect(difference.merged(into: ["phone": nil]) == (["phone": ["3"]] as JSONObject))
        #expect(difference.merged(into: [:]) == (["phone": ["3"]] as JSONObject))
        // Somebody did it already.
        #expect(difference.merged(into: ["phone": ["3", "2"]]).isEmpty)
    }

    @Test("a new department is the first, before those of others")
    func department() {
        let difference = mapping.difference(from: ["departmentNumber": ["A"]], to: ["departmentNumber": ["C"]])
        #expect(
            difference.merged(into: ["departmentNumber": ["A", "X", "Y"]])
                == (["departmentNumber": ["C", "X", "Y"]] as JSONObject))
        let cleared = mapping.difference(from: ["departmentNumber": ["A"]], to: ["departmentNumber": []])
        #expect(cleared.merged(into: ["departmentNumber": ["A", "X"]]) == (["departmentNumber": ["X"]] as JSONObject))
    }

    @Test("parked properties are left out")
    func without() {
        let difference = mapping.difference(
            from: [:], to: ["title": "A", "phone": ["1"], "city": "Oz"]
        ).without(["title", "phone", "unknown"])
        #expect(difference == PropertyDifference(scalars: ["city": "Oz"]))
    }
}
