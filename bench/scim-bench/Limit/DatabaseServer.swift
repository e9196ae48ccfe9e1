// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Logging
internal import Postgres

/// The PostgreSQL that the target and the limit share.
struct DatabaseServer: Sendable {
    let configuration: PostgresConfiguration
    /// `15.18 (Debian 15.18-0+deb12u1)`
    let version: String
    let durability: Durability
    /// Of the postmaster, when it runs on this machine and may be looked at.
    let postmaster: Int32?
    /// Of the data directory, such as `ext4`; nil when it cannot be told.
    let fileSystem: String?

    /// - Throws: ``BenchFailure`` when it is on another machine and that was not allowed, or when it is not durable.
    static func inspect(_ configuration: PostgresConfiguration, allowingRemote: Bool) async throws -> DatabaseServer {
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.open(
                configuration, label: "bench.inspect", logger: Logger(label: "scim-bench"))
        } catch {
            throw BenchFailure("the database cannot be reached: \(error.message)")
        }
        do {
            let server = try await inspect(configuration, on: connection, allowingRemote: allowingRemote)
            await connection.close()
            return server
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func inspect(
        _ configuration: PostgresConfiguration, on connection: PostgresConnection, allowingRemote: Bool
    ) async throws -> DatabaseServer {
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT current_setting('server_version'), host(inet_server_addr()), pg_backend_pid(),
                        CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') THEN current_setting('data_directory') END
                    """))
        guard let row = rows.first else { throw BenchFailure("the database did not say what it is") }
        let address = try row.optionalString(1)
        let isLocal = address.map { Target.isLoopback($0) } ?? true
        guard allowingRemote || isLocal else {
            throw BenchFailure(
                "the database is at \(address ?? "?"), not on this machine. Add --allow-remote if it may be used")
        }
        let durability = try await Durability.read(on: connection)
        if let problem = durability.problem { throw BenchFailure(problem) }
        let fileSystem = isLocal ? try row.optionalString(3).flatMap { MountTable.current?.fileSystem(of: $0) } : nil
        if let fileSystem, ["tmpfs", "ramfs"].contains(fileSystem) {
            throw BenchFailure("the database lies on \(fileSystem), where a flush does nothing. Put it on a disk")
        }
        let backend = Int32(truncatingIfNeeded: try row.int(2))
        return DatabaseServer(
            configuration: configuration, version: try row.string(0), durability: durability,
            postmaster: isLocal ? ProcessTimes.postmaster(of: backend) : nil, fileSystem: fileSystem)
    }
}
