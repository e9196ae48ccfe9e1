// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import SCIM
import Storage
import Testing

/// The event contract, nubus-provisioning-api 6.1 to 6.6.
@Suite struct EventBuilderTests {
    private let userSchema: JSONValue = "urn:ietf:params:scim:schemas:core:2.0:User"
    private let groupSchema: JSONValue = "urn:ietf:params:scim:schemas:core:2.0:Group"
    private let univention = "urn:ietf:params:scim:schemas:extension:Univention:1.0:User"
    private let key = "urn:univention:scim:event:1.0"

    private func meta(_ type: String, _ endpoint: String, _ version: Int) -> JSONValue {
        [
            "resourceType": .string(type), "created": "2026-11-21T09:15:29.900Z",
            "lastModified": "2026-11-21T09:15:29.900Z", "version": .string("W/\"\(version)\""),
            "location": .string("https://scim.example.org/scim/v2/\(endpoint)/\(Row.userID)"),
        ]
    }

    private func metadata(_ operation: String) -> JSONValue {
        [
            "eventId": .string(Row.eventID), "order": 100_231, "operation": .string(operation),
            "requestId": .string(Row.requestID), "jobId": .string(Row.jobID), "clientId": "hr-sync",
        ]
    }

    @Test("6.2: a created user, complete")
    func userCreated() throws {
        let attributes: JSONValue = [
            "userName": "jroe", "name": ["givenName": "Jo", "familyName": "Roe", "formatted": "Jo Roe"],
            "displayName": "Jo Roe", "active": true, "emails": [["value": "jo.roe@example.org", "type": "mailbox"]],
            univentionKey: ["description": "intern"],
        ]
        let event = Row.make(
            new: Row.state(attributes, externalId: "hr-4711"), udmDN: "uid=jroe,cn=users,dc=example,dc=org")
        var metadata = try #require(metadata("created").objectValue)
        metadata["udmDn"] = "uid=jroe,cn=users,dc=example,dc=org"
        let expected: JSONValue = [
            "publisher_name": "udm-listener", "ts": "2026-11-21T09:15:30.123456Z", "realm": "scim", "topic": "user",
            "body": [
                "old": [:],
                "new": [
                    "objectType": "User", "schemas": [userSchema, .string(univention)], "id": .string(Row.userID),
                    "externalId": "hr-4711", "userName": "jroe",
                    "name": ["givenName": "Jo", "familyName": "Roe", "formatted": "Jo Roe"],
                    "displayName": "Jo Roe", "active": true,
                    "emails": [["value": "jo.roe@example.org", "type": "mailbox"]],
                    univentionKey: ["description": "intern"], "meta": meta("User", "Users", 1),
                    eventKey: .object(metadata),
                ],
            ],
        ]
        #expect(try Row.message(event) == expected)
    }

    private let univentionKey = "urn:ietf:params:scim:schemas:extension:Univention:1.0:User"
    private let eventKey = "urn:univention:scim:event:1.0"

    @Test("6.3: a modified user has both sides with the same metadata")
    func userModified() throws {
        let event = Row.make(
            revision: 5, operation: .modify, old: Row.state(["userName": "jo"]),
            new: Row.state(["userName": "jroe"], modified: "2026-11-21T10:00:00+00:00"))
        let body = try #require(try Row.message(event)["body"])
        #expect(body["old"]?["userName"] == "jo")
        #expect(body["new"]?["userName"] == "jroe")
        #expect(body["old"]?["meta"]?["version"] == "W/\"4\"")
        #expect(body["new"]?["meta"]?["version"] == "W/\"5\"")
        #expect(body["new"]?["meta"]?["lastModified"] == "2026-11-21T10:00:00.000Z")
        #expect(body["old"]?["objectType"] == "User")
        #expect(body["new"]?["objectType"] == "User")
        #expect(body["old"]?[key] == metadata("modified"))
        #expect(body["new"]?[key] == metadata("modified"))
    }

    @Test("6.4: a deleted user has its last state as old and nothing as new")
    func userDeleted() throws {
        let event = Row.make(revision: 10, operation: .delete, old: Row.state(["userName": "jroe"]), new: nil)
        let body = try #require(try Row.message(event)["body"])
        #expect(body["new"] == [:])
        #expect(body["old"]?["meta"]?["version"] == "W/\"9\"")
        #expect(body["old"]?[key] == metadata("deleted"))
        #expect(body["old"]?["id"] == .string(Row.userID))
    }

