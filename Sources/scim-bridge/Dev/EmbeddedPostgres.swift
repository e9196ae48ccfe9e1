// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres

/// A PostgreSQL cluster of its own from the installed binaries, with full durability, on loopback.
struct EmbeddedPostgres: Sendable {
    private let folder: DevFolder
    private let process: ChildProcess
    private let initialization: ChildProcess
    private let port: Int

    init(folder: DevFolder, port: Int) {
        self.folder = folder
        self.port = port
        process = ChildProcess("postgresql", in: folder)
        initialization = ChildProcess("initdb", in: folder)
    }

    /// Starts the cluster, or adopts the one a former run left behind; makes it first when it is missing.
    /// - Returns: The connection URL, without the password.
    func start() async throws -> String {
        let password = try folder.secret("database-password").value
        if process.runningID == nil || !LoopbackPort.answers(port) { try await launch(password: password) }
        try await process.waitUntilReady { try await hasDatabase(password: password) }
        return "postgresql://scim@127.0.0.1:\(port)/scim"
    }

    /// A fast shutdown: sessions end, everything committed is flushed.
    func stop() async {
        await initialization.stop()
        await process.stop(signal: SIGINT, limit: .seconds(30))
    }

    private func launch(password: String) async throws {
        await stop()
        let binaries = try Self.binaries()
        let user = try UnprivilegedUser.first(of: ["postgres", "nobody"])
        let base = try ServerFolder.make("postgresql", in: folder, for: user)
        let data = base + "/data"
        if !FileManager.default.fileExists(atPath: data) {
            try await initialize(data, base: base, binaries: binaries, user: user, password: password)
        }
        try process.start(
            [
                binaries + "/postgres", "-D", data, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c",
                "unix_socket_directories=", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB", "-c",
                "max_connections=100",
            ], user: user, in: base)
    }

    /// Made beside its place and moved there when it is whole: `initdb` writes PG_VERSION first, so half a cluster looks like one.
    private func initialize(
        _ data: String, base: String, binaries: String, user: UnprivilegedUser?, password: String
    ) async throws {
        let unfinished = data + ".new"
        if FileManager.default.fileExists(atPath: unfinished) {
            try FileManager.default.removeItem(atPath: unfinished)
        }
        // initdb takes the password from a file; this one lives as long as the call.
        let passwordFile = base + "/initial-password"
        try ServerFolder.write("\(password)\n", to: passwordFile, for: user)
        defer { unlink(passwordFile) }
        try initialization.start(
            [
                binaries + "/initdb", "-D", unfinished, "-U", "scim", "--auth=scram-sha-256",
                "--pwfile=\(passwordFile)", "--encoding=UTF8", "--locale=C.UTF-8",
            ], user: user, in: base)
        try await initialization.waitUntilDone()
        guard rename(unfinished, data) == 0 else {
            throw CommandFailure("\(data) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    /// Makes the database when it is missing.
    /// - Returns: false while the server does not take sessions yet.
    private func hasDatabase(password: String) async throws -> Bool {
        let configuration = PostgresConfiguration(
            url: "postgresql://scim@127.0.0.1:\(port)/postgres?sslmode=disable", password: password,
            applicationName: "scim-bridge dev")
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.open(
                configuration, label: "dev", logger: Logger(label: "dev") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            if error.kind == .cancelled { throw CancellationError() }
            guard error.message.contains("password authentication failed") else { return false }
            throw CommandFailure(
                "the password in \(folder.path)/secrets does not fit the data in \(folder.path)/postgresql. Begin anew with --fresh"
            )
        }
        do {
            let found = try await connection.execute(
                PostgresStatement(unnamed: "SELECT 1 FROM pg_database WHERE datname = 'scim'"))
            if found.isEmpty { try await connection.run("CREATE DATABASE scim") }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return true
    }

    /// The newest installed server version from 15 on.
    private static func binaries() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .compactMap(Int.init).filter { $0 >= 15 }.sorted(by: >)
        for version in versions {
            let folder = "\(root)/\(version)/bin"
            if FileManager.default.isExecutableFile(atPath: folder + "/postgres") { return folder }
        }
        throw CommandFailure(
            "no PostgreSQL server from version 15 on below \(root). Run `make setup`, or set DATABASE_URL")
    }
}
