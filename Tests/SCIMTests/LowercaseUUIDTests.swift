// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import SCIM
import Testing

@Suite("Lower-case UUIDs")
struct LowercaseUUIDTests {
    @Test(
        "any case is read, lower case is written",
        arguments: [
            "2819c223-7f76-453a-919d-413861904646", "2819C223-7F76-453A-919D-413861904646",
            "00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF",
            "01234567-89ab-cdef-0123-456789abcdef",
        ])
    func text(text: String) throws {
        let uuid = try #require(LowercaseUUID(text))
        #expect(uuid.description == text.lowercased())
        #expect(LowercaseUUID(uuid.description) == uuid)
        var bytes = Array("id=".utf8)
        uuid.append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "id=\(text.lowercased())")
    }

    @Test("the halves are the bytes of the text from left to right")
    func halves() {
        let uuid = LowercaseUUID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(uuid.description == "01234567-89ab-cdef-fedc-ba9876543210")
        #expect(LowercaseUUID("01234567-89ab-cdef-fedc-ba9876543210") == uuid)
    }

    @Test(
        "other texts are no UUID",
        arguments: [
            "", "2819c223", "2819c2237f76453a919d413861904646", "2819c223-7f76-453a-919d-41386190464",
            "2819c223-7f76-453a-919d-4138619046466", "{2819c223-7f76-453a-919d-413861904646}",
            "2819c223-7f76-453a-919d-41386190464g", "2819c223_7f76-453a-919d-413861904646",
            "2819c22-37f76-453a-919d-413861904646", " 2819c223-7f76-453a-919d-413861904646",
            "2819c223-7f76-453a-919d-413861904646\n", "２819c223-7f76-453a-919d-41386190464",
        ])
    func notAUUID(text: String) {
        #expect(LowercaseUUID(text) == nil)
    }

    @Test("a part of a text is read without a copy")
    func substring() {
        let path = "/Users/2819c223-7f76-453a-919d-413861904646"
        #expect(LowercaseUUID(path.dropFirst(7))?.description == "2819c223-7f76-453a-919d-413861904646")
    }

    @Test("random UUIDs are of version 4 and the RFC's variant, and differ")
    func random() {
        let uuids = (0..<1000).map { _ in LowercaseUUID.random() }
        #expect(Set(uuids).count == 1000)
        for uuid in uuids {
            let text = Array(uuid.description)
            #expect(uuid.version == 4)
            #expect(text[14] == "4")
            #expect("89ab".contains(text[19]))
        }
        // No bit besides those six is fixed.
        let ones = uuids.reduce((high: 0 as UInt64, low: 0 as UInt64)) { ($0.high | $1.high, $0.low | $1.low) }
        let zeros = uuids.reduce((high: 0 as UInt64, low: 0 as UInt64)) { ($0.high | ~$1.high, $0.low | ~$1.low) }
        #expect(ones.high == 0xFFFF_FFFF_FFFF_4FFF && zeros.high == 0xFFFF_FFFF_FFFF_BFFF)
        #expect(ones.low == 0xBFFF_FFFF_FFFF_FFFF && zeros.low == 0x7FFF_FFFF_FFFF_FFFF)
    }

    @Test("time-ordered UUIDs are of version 7 and rise with time")
    func timeOrdered() throws {
        let instant = try #require(Timestamp(iso8601: "2022-02-22T19:22:22.000Z"))
        // The example of RFC 9562 appendix A.6 begins with this instant.
        #expect(LowercaseUUID.timeOrdered(at: instant).description.hasPrefix("017f22e2-79b0-7"))
        var previous = LowercaseUUID.timeOrdered(at: instant)
        for microseconds in 1...3000 {
            let next = LowercaseUUID.timeOrdered(at: instant.advanced(by: .microseconds(microseconds)))
            #expect(previous < next)
            #expect(next.version == 7)
            previous = next
        }
    }

    @Test("the order is that of the texts")
    func order() {
        var generator = SeededGenerator(seed: SeededGenerator.seedOfThisRun)
        let uuids = (0..<200).map { _ in LowercaseUUID(high: generator.next(), low: generator.next()) }
        #expect(uuids.sorted().map(\.description) == uuids.map(\.description).sorted())
    }
}
