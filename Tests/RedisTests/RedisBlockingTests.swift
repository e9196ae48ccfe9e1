// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite struct RedisBlockingTests {
    private func blockedClients(_ client: RedisClient) async throws -> Int {
        let info = try await client.send(RedisCommand("INFO", "clients")).string ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("blocked_clients:") }
        return try #require(line.flatMap { Int($0.dropFirst("blocked_clients:".count)) })
    }

    private func waitForBlocked(_ count: Int, _ client: RedisClient) async throws {
        try await wait(until: "\(count) clients are blocked") { try await blockedClients(client) == count }
    }

    @Test("Waiting callers do not hold up other commands, and each gets one element")
    func pop() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let popped = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await client.sendBlocking(RedisCommand("BLPOP", "list", "60"), upTo: .seconds(60)).array?
                            .last?.string
                    }
                }
                try await waitForBlocked(3, client)
                #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
                _ = try await client.send(RedisCommand("RPUSH", "list", "a", "b", "c"))
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(popped == ["a", "b", "c"])
        }
    }

    @Test("The end of the time is a reply, not an error, and the channel is used again")
    func timeLimit() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            for _ in 0..<3 {
                let reply = try await client.sendBlocking(
                    RedisCommand("BLPOP", "list", "0.02"), upTo: .milliseconds(20))
                #expect(reply == .null)
            }
            let connections = try await client.send(RedisCommand("INFO", "stats")).string ?? ""
            // One for commands and one for blocking reads.
            let line = try #require(
                connections.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_connections_received:") })
            #expect(try #require(Int(line.dropFirst("total_connections_received:".count))) == 2)
        }
    }

    @Test("A cancelled caller is free at once, and Redis forgets it")
    func cancellation() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let task = Task {
                try await client.sendBlocking(RedisCommand("BLPOP", "list", "60"), upTo: .seconds(60))
            }
            try await waitForBlocked(1, client)
            let start = ContinuousClock.now
            task.cancel()
            let error = await #expect(throws: RedisError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(5))
            try await waitForBlocked(0, client)
            _ = try await client.send(RedisCommand("RPUSH", "list", "kept"))
            #expect(try await client.send(RedisCommand("LLEN", "list")) == .integer(1))
        }
    }

    @Test("Closing the client ends the waits")
    func close() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        let client = RedisClient(configuration: try .patient(server.url), logger: .silent)
        try await client.start()
        let task = Task { try await client.sendBlocking(RedisCommand("BLPOP", "list", "60"), upTo: .seconds(60)) }
        try await waitForBlocked(1, client)
        await client.close()
        let error = await #expect(throws: RedisError.self) { try await task.value }
        #expect(error?.kind == .shutDown)
    }
}
