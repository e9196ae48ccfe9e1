// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A PostgreSQL cluster of its own from the installed binaries, with full durability, on a Unix socket and on loopback.
struct EmbeddedPostgres: Sendable {
    private let folder: DevFolder
    private let process: ChildProcess
    private let port: Int

    init(folder: DevFolder, port: Int) {
        self.folder = folder
        self.port = port
        process = ChildProcess("postgresql", in: folder)
    }

    /// Starts the cluster, or adopts the one a former run left behind; makes it first when it is missing.
    /// - Returns: The connection URL, without the password.
    func start() async throws -> String {
        let binaries = try Self.binaries()
        let user = try UnprivilegedUser.first(of: ["postgres", "nobody"])
        let base = try ServerFolder.make("postgresql", in: folder, for: user)
        let data = base + "/data"
        let url = "postgresql://scim@127.0.0.1:\(port)/scim"
        if process.runningID != nil, LoopbackPort.answers(port) { return url }
        await process.stop(signal: SIGINT)
        let password = try folder.secret("database-password").value
        if !FileManager.default.fileExists(atPath: data + "/PG_VERSION") {
            try initialize(data, base: base, binaries: binaries, user: user, password: password)
        }
        try process.start(
            [
                binaries + "/postgres", "-D", data, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c",
                "unix_socket_directories=", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB", "-c",
                "max_connections=100",
            ], user: user)
        try await process.waitUntilReady { Self.isReady(binaries: binaries, port: port) }
        try createDatabase(binaries: binaries, password: password)
        return url
    }

    /// A fast shutdown: sessions end, everything committed is flushed.
    func stop() async { await process.stop(signal: SIGINT, limit: .seconds(30)) }

    private func initialize(
        _ data: String, base: String, binaries: String, user: UnprivilegedUser?, password: String
    ) throws {
        // initdb takes the password from a file; this one lives as long as the call.
        let passwordFile = base + "/initial-password"
        guard
            FileManager.default.createFile(
                atPath: passwordFile, contents: Data("\(password)\n".utf8), attributes: [.posixPermissions: 0o600])
        else { throw CommandFailure("\(passwordFile) cannot be written") }
        defer { try? FileManager.default.removeItem(atPath: passwordFile) }
        try user?.own(passwordFile)
        let command = [
            binaries + "/initdb", "-D", data, "-U", "scim", "--auth=scram-sha-256", "--pwfile=\(passwordFile)",
            "--encoding=UTF8", "--locale=C.UTF-8",
        ]
        try Tool.run(user?.wrap(command) ?? command, in: base)
    }

    private func createDatabase(binaries: String, password: String) throws {
        let exists = try Tool.run(
            [
                binaries + "/psql", "-h", "127.0.0.1", "-p", "\(port)", "-U", "scim", "-d", "postgres", "-Atc",
                "SELECT 1 FROM pg_database WHERE datname = 'scim'",
            ], environment: ["PGPASSWORD": password])
        if exists.trimmingCharacters(in: .whitespacesAndNewlines) != "1" {
            try Tool.run(
                [binaries + "/createdb", "-h", "127.0.0.1", "-p", "\(port)", "-U", "scim", "scim"],
                environment: ["PGPASSWORD": password])
        }
    }

    private static func isReady(binaries: String, port: Int) -> Bool {
        (try? Tool.run([binaries + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"])) != nil
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
