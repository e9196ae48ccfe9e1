// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import NIOCore
import Testing

@testable import scim_bench

@Suite struct UserRequestTests {
    @Test("names of one seed never repeat, over runs and numbers", arguments: [0, 1, UInt64.max])
    func distinct(seed: UInt64) {
        let names = UserNames(seed: seed)
        var seen: Set<String> = []
        for run in 0..<3 {
            for number in 0..<5000 { seen.insert(names.name(run: run, number: UInt64(number))) }
        }
        #expect(seen.count == 15_000)
        let digits = Set((0..<5000).map { names.digits(run: 1, number: $0) })
        #expect(digits.count == 5000)
    }

    @Test("a name has its run's prefix and characters that every directory takes")
    func form() {
        let names = UserNames(seed: .max)
        let name = names.name(run: 12, number: 3)
        #expect(name.hasPrefix("bench-3w5e11264sgsf-12-"))
        #expect(name.count == names.prefix(run: 12).count + UserNames.digitCount)
        #expect(
            name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        )
        // "1" must not count the users of run 12.
        #expect(!name.hasPrefix(names.prefix(run: 1)))
    }

    @Test("names do not come in order")
    func scattered() {
        let names = UserNames(seed: 5)
        let list = (0..<1000).map { names.name(run: 1, number: $0) }
        let rising = zip(list, list.dropFirst()).count { $0 < $1 }
        #expect((400...600).contains(rising))
    }

    @Test("a prepared request is whole, about 1 KB, and carries the name twice")
    func request() throws {
        let names = UserNames(seed: 5)
        let target = try Target("http://127.0.0.1:8080/scim/v2", allowingRemote: false)
        let post = PreparedPost(target: target, token: "abc", prefix: names.prefix(run: 2))
        var buffer = ByteBuffer()
        for number in [UInt64(0), 1, 1_000_000] {
            post.write(names.digits(run: 2, number: number), to: &buffer)
            let text = String(buffer: buffer)
            let end = try #require(text.range(of: "\r\n\r\n"))
            let head = text[..<end.lowerBound].split(separator: "\r\n").map { String($0) }
            let body = Array(text[end.upperBound...].utf8)
            #expect(
                head == [
                    "POST /scim/v2/Users HTTP/1.1", "Host: 127.0.0.1:8080", "Authorization: Bearer abc",
                    "Content-Type: application/scim+json", "Accept: application/scim+json", "User-Agent: scim-bench",
                    "Content-Length: \(body.count)",
                ])
            #expect((950...1150).contains(body.count))
            let name = names.name(run: 2, number: number)
            #expect(try JSONValue(parsing: body) == UserDocument.resource(userName: name))
            #expect(text.ranges(of: name).count == 2)
        }
    }
}
