// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDM

@testable import Sync

@Suite struct ParkedAttributesTests {
    private let mapping = UDMMapping(rules: DirectoryRules())

    private func refusal(_ properties: String...) -> UDMError {
        UDMError(
            .permanent, status: 422,
            errors: properties.map { UDMFieldError(location: ["body", "properties", $0], message: "bad \($0)") },
            detail: "refused")
    }

    private func parking(
        _ refusals: PushRefusals, after former: ParkedAttributes = ParkedAttributes(), goal: JSONObject,
        sentPassword: Bool = false
    ) -> Parking {
        refusals.parking(
            former, goal: goal, sentPassword: sentPassword, mapping: mapping, operation: .modify, type: .user,
            id: .random())
    }

    private func stored(_ text: String) -> ParkedAttributes { ParkedAttributes(storedIn: Array(text.utf8)) }

    private func json(_ text: [UInt8]?) throws -> JSONValue? { try text.map { try JSONValue(parsing: $0) } }

    @Test("Left out is what still has the refused value; null and unreadable texts are tried again")
    func leftOut() {
        let parked = stored(
            #"{"title": {"title": "Lead"}, "emails": {"mailPrimaryAddress": "a@b"}, "userType": null, "password": {}}"#)
        #expect(parked.leftOut(of: ["title": "Lead", "mailPrimaryAddress": "c@d"]) == ["title"])
        #expect(parked.leftOut(of: ["title": "Head", "employeeType": "x"]).isEmpty)
        #expect(parked.refusals.count == 4)
        #expect(ParkedAttributes(storedIn: Array("[".utf8)) == ParkedAttributes())
        #expect(ParkedAttributes(storedIn: nil) == ParkedAttributes())
    }

    @Test("A value compares as JSON does, whatever the order of its members")
    func order() {
        let parked = stored(#"{"addresses": {"homePostalAddress": [{"city": "Oz", "street": "Elm", "zipcode": "1"}]}}"#)
        let goal: JSONObject = ["homePostalAddress": [["street": "Elm", "zipcode": "1", "city": "Oz"]]]
        #expect(parked.leftOut(of: goal) == ["homePostalAddress"])
    }

    @Test("Refused and cleared, round by round, with one event for all")
    func rounds() throws {
        var parked = stored(#"{"title": {"title": "Old"}, "userType": null, "members": null}"#)
        let goal: JSONObject = ["title": "New", "employeeType": "x", "mailPrimaryAddress": "a@b", "e-mail": ["c@d"]]
        var refusals = PushRefusals()
        refusals.add(["title", "e-mail"], refusal("title", "e-mail"))
        refusals.add(["mailPrimaryAddress"], refusal("mailPrimaryAddress"))
        #expect(refusals.properties == ["title", "e-mail", "mailPrimaryAddress"])
        let parking = parking(refusals, after: parked, goal: goal)
        #expect(Set(parking.refused.map(\.name)) == ["title", "emails"])
        let emails = try #require(parking.refused.first { $0.name == "emails" })
        #expect(try json(emails.refused) == ["e-mail": ["c@d"], "mailPrimaryAddress": "a@b"])
        // Members are none of a user's; their refusal ends with the members themselves.
        #expect(parking.cleared == ["userType"])
        #expect(try json(parking.event)?["attributes"]?.arrayValue?.count == 3)
        parked.apply(parking)
        #expect(parked.leftOut(of: goal) == ["title", "e-mail", "mailPrimaryAddress"])
        #expect(parked.refusals.keys.sorted() == ["emails", "members", "title"])
    }

    @Test("A parked password ends with the next one, and keeps no value")
    func password() throws {
        let goal: JSONObject = ["title": "New"]
        var refusals = PushRefusals()
        refusals.add(["password"], refusal("password"))
        let first = parking(refusals, goal: goal)
        #expect(first.refused.first?.refused.map { String(decoding: $0, as: UTF8.self) } == "{}")
        var parked = ParkedAttributes()
        parked.apply(first)
        #expect(parked.leftOut(of: goal).isEmpty)
        #expect(parking(PushRefusals(), after: parked, goal: goal).cleared.isEmpty)
        #expect(parking(PushRefusals(), after: parked, goal: goal, sentPassword: true).cleared == ["password"])
        #expect(parking(PushRefusals(), after: parked, goal: goal).event == nil)
    }
}
