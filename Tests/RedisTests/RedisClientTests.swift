// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite struct RedisClientTests {
    private func key() -> String { "test:\(UInt64.random(in: .min ... .max))" }

    @Test("Commands give their replies")
    func replies() async throws {
        try await withRedis { client async throws in
            let key = key()
            let pong = try await client.send(RedisCommand("PING"))
            #expect(pong == .status("PONG"))
            #expect(try await client.send(RedisCommand("GET", key)) == .null)
            #expect(try await client.send(RedisCommand("RPUSH", key, "a", "", "c")) == .integer(3))
            #expect(
                try await client.send(RedisCommand("LRANGE", key, "0", "-1"))
                    == .array([.bulk(Array("a".utf8)), .bulk([]), .bulk(Array("c".utf8))]))
            #expect(try await client.send(RedisCommand("DEL", key)) == .integer(1))
        }
    }

    @Test("A megabyte of any bytes comes back as it went")
    func large() async throws {
        try await withRedis { client async throws in
            let payload = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var arguments = RedisArguments()
            arguments.append(payload)
            #expect(try await client.send(RedisCommand("ECHO", arguments: arguments)) == .bulk(payload))
        }
    }

    @Test("An error reply is thrown with its prefix, and its neighbours are not harmed")
    func serverError() async throws {
        try await withRedis { client async throws in
            let key = key()
            let replies = try await client.pipeline([
                RedisCommand("SET", key, "text"), RedisCommand("LPUSH", key, "x"), RedisCommand("GET", key),
                RedisCommand("DEL", key),
            ])
            #expect(replies.count == 4)
            #expect(try replies[0].get() == .status("OK"))
            let error = #expect(throws: RedisError.self) { try replies[1].get() }
            #expect(error?.prefix == "WRONGTYPE")
            #expect(error?.canRetry == false)
            #expect(try replies[2].get().string == "text")
            #expect(try replies[3].get() == .integer(1))
            #expect(client.isConnected)
        }
    }

    @Test("Commands and errors are counted, and how long Redis took")
    func statistics() async throws {
        try await withRedis { client async throws in
            let before = client.statistics
            let key = key()
            _ = try await client.pipeline([
                RedisCommand("SET", key, "text"), RedisCommand("LPUSH", key, "x"), RedisCommand("DEL", key),
            ])
            _ = try await client.sendBlocking(RedisCommand("BLPOP", key, "0.2"), upTo: .milliseconds(200))
            let after = client.statistics
            // What waits on purpose is not among them.
            #expect(after.replies == before.replies + 3)
            #expect(after.seconds > before.seconds)
            #expect(after.errors[0] == before.errors[0] + 1)
            #expect(after.errors.dropFirst() == before.errors.dropFirst())
            await client.close()
            await #expect(throws: RedisError.self) { _ = try await client.send(RedisCommand("PING")) }
            #expect(client.statistics.errors.last == 1)
            #expect(!client.isConnected)
        }
    }

    @Test("An error inside an array is an element")
    func innerError() async throws {
        try await withRedis { client async throws in
            let replies = try await client.pipeline([
                RedisCommand("MULTI"), RedisCommand("PING"), RedisCommand("INCR", "a", "b"), RedisCommand("PING"),
                RedisCommand("EXEC"),
            ])
            #expect(throws: RedisError.self) { try replies[2].get() }
            let aborted = #expect(throws: RedisError.self) { try replies[4].get() }
            #expect(aborted?.prefix == "EXECABORT")
            let script = RedisScript("inner-error", "return {1, redis.error_reply('ODD inside'), 'x'}")
            let reply = try await client.run(script, keys: [])
            #expect(
                reply == .array([.integer(1), .error(RedisError(serverMessage: "ODD inside")), .bulk(Array("x".utf8))]))
        }
    }

    @Test("Every one of many concurrent callers gets its own reply")
    func pipelining() async throws {
        try await withRedis { client async throws in
            let wrong = await withTaskGroup(of: Int.self) { group in
                for caller in 0..<64 {
                    group.addTask {
                        var wrong = 0
                        for turn in 0..<100 {
                            let text = "\(caller)/\(turn)"
                            let reply = try? await client.send(RedisCommand("ECHO", text))
                            if reply?.string != text { wrong += 1 }
                        }
                        return wrong
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(wrong == 0)
        }
    }

    @Test("Commands of one caller run in the order they were submitted")
    func order() async throws {
        try await withRedis { client async throws in
            let key = key()
            let commands = (0..<500).map { RedisCommand("APPEND", key, "\($0 % 10)") }
            let lengths = try await client.pipeline(commands).map { try $0.get().integer }
            #expect(lengths == (1...500).map { Int64($0) })
            let text = try await client.send(RedisCommand("GETDEL", key)).string
            #expect(text == String((0..<500).map { Character("\($0 % 10)") }))
        }
    }

    @Test("Commands that arrive together are written together")
    func gathering() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            func reads() async throws -> Int64 {
                let info = try await client.send(RedisCommand("INFO", "stats")).string ?? ""
                let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_reads_processed:") }
                return try #require(line.flatMap { Int64($0.dropFirst("total_reads_processed:".count)) })
            }
            let before = try await reads()
            _ = try await client.pipeline(Array(repeating: RedisCommand("PING"), count: 2_000))
            // Every read of the server takes 16 KiB at most: 2,000 pings are 28,000 bytes.
            #expect(try await reads() - before < 200)
        }
    }

    @Test("The database of the URL is selected, and the connection has a name")
    func database() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url + "/7") { client async throws in
            let line = try await client.send(RedisCommand("CLIENT", "INFO")).string ?? ""
            #expect(line.contains(" db=7 "))
            #expect(line.contains(" name=scim-bridge "))
        }
        let error = await #expect(throws: RedisError.self) {
            try await withRedis(server.url + "/99") { _ in }
        }
        #expect(error?.canRetry == false)
        #expect(error?.message.contains("database 99") == true)
    }

    @Test("Beyond the limit of commands under way, further ones are refused at once")
    func overload() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url, configure: { $0.pendingMax = 10 }) { client async throws in
            server.suspend()
            let (replies, continuation) = AsyncStream<Result<RedisReply, RedisError>>.makeStream()
            for _ in 0..<10 { client.submit(RedisCommand("PING")) { continuation.yield($0) } }
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.kind == .overloaded)
            #expect(error?.canRetry == true)
            server.resume()
            var iterator = replies.makeAsyncIterator()
            for _ in 0..<10 { #expect(try await iterator.next()?.get() == .status("PONG")) }
            let reply = try await client.send(RedisCommand("PING"))
            #expect(reply == .status("PONG"))
        }
    }

    @Test("Closing fails what is under way and everything later")
    func close() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        let client = RedisClient(configuration: try .patient(server.url), logger: .silent)
        try await client.start()
        server.suspend()
        let (replies, continuation) = AsyncStream<Result<RedisReply, RedisError>>.makeStream()
        client.submit(RedisCommand("PING")) { continuation.yield($0) }
        await client.close()
        server.resume()
        var iterator = replies.makeAsyncIterator()
        let reply = try #require(await iterator.next())
        let error = #expect(throws: RedisError.self) { try reply.get() }
        #expect(error?.kind == .shutDown)
        let later = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(later?.kind == .shutDown)
        let again = await #expect(throws: RedisError.self) { try await client.start() }
        #expect(again?.kind == .shutDown)
        await client.close()
    }
}
