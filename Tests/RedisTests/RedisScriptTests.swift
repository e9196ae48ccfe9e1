// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite struct RedisScriptTests {
    private let script = RedisScript("sum", "return {KEYS[1], tonumber(ARGV[1]) + tonumber(ARGV[2])}")
    private let expected = RedisReply.array([.bulk(Array("k".utf8)), .integer(5)])

    private func calls(_ command: String, _ client: RedisClient) async throws -> Int {
        let info = try await client.send(RedisCommand("INFO", "commandstats")).string ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line?.split(separator: "=")[1].split(separator: ",").first.flatMap { Int($0) } ?? 0
    }

    @Test("The source travels once; later calls name its digest")
    func digest() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            for _ in 0..<5 {
                #expect(try await client.run(script, keys: ["k"], arguments: ["2", "3"]) == expected)
            }
            #expect(try await calls("eval", client) == 1)
            #expect(try await calls("evalsha", client) == 4)
        }
    }

    @Test("After SCRIPT FLUSH the call still gives its reply, and the digest is known again")
    func flushed() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            _ = try await client.run(script, keys: ["k"], arguments: ["2", "3"])
            _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try await client.run(script, keys: ["k"], arguments: ["2", "3"]) == expected)
            let evals = try await calls("eval", client)
            #expect(try await client.run(script, keys: ["k"], arguments: ["2", "3"]) == expected)
            #expect(try await calls("eval", client) == evals)
        }
    }

    @Test("Many concurrent callers and a flush in the middle: every call runs exactly once")
    func concurrentFlush() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        let count = RedisScript("count", "return redis.call('INCR', KEYS[1])")
        try await withRedis(server.url) { client async throws in
            let failures = await withTaskGroup(of: Int.self) { group in
                for caller in 0..<20 {
                    group.addTask {
                        var failures = 0
                        for turn in 0..<50 {
                            if caller == 0, turn % 10 == 5 {
                                _ = try? await client.send(RedisCommand("SCRIPT", "FLUSH"))
                            }
                            if (try? await client.run(count, keys: ["n"])) == nil { failures += 1 }
                        }
                        return failures
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(failures == 0)
            #expect(try await client.send(RedisCommand("GET", "n")).integer == 1_000)
        }
    }

    @Test("A failing script throws what it said")
    func failing() async throws {
        try await withRedis { client async throws in
            let error = await #expect(throws: RedisError.self) {
                try await client.run(RedisScript("custom", "return redis.error_reply('CUSTOM reason')"), keys: [])
            }
            #expect(error?.prefix == "CUSTOM")
            await #expect(throws: RedisError.self) {
                try await client.run(RedisScript("broken", "this is not Lua"), keys: [])
            }
        }
    }

    @Test("Without a connection a script fails at once")
    func notConnected() async throws {
        let client = RedisClient(configuration: try .patient("redis://127.0.0.1:1"), logger: .silent)
        let error = await #expect(throws: RedisError.self) { try await client.run(script, keys: ["k"]) }
        #expect(error?.kind == .notConnected)
        await client.close()
    }
}
