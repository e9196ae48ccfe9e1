// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Testing

@Suite("Bodies of groups in parts")
struct GroupBodyReaderTests {
    private let validator = ResourceValidator()
    private let first = "2819c223-7f76-453a-919d-413861904646"
    private let second = "902c246b-6245-4190-8e05-00816be7344a"

    private func read(
        _ bytes: [UInt8], maximumBytes: Int = 16 << 20, chunk: () -> Int = { 50 }
    ) throws(SCIMError) -> ValidatedResource {
        var reader = GroupBodyReader(maximumBytes: maximumBytes, maximumDepth: 64)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + chunk())
            try reader.append(Array(bytes[start..<end]))
            start = end
        }
        return try validator.validate(try reader.finish())
    }

    /// With `members` written as JSON.
    private func body(_ members: String, key: String = "members") -> [UInt8] {
        Array(#"{"schemas":["\#(SchemaURN.group)"],"displayName":"staff","\#(key)":\#(members)}"#.utf8)
    }

    @Test("members come each once in the order of their ids, with the type if it was ever given")
    func members() throws {
        let members = #"""
            [{"value":"\#(second)","display":"x","$ref":"https://host.test/Users/1"},{"value":"\#(first)","type":"user"},
            {"VALUE":"\#(second.uppercased())","type":"Group"},{"value":"\#(second)"}]
            """#
        let group = try read(body(members))
        #expect(group.members?.map(\.id.description) == [first, second])
        #expect(group.members?.map(\.type) == [.user, .group])
        #expect(group.attributes["displayName"] == "staff")
        #expect(!group.attributes.contains("members"))
    }

    @Test(
        "no list, an empty one and null are told apart as everywhere",
        arguments: [("members", "[]", 0), ("members", "null", nil), ("other", "[7]", nil), ("MEMBERS", "[]", 0)]
            as [(String, String, Int?)])
    func absence(key: String, members: String, count: Int?) throws {
        #expect(try read(body(members, key: key)).members?.count == count)
    }

    @Test("a single member where a list is due is a list of one")
    func singleObject() throws {
        #expect(try read(body(#"{"value":"\#(first)"}"#)).members?.map(\.id.description) == [first])
    }

    @Test(
        "a member that is none is refused with its place in the list, at once",
        arguments: [
            (#""x""#, "members must be an array"), ("[null]", "members[0] must be an object"),
            ("[{}]", "members[0].value is required"), (#"[{"value":7}]"#, "members[0].value must be a string"),
            (
                #"[{"value":"2819c223-7f76-453a-919d-413861904646"},{"value":""}]"#,
                "members[1].value must be the id of a resource, a UUID"
            ),
            (
                #"[{"value":"2819c223-7f76-453a-919d-413861904646","type":"Device"}]"#,
                "members[0].type must be User or Group"
            ),
            (
                #"[{"value":"2819c223-7f76-453a-919d-413861904646","type":"User"},{"value":"2819c223-7f76-453a-919d-413861904646"},"#
                    + #"{"value":"2819c223-7f76-453a-919d-413861904646","type":"Group"}]"#,
                "members[2].type contradicts an earlier value for the same member"
            ),
            (
                #"[{"value":"2819c223-7f76-453a-919d-413861904646","Value":"x"}]"#,
                "members[0].value is given twice"
            ),
        ])
    func refusals(members: String, detail: String) throws {
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) { try read(body(members)) }
        // The same words as for a body that is read at once.
        let value = try JSONValue(parsing: body(members))
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: detail)) {
            try validator.validate(value, as: .group)
        }
    }

    @Test(
        "a list that is given twice is refused",
        arguments: [#"[],"Members":[]"#, #"[],"Members":null"#, #"null,"MEMBERS":[]"#])
    func twice(members: String) {
        #expect(throws: SCIMError(status: 400, scimType: .invalidValue, detail: "members is given twice")) {
            try read(body(members))
        }
    }

    @Test(
        "a body that is empty, no object or no JSON is refused", arguments: ["", "[]", "7", "{", "{\"a\":01}", "{}x"])
    func noObject(text: String) {
        let error = #expect(throws: SCIMError.self) { try read(Array(text.utf8)) }
        #expect(error?.status == 400)
        #expect(error?.scimType == .invalidSyntax)
    }

    @Test("more than is allowed is 413: the body, what is no member, one member, their number")
    func limits() {
        let long = String(repeating: "x", count: 1 << 20)
        let bodies: [(String, [UInt8])] = [
            ("body", body("[]") + [UInt8](repeating: 0x20, count: 16 << 20)),
            ("attributes", body(#""\#(long)""#, key: "other")),
            ("member", body(#"[{"value":"\#(long)"}]"#)),
        ]
        for (name, bytes) in bodies {
            let error = #expect(throws: SCIMError.self) { try read(bytes, chunk: { 60_000 }) }
            #expect(error?.status == 413, "\(name)")
        }
        let many = body("[" + Array(repeating: #"{"value":"\#(first)"}"#, count: 500_001).joined(separator: ",") + "]")
        let error = #expect(throws: SCIMError.self) { try read(many, maximumBytes: .max, chunk: { 60_000 }) }
        #expect(error?.status == 413)
        #expect(error?.detail.contains("500000 elements") == true)
    }

    @Test("bodies in parts of any size are taken and refused as at once")
    func agreement() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = RandomResource.body(.group, using: &generator).serialize()
            if Bool.random(using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = Array("\"[]{},:u1 ".utf8).randomElement(using: &generator) ?? 0
            }
            let largest = [1, 10, 1000].randomElement(using: &generator) ?? 1
            let parts = Result { () throws(SCIMError) in
                try read(bytes) { Int.random(in: 1...largest, using: &generator) }
            }
            let whole = Result { () throws(SCIMError) -> ValidatedResource in
                let value: JSONValue
                do throws(JSONError) {
                    value = try JSONValue(parsing: bytes)
                } catch {
                    throw .malformedJSON(error)
                }
                return try validator.validate(value, as: .group)
            }
            let comment: Comment = "seed \(seed): \(String(decoding: bytes, as: UTF8.self))"
            switch (parts, whole) {
            case (.success(var parts), .success(var whole)):
                accepted += 1
                try #require(Set(parts.members ?? []) == Set(whole.members ?? []), comment)
                try #require((parts.members == nil) == (whole.members == nil), comment)
                parts.members = nil
                whole.members = nil
                try #require(parts == whole, comment)
            case (.failure(let parts), .failure(let whole)):
                // Several faults may be told in another order.
                try #require(parts.status == whole.status, comment)
            default:
                try #require(Bool(false), comment)
            }
        }
        #expect(accepted > 1000, "seed \(seed)")
    }

    @Test("a hundred thousand members, and as many again in capitals, are a hundred thousand")
    func many() throws {
        let ids = (0..<100_000).map { LowercaseUUID(high: UInt64($0) &* 0x9E37_79B9_7F4A_7C15, low: 7).description }
        let list = (ids + ids.map { $0.uppercased() }).map { #"{"value":"\#($0)","type":"User"}"# }
        let bytes = body("[" + list.joined(separator: ", ") + "]")
        let members = try #require(try read(bytes, chunk: { 65_536 }).members)
        #expect(members.count == 100_000)
        #expect(Set(members.map(\.id.description)) == Set(ids))
    }
}
