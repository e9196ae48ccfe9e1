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

    static let tenants = ["default", "second"]
    private static let template = "chaos_template"

    init(bridge: String, folder: String) async throws {
        self.bridge = bridge
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        postgres = try await PostgresServer.start()
        redisPort = try Port.free()
        redis = Mutex(nil)
        try await startRedis(empty: true)
        try await makeTemplate()
        try makeSecrets()
    }

    private func makeTemplate() async throws {
        try await run("postgres", "CREATE DATABASE \(Self.template)")
        let url = databaseURL(Self.template, port: Int(postgres.port))
        _ = try Child.run([bridge, "migrate"], environment: ["DATABASE_URL": url, "LOG_LEVEL": "warning"])
        for tenant in Self.tenants {
            try await run(Self.template, "INSERT INTO tenant (id) VALUES ('\(tenant)') ON CONFLICT DO NOTHING")
        }
    }

    private func makeSecrets() throws {
        for (name, text) in [
            ("udm-password", "univention"), ("provisioning-password", "udmpass"),
            ("password-key", String(repeating: "0123456789abcdef", count: 4)),
        ] {
            let path = "\(folder)/\(name)"
            try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            chmod(path, 0o600)
        }
    }

    /// - Returns: By tenant, the tokens of its clients.
    func makeTokens() throws -> [String: [String]] {
        let file = "\(folder)/tokens"
        try? FileManager.default.removeItem(atPath: file)
        var tokens: [String: [String]] = [:]
        for tenant in Self.tenants {
            for client in ["idp", "hr"] {
                tokens[tenant, default: []].append(
                    try Child.run([
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
        try await startRedis(empty: empty)
    }

    private func startRedis(empty: Bool) async throws {
        let data = "\(folder)/redis"
        if empty { try? FileManager.default.removeItem(atPath: data) }
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let child = try Child(
            "redis",
            [
                "/usr/bin/env", "redis-server", "--port", "\(redisPort)", "--bind", "127.0.0.1", "--dir", data,
                "--save",
                "", "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--daemonize", "no",
            ], log: "\(folder)/redis.log")
        redis.withLock { $0 = child }
        try await Port.waitUntilAnswers(redisPort, child)
    }

    func stop() async {
        redis.withLock { redis in
            redis?.end()
            redis = nil
        }
        try? await postgres.stop()
    }
}
