// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Redis

@Suite struct RedisCommandTests {
    private func formatted(_ arguments: RedisArguments) -> String {
        var buffer = ByteBuffer()
        #expect(arguments.format(into: &buffer))
        return String(buffer: buffer)
    }

    @Test("A command is an array of bulk strings with their lengths in bytes")
    func format() {
        #expect(formatted(["SET", "key", ""]) == "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n")
        #expect(formatted(["ECHO", "ü"]) == "*2\r\n$4\r\nECHO\r\n$2\r\nü\r\n")
        #expect(formatted(["ECHO", "a\0b\r\n"]) == "*2\r\n$4\r\nECHO\r\n$5\r\na\0b\r\n\r\n")
    }

    @Test("Numbers and other arguments are appended in order")
    func appending() {
        var arguments: RedisArguments = ["EXPIRE"]
        arguments.append(Int64(-5))
        arguments.append([1, 0, 2])
        arguments.append(contentsOf: ["x", "y"])
        #expect(arguments.count == 5)
        #expect(arguments.name == "EXPIRE")
        #expect(
            formatted(arguments) == "*5\r\n$6\r\nEXPIRE\r\n$2\r\n-5\r\n$3\r\n\u{1}\0\u{2}\r\n$1\r\nx\r\n$1\r\ny\r\n")
    }

    @Test(
        "An error's first word is its prefix",
        arguments: [
            ("NOSCRIPT No matching script.", "NOSCRIPT", true),
            ("LOADING Redis is loading the dataset in memory", "LOADING", true),
            ("READONLY You can't write against a read only replica.", "READONLY", true),
            ("OOM command not allowed when used memory > 'maxmemory'.", "OOM", true),
            ("BUSY Redis is busy running a script.", "BUSY", true),
            ("MOVED 3999 127.0.0.1:6381", "MOVED", true),
            ("WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS", false),
            ("NOAUTH Authentication required.", "NOAUTH", false),
            ("ERR unknown command 'foo'", "ERR", false),
        ])
    func prefix(message: String, prefix: String, canRetry: Bool) {
        let error = RedisError(serverMessage: message)
        #expect(error.kind == .server)
        #expect(error.prefix == prefix)
        #expect(error.canRetry == canRetry)
        #expect("\(error)" == message)
    }

    @Test(
        "Where MOVED points",
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", "127.0.0.1:6381"), ("MOVED 3999 node-2.redis:7000", "node-2.redis:7000"),
            ("MOVED 3999 :6381", "first:6381"), ("MOVED 3999 [2001:db8::1]:6381", "[2001:db8::1]:6381"),
            ("MOVED 3999 2001:db8::1:6381", "[2001:db8::1]:6381"), ("MOVED 3999", nil),
            ("ASK 3999 127.0.0.1:6381", nil),
        ] as [(String, String?)])
    func moved(message: String, endpoint: String?) {
        let source = RedisEndpoint(host: "first", port: 6379)
        #expect(RedisEndpoint(moved: RedisError(serverMessage: message), from: source)?.description == endpoint)
    }
}
