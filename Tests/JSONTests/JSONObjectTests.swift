// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@Suite("JSON objects")
struct JSONObjectTests {
    @Test("members keep the order in which they came, whatever is changed and removed", arguments: [3, 16, 17, 40])
    func order(count: Int) {
        var object = JSONObject()
        for index in 0..<count { object["k\(index)"] = .number(JSONNumber(Int64(index))) }
        #expect(object.keys == (0..<count).map { "k\($0)" })
        object["k1"] = "changed"
        #expect(object.keys == (0..<count).map { "k\($0)" })
        #expect(object["k1"] == "changed")
        #expect(object.removeValue(forKey: "k0") == 0)
        #expect(object.removeValue(forKey: "k0") == nil)
        object["k2"] = nil
        #expect(object.count == count - 2)
        #expect(!object.contains("k0"))
        object["k0"] = "again"
        #expect(object.keys.last == "k0")
        #expect(object.keys.first == "k1")
        for index in 3..<count { #expect(object["k\(index)"] == .number(JSONNumber(Int64(index)))) }
    }

    @Test("the way from few to many members and back loses nothing")
    func growAndShrink() {
        var object = JSONObject()
        for index in 0..<100 { object["k\(index)"] = .string("v\(index)") }
        for index in stride(from: 0, to: 100, by: 2) { object.removeValue(forKey: "k\(index)") }
        for index in 0..<90 { object.removeValue(forKey: "k\(index)") }
        #expect(object.keys == ["k91", "k93", "k95", "k97", "k99"])
        #expect(object.values == ["v91", "v93", "v95", "v97", "v99"])
        #expect(object["k93"] == "v93")
        #expect(object["k90"] == nil)
    }

    @Test("members added without a search are found", arguments: [2, 16, 17, 30])
    func appended(count: Int) {
        var object = JSONObject()
        for index in 0..<count { object.append(uniqueKey: "k\(index)", .number(JSONNumber(Int64(index)))) }
        for index in 0..<count { #expect(object["k\(index)"]?.integerValue == Int64(index)) }
        #expect(object.count == count)
        #expect(!object.isEmpty)
    }

    @Test("equality and hash do not depend on order", arguments: [2, 16, 17, 50])
    func orderIndependence(count: Int) {
        let members = (0..<count).map { ("k\($0)", JSONValue.array([.string("v\($0)")])) }
        let forward = JSONObject(uniqueMembers: members)
        let backward = JSONObject(uniqueMembers: members.reversed())
        #expect(forward == backward)
        #expect(forward.hashValue == backward.hashValue)
        var other = backward
        other["k0"] = ["other"]
        #expect(forward != other)
        other["k0"] = nil
        #expect(forward != other)
        other["new"] = ["v0"]
        #expect(forward != other)
    }

    @Test("a member with the value null is there; a missing one is not")
    func null() {
        let object: JSONObject = ["a": nil]
        #expect(object["a"] == .some(.null))
        #expect(object["b"] == nil)
        #expect(object != [:])
    }

    @Test("accessors give a value of their own kind only")
    func accessors() {
        let value: JSONValue = ["s": "x", "b": true, "i": 3, "d": 1.5, "a": [1, "y"], "o": ["z": nil], "n": nil]
        #expect(value["s"]?.stringValue == "x")
        #expect(value["b"]?.boolValue == true)
        #expect(value["i"]?.integerValue == 3)
        #expect(value["i"]?.doubleValue == 3)
        #expect(value["d"]?.integerValue == nil)
        #expect(value["d"]?.doubleValue == 1.5)
        #expect(value["a"]?.arrayValue?.count == 2)
        #expect(value["a"]?[1] == "y")
        #expect(value["a"]?[2] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["o"]?["z"]?.isNull == true)
        #expect(value["s"]?.boolValue == nil)
        #expect(value["b"]?.integerValue == nil)
        #expect(value["i"]?.stringValue == nil)
        #expect(value["s"]?["x"] == nil)
        #expect(value["s"]?[0] == nil)
        #expect(value["n"]?.objectValue == nil)
    }
}
