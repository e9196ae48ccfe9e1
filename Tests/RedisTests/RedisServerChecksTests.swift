// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Redis
import TestSupport
import Testing

@Suite struct RedisServerChecksTests {
    private static let user = ["--user", "bridge", "on", ">secret", "~*", "&*", "+@all"]

    @Test("A server that may evict queued work is refused with the remedy, until it is changed")
    func evictionPolicy() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { operators async throws in
            _ = try await operators.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"))
            let client = RedisClient(configuration: try .patient(server.url), logger: .silent)
            let error = await #expect(throws: RedisError.self) { try await client.start() }
            #expect(error?.kind == .unsuitableServer)
            #expect(error?.canRetry == false)
            #expect(error?.message.contains("allkeys-lru") == true)
            #expect(error?.message.contains("set maxmemory-policy to noeviction") == true)
            let refused = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(refused?.kind == .notConnected)
            _ = try await operators.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "noeviction"))
            try await wait(until: "there is a connection") { client.isConnected }
            await client.close()
        }
    }

    @Test("Where CONFIG is forbidden, INFO tells the policy")
    func policyFromInfo() async throws {
        let server = try await RedisServer.start(options: Self.user + ["-config"])
        defer { server.stop() }
        try await withRedis(server.url.withUser("bridge", "secret")) { client async throws in
            let denied = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("CONFIG", "GET", "maxmemory-policy"))
            }
            #expect(denied?.prefix == "NOPERM")
        }
        try await withRedis(server.url) { operators async throws in
            _ = try await operators.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "volatile-ttl"))
        }
        let error = await #expect(throws: RedisError.self) {
            try await withRedis(server.url.withUser("bridge", "secret")) { _ in }
        }
        #expect(error?.kind == .unsuitableServer)
    }

    @Test("Where neither can be read, a warning is all")
    func policyUnknown() async throws {
        let server = try await RedisServer.start(options: Self.user + ["-config", "-info"])
        defer { server.stop() }
        let log = LogCapture()
        try await withRedis(server.url.withUser("bridge", "secret"), logger: log.logger) { client async throws in
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
        #expect(log.messages(.warning).contains { $0.contains("maxmemory-policy") })
        #expect(log.messages(.warning).contains { $0.contains("version") })
    }

    @Test(
        "User and password",
        arguments: [
            ("bridge", "secret", nil), ("bridge", "wrong", "WRONGPASS"), ("nobody", "secret", "WRONGPASS"),
        ] as [(String, String, String?)])
    func logIn(user: String, password: String, refusal: String?) async throws {
        let server = try await RedisServer.start(
            options: ["--user", "default", "off"] + Self.user)
        defer { server.stop() }
        var configuration = try RedisConfiguration.patient(server.url, username: user, password: password)
        configuration.database = 3
        let log = LogCapture()
        let client = RedisClient(configuration: configuration, logger: log.logger)
        if let refusal {
            let error = await #expect(throws: RedisError.self) { try await client.start() }
            #expect(error?.prefix == refusal)
            #expect(error?.canRetry == false)
            #expect(error?.message.contains(password) == false)
        } else {
            try await client.start()
            #expect(try await client.send(RedisCommand("ACL", "WHOAMI")).string == user)
            _ = try await client.sendBlocking(RedisCommand("BLPOP", "x", "0.01"), upTo: .seconds(1))
        }
        await client.close()
        #expect(log.messages().allSatisfy { !$0.contains(password) })
    }

    @Test("A password without a user name logs in as the default user")
    func passwordOnly() async throws {
        let server = try await RedisServer.start(options: ["--requirepass", "s3cr:et@/"])
        defer { server.stop() }
        try await withRedis(server.url.withUser("", "s3cr%3Aet%40%2F")) { client async throws in
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
        let missing = await #expect(throws: RedisError.self) { try await withRedis(server.url) { _ in } }
        #expect(missing?.prefix == "NOAUTH")
        #expect(missing?.canRetry == false)
    }
}

extension String {
    /// A Redis URL with a log-in.
    fileprivate func withUser(_ user: String, _ password: String) -> String {
        "redis://\(user):\(password)@" + dropFirst("redis://".count)
    }
}
