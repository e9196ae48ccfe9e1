// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import TestSupport
import Testing

/// What needs a server of its own: other rules, restarts, TLS.
extension RecoveryTests {
    @Test("A password that is given apart is used, and appears nowhere")
    func password() async throws {
        let server = try await Self.server.value
        try await withConnection(server.configuration) { connection async throws in
            try await connection.run("CREATE ROLE guarded LOGIN PASSWORD '\(secret)'")
            let rules = "\(server.directory)/data/pg_hba.conf"
            let old = try String(contentsOfFile: rules, encoding: .utf8)
            let handle = try #require(FileHandle(forWritingAtPath: rules))
            try handle.write(contentsOf: Data("host all guarded 127.0.0.1/32 scram-sha-256\n\(old)".utf8))
            try handle.close()
            try await connection.run("SELECT pg_reload_conf()")
            var configuration = server.configuration
            configuration.url = "postgresql://guarded@127.0.0.1:\(server.port)/postgres"
            try await wait(until: "the rules are in force") { await openingError(configuration) != nil }
            configuration.password = secret
            #expect(await openingError(configuration) == nil)
            configuration.url = "postgresql://guarded:wrong@127.0.0.1:\(server.port)/postgres"
            #expect(await openingError(configuration) == nil)
            configuration.password = "\(secret)!"
            let error = try #require(await openingError(configuration))
            #expect(error.kind == .connectionFailed && error.canRetry)
            #expect(!"\(error) \(String(describing: error.detail))".contains(secret))
            #expect(error.message.contains("guarded"))
            for text in ["\(configuration)", String(reflecting: configuration), dumped(configuration)] {
                #expect(!text.contains(secret) && !text.contains("wrong"))
            }
        }
    }

    @Test("A unix socket and a keyword string work as well")
    func unixSocket() async throws {
        let server = try await Self.server.value
        #expect(await openingError(PostgresConfiguration(url: server.socketURL)) == nil)
        let keywords = "host=\(server.directory) port=\(server.port) user=postgres dbname=postgres"
        #expect(await openingError(PostgresConfiguration(url: keywords)) == nil)
    }

    @Test("A server that accepts and says nothing fails the callers after the connect timeout")
    func silentServer() async throws {
        try await withTable { server, configuration, _ async throws in
            let proxy = try PostgresProxy(to: server.port)
            proxy.holdAnswers()
            var configuration = through(proxy, configuration)
            configuration.connectTimeout = .milliseconds(300)
            try await withPipeline(configuration, .reads) { pipeline async throws in
                let start = ContinuousClock.now
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            let error = await postgresError { try await pipeline.execute(one) }
                            #expect(error.kind == .connectionFailed && error.canRetry && !error.mayHaveCommitted)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(ContinuousClock.now - start < .seconds(5))
                proxy.release()
                try await wait(until: "the pipeline has recovered") { (try? await pipeline.execute(one)) != nil }
            }
            proxy.holdAnswers()
            try await withPool(configuration, size: 2) { pool async throws in
                let error = await postgresError { try await pool.withConnection { try await $0.execute(one) } }
                #expect(error.kind == .connectionFailed && error.canRetry)
            }
            proxy.release()
        }
    }

    @Test("During an outage callers fail fast; afterwards everything goes on by itself")
    func restart() async throws {
        try await withTable { server, configuration, _ async throws in
            try await withPipeline(configuration, .writes) { pipeline async throws in
                try await withPool(configuration, size: 3) { pool async throws in
                    _ = try await pipeline.execute(insert, [.int(1)])
                    _ = try await pool.withTransaction { try await $0.execute(insert, [.int(2)]) }
                    try await server.stop()
                    let start = ContinuousClock.now
                    for _ in 0..<3 {
                        let error = await postgresError { try await pipeline.execute(insert, [.int(-1)]) }
                        #expect([.connectionFailed, .connectionLost].contains(error.kind) && error.canRetry)
                        #expect(!error.mayHaveCommitted)
                        let poolError = await postgresError {
                            try await pool.withConnection { try await $0.execute(insert, [.int(-1)]) }
                        }
                        #expect(poolError.kind == .connectionFailed && poolError.canRetry)
                    }
                    #expect(ContinuousClock.now - start < .seconds(15))
                    try server.launch()
                    try await server.waitUntilReady()
                    try await wait(until: "the pipeline has recovered") {
                        (try? await pipeline.execute(insert, [.int(3)])) != nil
                    }
                    _ = try await pool.withTransaction { try await $0.execute(insert, [.int(4)]) }
                    try await withConnection(configuration) { connection async throws in
                        #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [1, 2, 3, 4])
                    }
                }
            }
        }
    }

