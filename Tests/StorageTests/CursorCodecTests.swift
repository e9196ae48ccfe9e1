// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import Storage

@Suite("Cursor tokens") struct CursorCodecTests {
    private let key = [UInt8](repeating: 7, count: 32)
    private let now = Timestamp(microsecondsSinceEpoch: 1_800_000_000_123_456)
    private let binding = CursorCodec.Binding(
        tenant: "default", client: "idp", types: [.user], filter: "userName pr", sortBy: "userName")
    private let position = ListPosition(key: "schmidt", id: ResourceID(high: 1, low: .max), total: 1_000_000)

    @Test(
        "come back as they were, in unreserved characters",
        arguments: [nil, "", "ä/+=\u{0}😀", String(repeating: "\u{10FFFF}", count: 256)])
    func roundTrip(key: String?) throws {
        let codec = try CursorCodec(keys: [self.key])
        for total in [0, 1, Int64.max, -1] {
            let position = ListPosition(key: key, id: .random(), total: total)
            let token = codec.encode(position, for: binding, now: now)
            #expect(
                token.utf8.allSatisfy { byte in
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "-")
                        || byte == UInt8(ascii: "_")
                })
            #expect(try codec.decode(token, for: binding, now: now) == position)
        }
    }

    @Test("The empty cursor asks for the first page")
    func empty() throws {
        #expect(try CursorCodec(keys: [key]).decode("", for: binding, now: now) == nil)
    }

    @Test("expire an hour after the page, or when configured")
    func expiry() throws {
        let codec = try CursorCodec(keys: [key])
        let token = codec.encode(position, for: binding, now: now)
        #expect(try codec.decode(token, for: binding, now: now.advanced(by: .seconds(3600))) == position)
        #expect(throws: SCIMError.expiredCursor()) {
            try codec.decode(token, for: binding, now: now.advanced(by: .seconds(3601)))
        }
        let short = try CursorCodec(keys: [key], lifetime: .seconds(1))
        #expect(throws: SCIMError.expiredCursor()) {
            try short.decode(token, for: binding, now: now.advanced(by: .seconds(2)))
        }
        // Of another process, whose clock is ahead.
        #expect(try codec.decode(token, for: binding, now: now.advanced(by: .seconds(-5))) == position)
    }

    @Test("are refused for another tenant, client, type, filter or order")
    func otherQuery() throws {
        let codec = try CursorCodec(keys: [key])
        let token = codec.encode(position, for: binding, now: now)
        var others = [CursorCodec.Binding](repeating: binding, count: 8)
        others[0].tenant = "other"
        others[1].client = "other"
        others[2].types = [.group]
        others[3].types = [.user, .group]
        others[4].filter = nil
        others[5].filter = "userName PR"
        others[6].sortBy = nil
        others[7].isDescending = true
        for other in others {
            #expect(throws: SCIMError.invalidCursor()) { try codec.decode(token, for: other, now: now) }
        }
        // An expired one of another query tells no more than a forged one.
        #expect(throws: SCIMError.invalidCursor()) {
            try codec.decode(token, for: others[0], now: now.advanced(by: .seconds(9999)))
        }
    }

    @Test("Parts of a query cannot be moved from one into the next")
    func boundaries() throws {
        let codec = try CursorCodec(keys: [key])
        let one = CursorCodec.Binding(tenant: "a", client: "bc", types: [.user], filter: "d")
        let other = CursorCodec.Binding(tenant: "ab", client: "c", types: [.user], filter: "d")
        let token = codec.encode(position, for: one, now: now)
        #expect(throws: SCIMError.invalidCursor()) { try codec.decode(token, for: other, now: now) }
    }

    @Test("are refused when a character differs, is missing or added")
    func forged() throws {
        let codec = try CursorCodec(keys: [key])
        let token = Array(codec.encode(position, for: binding, now: now))
        for index in token.indices.dropLast() {
            var changed = token
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(throws: SCIMError.invalidCursor()) {
                try codec.decode(String(changed), for: binding, now: now)
            }
        }
        let text = String(token)
        for other in [
            String(token.dropLast()), String(token.dropFirst()), text + "A", text + "=", text + " ", " " + text, "A",
            "ä", "+/+/", String(repeating: "A", count: 100), String(repeating: "A", count: 1_000_000), "\u{0}",
        ] {
            #expect(throws: SCIMError.invalidCursor()) { try codec.decode(other, for: binding, now: now) }
        }
    }

    @Test("of an older key are read, and of a foreign one refused")
    func keys() throws {
        let other = [UInt8](repeating: 8, count: 32)
        let token = try CursorCodec(keys: [key]).encode(position, for: binding, now: now)
        #expect(try CursorCodec(keys: [other, key]).decode(token, for: binding, now: now) == position)
        let foreign = try CursorCodec(keys: [other])
        #expect(throws: SCIMError.invalidCursor()) { try foreign.decode(token, for: binding, now: now) }
        #expect(throws: SecretError.badKey) { try CursorCodec(keys: []) }
        #expect(throws: SecretError.badKey) { try CursorCodec(keys: [[1, 2, 3]]) }
    }
}
