// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Postgres

/// Databases beside that of the bridge in the same PostgreSQL, each with a queue name of its own: a queue belongs to one database, because whoever
/// leads there fills and sweeps one queue. They exist while the bench runs.
struct BenchDatabases: Sendable {
    struct Place: Sendable {
        let configuration: PostgresConfiguration
        /// Of the processes that serve it, over those of the environment.
        let settings: [String: String]
    }

    private static let prefix = "scim_bench_queue_"

    /// The first is the bridge's own.
    let places: [Place]
    private let names: [String]
    private let connection: PostgresConnection

    /// - Parameters:
    ///   - count: How many in all.
    ///   - bridge: The program, which migrates them.
    static func create(
        _ count: Int, beside server: DatabaseServer, _ connection: PostgresConnection, bridge: String
    ) async throws -> BenchDatabases {
        var places = [Place(configuration: server.configuration, settings: [:])]
        var names: [String] = []
        do {
            for number in stride(from: 2, through: count, by: 1) {
                let name = "\(prefix)\(number)"
                // What a killed bench left.
                try await connection.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
                try await connection.run("CREATE DATABASE \(name)")
                names.append(name)
                var configuration = server.configuration
                configuration.url = try url(server.configuration.url, database: name)
                let settings = ["DATABASE_URL": configuration.url, "QUEUE_NAME": "bench-\(number)"]
                let outcome = try await Program(path: bridge).run(["migrate"], environment: settings)
                guard outcome.status == 0 else {
                    throw BenchFailure("migrate of \(name) ended with \(outcome.status): \(outcome.errors.prefix(300))")
                }
                places.append(Place(configuration: configuration, settings: settings))
            }
        } catch {
            for name in names { try? await connection.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
            throw error
        }
        return BenchDatabases(places: places, names: names, connection: connection)
    }

    /// Also when the bench was interrupted: cancelling the calling task does not stop it.
    func remove() async throws {
        try await Task {
            for name in names { try await connection.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
        }.value
    }

    static func url(_ text: String, database: String) throws -> String {
        guard var parts = URLComponents(string: text), parts.host != nil else {
            throw BenchFailure("--database-url must be a URL, such as postgresql://scim@127.0.0.1/scim")
        }
        parts.path = "/\(database)"
        return parts.string ?? text
    }
}