    @Test("6.5: a modified group shows its members before and after")
    func groupModified() throws {
        let event = Row.group(old: [Row.member(1)], new: [Row.member(1), Row.member(2)])
        let message = try Row.message(event)
        #expect(message["topic"] == "group")
        let side: JSONValue = [
            "objectType": "Group", "schemas": [groupSchema], "id": .string(Row.userID), "displayName": "crew",
            "members": [Row.member(1), Row.member(2)], "meta": meta("Group", "Groups", 4),
            eventKey: metadata("modified"),
        ]
        #expect(message["body"]?["new"] == side)
        #expect(message["body"]?["old"]?["members"] == [Row.member(1)])
    }

    @Test("6.5: a created group has an empty old side, a deleted one an empty new side")
    func groupCreatedAndDeleted() throws {
        let created = try Row.message(Row.group(.create, old: nil, new: [Row.member(1)]))
        #expect(created["body"]?["old"] == [:])
        #expect(created["body"]?["new"]?["members"] == [Row.member(1)])
        let deleted = try Row.message(Row.group(.delete, old: [Row.member(1)], new: nil))
        #expect(deleted["body"]?["new"] == [:])
        #expect(deleted["body"]?["old"]?["members"] == [Row.member(1)])
    }

    @Test("6.6: a sync error is a SCIM error that identifies the resource and does not show it")
    func syncError() throws {
        let error: JSONValue = [
            "status": "409", "scimType": "uniqueness", "detail": "user name jroe is already in use", "retryable": false,
            "udm": [
                "httpStatus": 422, "module": "users/user", "dn": nil,
                "errors": [["location": ["body", "dn"], "message": "Object exists: (uid)"]],
            ],
        ]
        let event = Row.make(
            kind: .error, new: Row.state(["userName": "jroe"], externalId: "hr-4711"), error: error)
        var metadata = try #require(metadata("created").objectValue)
        metadata["resourceType"] = "User"
        metadata["resourceId"] = .string(Row.userID)
        metadata["externalId"] = "hr-4711"
        metadata["attempts"] = 1
        metadata["retryable"] = false
        metadata["firstAttempt"] = "2026-11-21T09:15:31.000Z"
        metadata["udm"] = error["udm"]
        let expected: JSONValue = [
            "publisher_name": "udm-listener", "ts": "2026-11-21T09:15:32.000000Z", "realm": "sync-error",
            "topic": "scim2udm",
            "body": [
                "old": [:],
                "new": [
                    "objectType": "SyncError", "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                    "status": "409", "scimType": "uniqueness", "detail": "user name jroe is already in use",
                    eventKey: .object(metadata),
                ],
            ],
        ]
        #expect(try Row.message(event) == expected)
    }

