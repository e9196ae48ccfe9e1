// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite struct RedisOutageTests {
    /// Waits for a state that no signal announces, with a limit.
    private func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    @Test("A server that stops answering fails the command after its timeout, and later ones at once")
    func timeout() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url, configure: { $0.commandTimeout = .milliseconds(300) }) { client async throws in
            server.suspend()
            let start = ContinuousClock.now
            let replies = try await client.pipeline([RedisCommand("PING"), RedisCommand("PING")])
            let waited = ContinuousClock.now - start
            #expect(waited >= .milliseconds(290) && waited < .seconds(10))
            let first = #expect(throws: RedisError.self) { try replies[0].get() }
            #expect(first?.kind == .timeout)
            #expect(first?.mayHaveRun == true)
            let second = #expect(throws: RedisError.self) { try replies[1].get() }
            #expect(second?.kind == .connectionLost)
            #expect(second?.mayHaveRun == true)
            let third = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(third?.kind == .notConnected)
            #expect(third?.mayHaveRun == false)
            #expect(third?.canRetry == true)
            server.resume()
            #expect(try await eventually { client.isConnected })
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            #expect(client.connectCount == 2)
        }
    }

    @Test("A reply of the connection before is never taken for one of the next")
    func noMixUp() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url, configure: { $0.commandTimeout = .milliseconds(100) }) { client async throws in
            for round in 0..<5 {
                server.suspend()
                await #expect(throws: RedisError.self) { try await client.send(RedisCommand("ECHO", "old \(round)")) }
                server.resume()
                #expect(try await eventually { client.isConnected })
                var reply: RedisReply?
                // The machine may be slower than this short timeout; then the connection is made anew.
                #expect(
                    try await eventually {
                        reply = try? await client.send(RedisCommand("ECHO", "new \(round)"))
                        return reply != nil
                    })
                #expect(reply?.string == "new \(round)")
            }
        }
    }

    @Test("After a restart the client is back by itself")
    func restart() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            let blocked = Task {
                try await client.sendBlocking(RedisCommand("BLPOP", "nothing", "60"), upTo: .seconds(60))
            }
            #expect(
                try await eventually { () async throws in
                    try await client.send(RedisCommand("INFO", "clients")).string?.contains("blocked_clients:1")
                        ?? false
                })
            server.stop()
            let lost = await #expect(throws: RedisError.self) { try await blocked.value }
            #expect(lost?.canRetry == true)
            #expect(try await eventually { !client.isConnected })
            #expect(client.lastError != nil)
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.kind == .notConnected)
            try await server.restart()
            #expect(try await eventually { client.isConnected })
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test("A command under way when the connection breaks may have run")
    func lostUnderWay() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { client async throws in
            server.suspend()
            let (replies, continuation) = AsyncStream<Result<RedisReply, RedisError>>.makeStream()
            for _ in 0..<3 { client.submit(RedisCommand("INCR", "counter")) { continuation.yield($0) } }
            // They wait in the socket; the server is killed without ever reading them.
            server.stop()
            var iterator = replies.makeAsyncIterator()
            for _ in 0..<3 {
                let reply = try #require(await iterator.next())
                let error = #expect(throws: RedisError.self) { try reply.get() }
                // Whether the commands had left this process is for the error to tell.
                #expect(error?.kind == .connectionLost || error?.kind == .notConnected)
                #expect(error?.mayHaveRun == (error?.kind == .connectionLost))
            }
        }
    }

    @Test("A start without a server tells so at once, and connects when the server appears")
    func lateServer() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        server.stop()
        let client = RedisClient(configuration: try .patient(server.url), logger: .silent)
        let error = await #expect(throws: RedisError.self) { try await client.start() }
        #expect(error?.kind == .connectFailed)
        #expect(error?.canRetry == true)
        #expect(!client.isConnected)
        try await server.restart()
        #expect(try await eventually { client.isConnected })
        try await client.start()
        await client.close()
    }

    @Test("A server that accepts the connection and says nothing ends in a timeout of the hand-shake")
    func silentServer() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        server.suspend()
        var configuration = try RedisConfiguration.patient(server.url)
        configuration.connectTimeout = .seconds(1)
        let client = RedisClient(configuration: configuration, logger: .silent)
        let error = await #expect(throws: RedisError.self) { try await client.start() }
        // On a machine that is very busy the time may be over before the connection is made.
        #expect(error?.kind == .timeout || error?.kind == .connectFailed)
        #expect(error?.canRetry == true)
        server.resume()
        #expect(try await eventually { client.isConnected })
        await client.close()
    }

    @Test("A master that has become a replica is left, and taken again when it is the master")
    func readOnly() async throws {
        let server = try await RedisServer.start()
        defer { server.stop() }
        try await withRedis(server.url) { operators async throws in
            try await withRedis(server.url) { client async throws in
                _ = try await operators.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
                let error = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("SET", "a", "b"))
                }
                #expect(error?.prefix == "READONLY")
                #expect(error?.canRetry == true)
                #expect(try await eventually { client.lastError?.message.contains("replica") ?? false })
                let meanwhile = await #expect(throws: RedisError.self) {
                    try await client.send(RedisCommand("SET", "a", "b"))
                }
                #expect(meanwhile?.kind == .notConnected)
                _ = try await operators.send(RedisCommand("REPLICAOF", "NO", "ONE"))
                #expect(try await eventually { client.isConnected })
                // A script hears of it too, in whatever words its version passes it on.
                _ = try await operators.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
                let script = RedisScript("write", "return redis.call('SET', KEYS[1], 'b')")
                let inScript = await #expect(throws: RedisError.self) {
                    try await client.run(script, keys: ["a"], arguments: RedisArguments())
                }
                #expect(inScript?.prefix == "READONLY")
                #expect(inScript?.canRetry == true)
                _ = try await operators.send(RedisCommand("REPLICAOF", "NO", "ONE"))
                #expect(try await eventually { client.isConnected })
                #expect(try await client.send(RedisCommand("SET", "a", "b")) == .status("OK"))
            }
        }
    }

    @Test(
        "The words of a command inside a script are understood as Redis 6.2 passes them on",
        arguments: [
            ("-READONLY You can't write against a read only replica.", "READONLY"),
            ("-OOM command not allowed when used memory > 'maxmemory'.", "OOM"),
            ("-MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.", "MISCONF"),
            ("attempt to index a nil value", "ERR"),
        ])
    func wrapped(inner: String, prefix: String) {
        let error = RedisError(
            serverMessage: "ERR Error running script (call to f_2f0c): @user_script:7: @user_script: 7: \(inner)")
        #expect(error.prefix == prefix)
        #expect(error.canRetry == (prefix != "ERR"))
    }

    @Test("In a cluster the client moves to the node that has the keys")
    func cluster() async throws {
        let options = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"]
        let first = try await RedisServer.start(options: options)
        defer { first.stop() }
        let second = try await RedisServer.start(options: options)
        defer { second.stop() }
        try await withRedis(first.url) { client async throws in
            try await withRedis(second.url) { other async throws in
                _ = try await client.send(RedisCommand("CLUSTER", "ADDSLOTSRANGE", "0", "8191"))
                _ = try await other.send(RedisCommand("CLUSTER", "ADDSLOTSRANGE", "8192", "16383"))
                _ = try await client.send(RedisCommand("CLUSTER", "MEET", "127.0.0.1", "\(second.port)"))
                for node in [client, other] {
                    #expect(
                        try await eventually {
                            let info = try await node.send(RedisCommand("CLUSTER", "INFO")).string ?? ""
                            return info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384")
                        })
                }
            }
            // Slot 12182 belongs to the second node.
            let key = "foo"
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("SET", key, "1"))
            }
            #expect(error?.prefix == "MOVED")
            #expect(error?.canRetry == true)
            #expect(try await eventually { client.isConnected })
            #expect(try await client.send(RedisCommand("SET", key, "1")) == .status("OK"))
            #expect(
                try await client.sendBlocking(RedisCommand("BLPOP", "{foo}list", "0.01"), upTo: .seconds(1)) == .null)
        }
    }
}
