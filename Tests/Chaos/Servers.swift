// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc
internal import Logging
internal import Postgres
internal import Synchronization
internal import TestSupport

/// PostgreSQL and Redis of a whole run of the program, and what every round needs: a migrated database to copy, tokens, key and passwords.
final class Servers: Sendable {
    /// The program under test.
    let bridge: String
    let folder: String
    let postgres: PostgresServer
    let redisPort: Int
    private let redis: Mutex<Child?>
    private let redisState = Mutex(RedisState())

    private struct RedisState {
        /// `appendfsync`.
        var fsync = "everysec"
        /// Folders of those that were emptied in this round, oldest first.
        var lost: [String] = []
        var isKeepingLost = false
        var number = 0
    }

    static let tenants = ["default", "second"]
    static let webhookSecret = "whsec_" + Data("0123456789abcdef0123456789abcdef".utf8).base64EncodedString()
    private static let template = "chaos_template"

    init(bridge: String, folder: String) async throws {
        self.bridge = bridge
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        postgres = try await PostgresServer.start()
        redisPort = try LoopbackPort.free()
        redis = Mutex(nil)
        try await startRedis()
        try await makeTemplate()
        try makeSecrets()
    }

    private func makeTemplate() async throws {
        try await run("postgres", "CREATE DATABASE \(Self.template)")
        let url = databaseURL(Self.template, port: Int(postgres.port))
        try await Child.run([bridge, "migrate"], environment: ["DATABASE_URL": url, "LOG_LEVEL": "warning"])
        for tenant in Self.tenants {
            try await run(Self.template, "INSERT INTO tenant (id) VALUES ('\(tenant)') ON CONFLICT DO NOTHING")
        }
    }

    private func makeSecrets() throws {
        for (name, text) in [
            ("udm-password", "univention"), ("provisioning-password", "udmpass"),
            ("password-key", String(repeating: "0123456789abcdef", count: 4)),
            ("webhook-secret", Self.webhookSecret),
        ] {
            let path = "\(folder)/\(name)"
            try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o600)
        }
    }

    /// - Returns: By tenant, the tokens of its clients.
    func makeTokens() async throws -> [String: [String]] {
        let file = "\(folder)/tokens"
        try? FileManager.default.removeItem(atPath: file)
        var tokens: [String: [String]] = [:]
        for tenant in Self.tenants {
            for client in ["idp", "hr"] {
                tokens[tenant, default: []].append(
                    try await Child.run([
                        bridge, "token", "create", "--client", "\(client)-\(tenant)", "--tenant", tenant, "--file",
                        file,
                    ]))
            }
        }
        return tokens
    }

    func makeDatabase(_ name: String) async throws {
        try await run("postgres", "CREATE DATABASE \(name) TEMPLATE \(Self.template)")
    }

    func dropDatabase(_ name: String) async throws {
        try await run("postgres", "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }

    func databaseURL(_ name: String, port: Int) -> String { "postgresql://postgres@127.0.0.1:\(port)/\(name)" }

    func connect(_ database: String) async throws -> PostgresConnection {
        let configuration = PostgresConfiguration(
            url: databaseURL(database, port: Int(postgres.port)) + "?sslmode=disable", password: nil,
            applicationName: "scim-chaos")
        return try await PostgresConnection.open(configuration, label: "chaos", logger: PostgresForTests.logger)
    }

    private func run(_ database: String, _ sql: String) async throws {
        let connection = try await connect(database)
        do {
            try await connection.run(sql)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    // MARK: Killing

    /// As after a power cut of the database's process: no checkpoint, recovery from the log. Returns when it answers again.
    func killPostgres() async throws {
        Descriptors.closeOnExec()
        if let pid = postgres.pid { Glibc.kill(pid, SIGQUIT) }
        do {
            try await postgres.restart()
        } catch {
            // What it left in shared memory may have been in its own way.
            try await postgres.restart()
        }
    }

    /// - Parameter empty: Without its data.
    func killRedis(empty: Bool) async throws {
        redis.withLock { redis in
            redis?.end()
            redis = nil
        }
        if empty {
            let lost = redisState.withLock { state -> String? in
                guard state.isKeepingLost else { return nil }
                state.number += 1
                state.lost.append("\(folder)/redis-lost-\(state.number)")
                return state.lost.last
            }
            if let lost {
                try FileManager.default.moveItem(atPath: "\(folder)/redis", toPath: lost)
            } else {
                try? FileManager.default.removeItem(atPath: "\(folder)/redis")
            }
        }
        try await startRedis()
    }

    /// An empty Redis for a round.
    ///
    /// - Parameter keepsEvents: It holds a sink's events: those that an emptied one had are kept to be read by ``readLost(_:)``, and a kill
    ///   loses nothing that Redis had answered for. Otherwise a kill may take the last two seconds with it.
    func renewRedis(keepsEvents: Bool) async throws {
        for folder in redisState.withLock({ $0.lost }) { try? FileManager.default.removeItem(atPath: folder) }
        // Redis writes its log before it answers, unless a sync of the second before is still on its way.
        redisState.withLock { state in
            state.lost = []
            state.isKeepingLost = false
            state.fsync = keepsEvents ? "no" : "everysec"
        }
        try await killRedis(empty: true)
        redisState.withLock { $0.isKeepingLost = keepsEvents }
    }

    /// Lends each Redis that was emptied in this round, with what it held, in the order of their ends.
    func readLost(_ body: (_ port: Int) async throws -> Void) async throws {
        for data in redisState.withLock({ $0.lost }) {
            let port = try LoopbackPort.free()
            let child = try launchRedis(port: port, data: data)
            do {
                try await LoopbackPort.waitUntilAnswers(port, child)
                try await body(port)
            } catch {
                child.end()
                throw error
            }
            child.end()
        }
    }

    private func startRedis() async throws {
        let child = try launchRedis(port: redisPort, data: "\(folder)/redis")
        redis.withLock { $0 = child }
        try await LoopbackPort.waitUntilAnswers(redisPort, child)
    }

    private func launchRedis(port: Int, data: String) throws -> Child {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        return try Child(
            "redis",
            [
                "/usr/bin/env", "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", data, "--save", "",
                "--appendonly", "yes", "--appendfsync", redisState.withLock { $0.fsync }, "--maxmemory-policy",
                "noeviction", "--daemonize", "no",
            ], log: "\(folder)/redis.log")
    }

    func stop() async {
        redis.withLock { redis in
            redis?.end()
            redis = nil
        }
        try? await postgres.stop()
    }
}