    @Test("A restart between two uses of a pool is not noticed")
    func restartWhileIdle() async throws {
        let server = try await Self.server.value
        try await withPool(server.configuration, size: 2) { pool async throws in
            _ = try await pool.withConnection { try await $0.execute(one) }
            try await server.restart()
            #expect(try await pool.withConnection { try await $0.execute(one)[0].int(0) } == 1)
            #expect(try await pool.withTransaction { try await $0.execute(one)[0].int(0) } == 1)
        }
    }

    @Test("Losing the connection at the commit leaves the outcome open; losing it before does not")
    func lostCommit() async throws {
        try await withTable { server, configuration, connection async throws in
            let proxy = try PostgresProxy(to: server.port)
            try await withPool(through(proxy, configuration), size: 1) { pool async throws in
                let before = await postgresError {
                    try await pool.withTransaction { inner async throws in
                        _ = try await inner.execute(insert, [.int(1)])
                        proxy.cut()
                        _ = try await inner.execute(insert, [.int(2)])
                    }
                }
                #expect(before.kind == .connectionLost && !before.mayHaveCommitted)
                let during = await postgresError {
                    try await pool.withTransaction { inner async throws in
                        _ = try await inner.execute(insert, [.int(3)])
                        proxy.holdAnswers()
                        Task {
                            try await wait(until: "the row is committed") {
                                try await connection.ints("SELECT count(*) FROM t WHERE id = 3") == [1]
                            }
                            proxy.cut()
                            proxy.release()
                        }
                    }
                }
                #expect(during.kind == .connectionLost && during.mayHaveCommitted)
                #expect(try await connection.ints("SELECT id FROM t ORDER BY id") == [3])
            }
        }
    }

    @Test("A first host that never answers leaves time for the second", arguments: [false, true])
    func silentFirstHost(isLast: Bool) async throws {
        try await withTable { server, configuration, _ async throws in
            let silent = try PostgresProxy(to: server.port)
            silent.holdRequests()
            let ports = isLast ? [server.port, silent.port] : [silent.port, server.port]
            var configuration = configuration
            configuration.url =
                "postgresql://postgres@127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])/postgres"
            configuration.connectTimeout = .seconds(4)
            #expect(await openingError(configuration) == nil)
            configuration.url = "postgresql://postgres@127.0.0.1:\(silent.port),127.0.0.1:\(silent.port)/postgres"
            configuration.connectTimeout = .milliseconds(400)
            let error = try #require(await openingError(configuration))
            #expect(error.kind == .connectionFailed && error.message.contains("no answer"))
            silent.cut()
        }
    }

    @Test("A host's name is tried at all its addresses")
    func severalAddresses() async throws {
        try await withTable { server, configuration, _ async throws in
            var configuration = configuration
            configuration.url = "postgresql://postgres@localhost:\(server.port)/postgres"
            #expect(await openingError(configuration) == nil)
            configuration.url = "host=localhost,127.0.0.1 port=1,\(server.port) user=postgres dbname=postgres"
            #expect(await openingError(configuration) == nil)
        }
    }

    @Test("TLS, with the server's certificate verified, carries large values in both directions at once")
    func tls() async throws {
        try await withTable { server, configuration, _ async throws in
            let root = try await server.enableTLS()
            var configuration = configuration
            configuration.url += "?sslmode=verify-full&sslrootcert=\(root)"
            try await wait(until: "TLS is in force") { await openingError(configuration) == nil }
            let value = [UInt8](repeating: 7, count: 1 << 20)
            let large = PostgresStatement(
                "large", "SELECT $1::bytea, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            try await withPipeline(configuration, .reads) { pipeline async throws in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<16 {
                        group.addTask { () async throws in
                            let row = try await pipeline.execute(large, [.bytes(value)])[0]
                            #expect(try row.bytes(0) == value)
                            #expect(try row.bool(1))
                        }
                    }
                    try await group.waitForAll()
                }
            }
            // Of every length around that of a TLS record: none of it may be left inside OpenSSL.
            configuration.responseTimeout = .seconds(5)
            try await withConnection(configuration) { connection async throws in
                for length in stride(from: 4_000, to: 40_000, by: 500) {
                    let value = [UInt8](repeating: 1, count: length)
                    #expect(try await connection.execute(large, [.bytes(value)])[0].bytes(0) == value)
                }
            }
            configuration.url = configuration.url.replacing("127.0.0.1", with: "localhost")
            let error = try #require(await openingError(configuration))
            #expect(error.kind == .connectionFailed && error.message.contains("certificate"))
        }
    }
}

private func dumped(_ value: some Any) -> String {
    var text = ""
    dump(value, to: &text)
    return text
}