    @Test("a sync error of a refused attribute names it, and long texts are cut to 500 characters")
    func syncErrorOfAttribute() throws {
        let long = String(repeating: "x", count: 900)
        let error: JSONValue = [
            "status": "400", "scimType": "invalidValue", "detail": .string(long), "attribute": "emails",
            "udm": ["httpStatus": 422, "errors": [["location": ["body"], "message": .string(long)]]],
        ]
        let new = try #require(
            try Row.message(Row.make(kind: .error, operation: .delete, old: Row.state([:]), new: nil, error: error))[
                "body"]?["new"])
        #expect(new["detail"]?.stringValue?.count == 500)
        #expect(new[key]?["udm"]?["errors"]?[0]?["message"]?.stringValue?.count == 500)
        #expect(new[key]?["attribute"] == "emails")
        #expect(new[key]?["operation"] == "deleted")
        #expect(new[key]?["externalId"] == nil)
    }

    @Test("a text is cut by code points, of which one character may have any number")
    func syncErrorOfOneLongCharacter() throws {
        let long = "e" + String(repeating: "\u{301}", count: 400_000)
        let event = Row.make(kind: .error, new: nil, error: ["status": "400", "detail": .string(long)])
        let detail = try #require(try Row.message(event)["body"]?["new"]?["detail"]?.stringValue)
        #expect(detail.unicodeScalars.count == 500)
    }

    @Test(
        "a message is taken by the Provisioning service's rules for every kind of row",
        arguments: Samples.all.keys.sorted())
    func objectTypes(name: String) throws {
        let event = try #require(Samples.all[name])
        let message = try Row.message(event)
        let sides = ["old", "new"].compactMap { message["body"]?[$0]?.objectValue }
        #expect(sides.count == 2)
        #expect(sides.contains { !$0.isEmpty })
        for side in sides where !side.isEmpty {
            #expect(side["objectType"]?.stringValue?.isEmpty == false)
            #expect(side["univentionObjectType"] == nil)
            #expect(side[key]?["eventId"] == .string(event.id.description))
        }
    }

    @Test("without a public URL meta has no location")
    func noLocation() throws {
        var configuration = Row.configuration()
        configuration.publicURL = nil
        let meta = try Row.message(Row.make(), configuration)["body"]?["new"]?["meta"]
        #expect(meta?["location"] == nil)
        #expect(meta?["version"] == "W/\"1\"")
    }

    @Test("a slash at the end of the public URL is not doubled")
    func slash() throws {
        var configuration = Row.configuration()
        configuration.publicURL = "https://scim.example.org/scim/v2/"
        let location = try Row.message(Row.make(), configuration)["body"]?["new"]?["meta"]?["location"]
        #expect(location == .string("https://scim.example.org/scim/v2/Users/\(Row.userID)"))
    }

    @Test(
        "E-7: a password at any depth stops the event",
        arguments: [
            (["userName": "jo", "password": "x"], "body.new.password"),
            (["userName": "jo", "Password": "x"], "body.new.Password"),
            (["emails": [["value": "a", "password": "x"]]], "body.new.emails[0].password"),
            (["urn:example:ext": ["deep": ["password": nil]]], "body.new.urn:example:ext.deep.password"),
        ] as [(JSONValue, String)])
    func password(attributes: JSONValue, path: String) {
        #expect(throws: EventProblem.password(path: path)) { try Row.message(Row.make(new: Row.state(attributes))) }
    }

    @Test("a value \"password\" is no key")
    func passwordAsValue() throws {
        let error: JSONValue = [
            "status": "400", "detail": "refused",
            "udm": ["errors": [["location": ["body", "properties", "password"], "message": "too short"]]],
        ]
        #expect(throws: Never.self) { try Row.message(Row.make(kind: .error, error: error)) }
    }

    @Test(
        "a row that cannot be an event is told",
        arguments: [
            ("nothing", .empty), ("torn state", .unreadable("state")), ("no object", .unreadable("state")),
            ("no resource", .unreadable("state")), ("no error", .unreadable("error")), ("list", .unreadable("error")),
            ("no member list", .unreadable("members")),
        ] as [(String, EventProblem)])
    func unusable(name: String, problem: EventProblem) throws {
        let event = try #require(Samples.unusable[name])
        #expect(throws: problem) { try Row.message(event) }
    }

    @Test("a publisher name that the service cannot know is refused here", arguments: ["", "SCIM", "scim server", "ü"])
    func publisherName(name: String) {
        #expect(throws: EventProblem.publisherName(name)) {
            try Row.message(Row.make(), Row.configuration(publisherName: name))
        }
    }

    @Test("names of the service's own are not taken from the attributes")
    func reservedNames() throws {
        let attributes: JSONValue = ["userName": "jo", "id": "x", "objectType": "y", "schemas": [], "meta": 1]
        let new = try #require(try Row.message(Row.make(new: Row.state(attributes)))["body"]?["new"])
        #expect(new["id"] == .string(Row.userID))
        #expect(new["objectType"] == "User")
        #expect(new["meta"]?["resourceType"] == "User")
        #expect(new["schemas"] == [userSchema])
    }
}

enum Samples {
    /// A row of every kind.
    static let all: [String: OutboxEvent] = [
        "user created": Row.make(),
        "user modified": Row.make(operation: .modify, old: Row.state(["userName": "a"])),
        "user deleted": Row.make(operation: .delete, old: Row.state(["userName": "a"]), new: nil),
        "user without attributes": Row.make(new: Row.state([:])),
        "group created": Row.group(.create, old: nil, new: []),
        "group modified": Row.group(old: [], new: [Row.member(1)]),
        "large group modified": Row.group(
            old: nil, new: nil, delta: ["added": [.string(Row.memberID(1))], "removed": []]),
        "group deleted": Row.group(.delete, old: [Row.member(1)], new: nil),
        "error": Row.make(kind: .error, error: ["status": "503", "detail": "UDM does not answer"]),
        "error of a delete": Row.make(kind: .error, operation: .delete, old: Row.state([:]), new: nil, error: [:]),
    ]

    static let unusable: [String: OutboxEvent] = [
        "nothing": Row.make(new: nil),
        "torn state": Row.make(new: Array("{".utf8)),
        "no object": Row.make(new: Array("[]".utf8)),
        "no resource": Row.make(new: Array(#"{"externalId":"x"}"#.utf8)),
        "no error": Row.make(kind: .error, error: nil),
        "list": Row.make(kind: .error, error: [1]),
        "no member list": Row.group(old: ["no": "list"], new: []),
    ]
}
