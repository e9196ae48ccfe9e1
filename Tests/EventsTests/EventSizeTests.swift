// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import SCIM
import Storage
import Testing

/// E-10: what is too large for the service's message queue is sent with less.
@Suite struct EventSizeTests {
    private let key = "urn:univention:scim:event:1.0"

    @Test(
        "the size is that of Python's json.dumps",
        arguments: [
            (#"{}"#, 2),
            (#"{"a":1,"b":[2,3]}"#, #"{"a": 1, "b": [2, 3]}"#.utf8.count),
            (#"{"a":"b,c:d"}"#, #"{"a": "b,c:d"}"#.utf8.count),
            (#"{"a":"b\",:"}"#, #"{"a": "b\",:"}"#.utf8.count),
            (#"{"a":"b\\"}"#, #"{"a": "b\\"}"#.utf8.count),
            (#"["é"]"#, #"["\u00e9"]"#.utf8.count),
            (#"["漢"]"#, #"["\u6f22"]"#.utf8.count),
            (#"["😀"]"#, #"["\ud83d\ude00"]"#.utf8.count),
            ("[\"\u{7F}\"]", #"["\u007f"]"#.utf8.count),
        ])
    func queuedBytes(json: String, size: Int) {
        #expect(EventSize.queuedBytes(of: Array(json.utf8)) == size)
    }

    @Test("a group whose members were not kept has the changes in its metadata, on both sides")
    func membersNotKept() throws {
        let delta: JSONValue = ["added": [.string(Row.memberID(1))], "removed": [.string(Row.memberID(2))]]
        let body = try #require(try Row.message(Row.group(old: nil, new: nil, delta: delta))["body"])
        for side in ["old", "new"] {
            #expect(body[side]?["members"] == nil)
            #expect(body[side]?[key]?["membersOmitted"] == true)
            #expect(body[side]?[key]?["membersDelta"] == delta)
            #expect(body[side]?[key]?["membersDeltaTruncated"] == nil)
            #expect(body[side]?["displayName"] == "crew")
        }
    }

    @Test("members are left out on both sides if one side has too many")
    func oneSideNotKept() throws {
        let delta: JSONValue = ["added": [.string(Row.memberID(1))], "removed": []]
        let body = try #require(try Row.message(Row.group(old: [], new: nil, delta: delta))["body"])
        #expect(body["old"]?["members"] == nil)
        #expect(body["new"]?[key]?["membersDelta"] == delta)
    }

    @Test("an event that is too large with members has their differences instead")
    func tooLargeWithMembers() throws {
        var configuration = Row.configuration()
        configuration.maximumEventBytes = 40_000
        let members = (0..<300).map(Row.member)
        let event = Row.group(old: .array(members), new: .array(Array(members.dropFirst(2)) + [Row.member(999)]))
        let body = try #require(try Row.message(event, configuration)["body"])
        let delta: JSONValue = [
            "added": [.string(Row.memberID(999))], "removed": [.string(Row.memberID(0)), .string(Row.memberID(1))],
        ]
        for side in ["old", "new"] {
            #expect(body[side]?["members"] == nil)
            #expect(body[side]?[key]?["membersOmitted"] == true)
            #expect(body[side]?[key]?["membersDelta"] == delta)
        }
    }

    @Test("differences that are too many are cut, and that is said")
    func truncatedDelta() throws {
        var configuration = Row.configuration()
        configuration.maximumEventBytes = 40_000
        let ids = (0..<5000).map { JSONValue.string(Row.memberID($0)) }
        let event = Row.group(old: nil, new: nil, delta: ["added": .array(ids), "removed": .array(ids)])
        let message = try Row.message(event, configuration)
        let metadata = message["body"]?["new"]?[key]
        #expect(metadata?["membersDeltaTruncated"] == true)
        let added = try #require(metadata?["membersDelta"]?["added"]?.arrayValue)
        #expect(added.count > 100)
        #expect(Array(ids.prefix(added.count)) == added)
        #expect(EventSize.queuedBytes(of: message.serialize()) <= 40_000)
    }

    @Test("a user that is too large is sent with what identifies it")
    func identifiers() throws {
        let photo = String(repeating: "A", count: 500_000)
        let state = Row.state(["userName": "jo", "displayName": "Jo", "photos": [["value": .string(photo)]]])
        let event = Row.make(revision: 2, operation: .modify, old: state, new: state)
        let message = try Row.message(event)
        for side in ["old", "new"] {
            let side = try #require(message["body"]?[side]?.objectValue)
            #expect(side["userName"] == "jo")
            #expect(side["photos"] == nil)
            #expect(side["meta"]?["resourceType"] == "User")
            #expect(side[key]?["attributesOmitted"] == true)
        }
        #expect(EventSize.queuedBytes(of: message.serialize()) < 10_000)
    }

    @Test("text that is not ASCII counts as the service stores it")
    func escapedText() throws {
        // 400 kB in UTF-8, 1.2 MB in the queue.
        let text = String(repeating: "é", count: 200_000)
        let message = try Row.message(Row.make(new: Row.state(["userName": "jo", "title": .string(text)])))
        #expect(message["body"]?["new"]?["title"] == nil)
        #expect(message["body"]?["new"]?[key]?["attributesOmitted"] == true)
    }

    @Test("an event that stays too large is not sent")
    func tooLarge() {
        var configuration = Row.configuration()
        configuration.maximumEventBytes = 16_384
        let event = Row.make(new: Row.state(["userName": .string(String(repeating: "x", count: 20_000))]))
        #expect(throws: EventProblem.self) { try Row.message(event, configuration) }
    }
}
