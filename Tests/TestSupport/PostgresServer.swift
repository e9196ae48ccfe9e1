// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Foundation
internal import Glibc
package import Postgres

/// A throw-away PostgreSQL cluster with a unix socket and a port on 127.0.0.1, made by the installed `initdb`.
///
/// It cannot outlive this process: a shell waits for the end of a pipe that only this process holds, then stops the
/// cluster and removes its directory, however this process ended. What a machine's crash left over is removed by the
/// next start. Without `fsync`: these data are for one test run.
package final class PostgresServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Holds the data, the log and the unix socket.
    package let directory: String
    package let port: UInt16
    private let binaries: String
    private let settings: [String: String]
    private let guardian: GuardianBox

    deinit { guardian.withLock { $0?.end(keepingDirectory: false) } }

    package var url: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }
    package var socketURL: String { "postgresql:///postgres?host=\(directory)&port=\(port)&user=postgres" }
    package var configuration: PostgresConfiguration { PostgresForTests.configuration(url: url) }

    /// The postmaster.
    package var pid: Int32? { guardian.withLock { $0?.pid } }

    /// - Parameter settings: For `postgresql.conf`, such as `["max_connections": "5"]`.
    package static func start(settings: [String: String] = [:]) async throws -> PostgresServer {
        let server = try await blocking { try PostgresServer(settings: settings) }
        try await server.waitUntilReady()
        return server
    }

    private init(settings: [String: String]) throws {
        PostgresLeftovers.remove()
        self.settings = settings
        binaries = try Self.findBinaries()
        directory = PostgresLeftovers.newDirectory()
        guard mkdir(directory, 0o700) == 0 else { throw Failure(description: "cannot make \(directory)") }
        if geteuid() == 0 {
            guard let user = getpwnam("postgres")?.pointee else { throw Failure(description: "no user postgres") }
            chown(directory, user.pw_uid, user.pw_gid)
        }
        try GuardedProcess.run(
            Self.unprivileged([
                "\(binaries)/initdb", "-D", "\(directory)/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--locale=C", "--no-sync",
            ]))
        port = try Self.freePort()
        guardian = GuardianBox(try Self.guarded(binaries, directory, port, settings))
    }

    /// Waiting for child processes must not hold one of the few cooperative threads.
    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Stops the cluster, if it runs, and starts it again on the same data and port.
    package func restart() async throws {
        try await stop()
        try launch()
        try await waitUntilReady()
    }

    /// A fast shutdown: sessions are ended, transactions rolled back. The data stay.
    package func stop() async throws {
        try await Self.blocking { [self] in
            guardian.withLock { guardian in
                guardian?.end(keepingDirectory: true)
                guardian = nil
            }
        }
    }

    /// Starts a cluster that was stopped, without waiting until it answers.
    package func launch() throws {
        try guardian.withLock { guardian in
            if guardian == nil { guardian = try Self.guarded(binaries, directory, port, settings) }
        }
    }

    /// Gives the server a certificate for 127.0.0.1, in force for connections that are opened a moment later.
    ///
    /// - Returns: The file that `sslrootcert` names.
    package func enableTLS() async throws -> String {
        let words = Self.unprivileged([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
            "\(directory)/data/server.key", "-out", "\(directory)/data/server.crt",
        ])
        try await Self.blocking { try GuardedProcess.run(words) }
        let connection = try await PostgresConnection.open(
            configuration, label: "test.tls", logger: PostgresForTests.logger)
        try await connection.run("ALTER SYSTEM SET ssl = on")
        try await connection.run("SELECT pg_reload_conf()")
        await connection.close()
        return "\(directory)/data/server.crt"
    }

    /// Up to 30 s.
    package func waitUntilReady() async throws {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            do {
                let connection = try await PostgresConnection.open(
                    configuration, label: "test.ready", logger: PostgresForTests.logger)
                return await connection.close()
            } catch {
                guard ContinuousClock.now < end else {
                    let log = try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)
                    throw Failure(description: "PostgreSQL does not start: \(error)\n\(log ?? "")")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private static func guarded(
        _ binaries: String, _ directory: String, _ port: UInt16, _ settings: [String: String]
    ) throws -> GuardedProcess {
        try GuardedProcess(
            postgres(binaries, directory, port, settings), log: "\(directory)/log", directory: directory, stop: "QUIT",
            keep: "INT")
    }

    private static func postgres(
        _ binaries: String, _ directory: String, _ port: UInt16, _ settings: [String: String]
    ) -> [String] {
        var all = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": directory, "fsync": "off",
            "max_connections": "600", "log_min_messages": "log",
        ]
        all.merge(settings) { _, given in given }
        let options = all.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        return unprivileged(["\(binaries)/postgres", "-D", "\(directory)/data"] + options)
    }

    /// PostgreSQL refuses to run as root.
    private static func unprivileged(_ words: [String]) -> [String] {
        guard geteuid() == 0 else { return words }
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] + words
    }

    private static func findBinaries() throws -> String {
        let inPath = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let packaged = versions.compactMap(Int.init).sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
        let found = (packaged + inPath).first { directory in
            ["initdb", "postgres"].allSatisfy { access("\(directory)/\($0)", X_OK) == 0 }
        }
        guard let found else {
            throw Failure(description: "no initdb and postgres: install PostgreSQL or set TEST_DATABASE_URL")
        }
        return found
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
        }
        guard isBound else { throw Failure(description: "no free port on 127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// `@unchecked Sendable`: the lock guards it.
private final class GuardianBox: @unchecked Sendable {
    private let lock = NSLock()
    private var guardian: GuardedProcess?

    init(_ guardian: GuardedProcess) { self.guardian = guardian }

    func withLock<Result>(_ body: (inout GuardedProcess?) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&guardian) }
    }
}

/// Directories of clusters, named after the process that owns them.
enum PostgresLeftovers {
    private static let prefix = "scim-bridge-postgres-"

    static func newDirectory() -> String {
        let random = String(UInt32.random(in: .min ... .max), radix: 36)
        return "/tmp/\(prefix)\(getpid())-\(startTime(of: getpid()) ?? 0)-\(random)"
    }

    /// Stops and removes the clusters of processes that no longer run.
    static func remove() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        for name in names where name.hasPrefix(prefix) {
            let owner = name.dropFirst(prefix.count).split(separator: "-").prefix(2).compactMap { Int($0) }
            guard owner.count == 2, startTime(of: pid_t(owner[0])) != owner[1] else { continue }
            let directory = "/tmp/\(name)"
            endPostmaster(in: directory)
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    private static func endPostmaster(in directory: String) {
        guard let text = try? String(contentsOfFile: "\(directory)/data/postmaster.pid", encoding: .utf8),
            let pid = text.split(separator: "\n").first.flatMap({ pid_t($0) }),
            let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8),
            command.contains(directory)
        else { return }
        // It may stand still.
        kill(pid, SIGQUIT)
        kill(pid, SIGCONT)
        for _ in 0..<100 where kill(pid, 0) == 0 { usleep(20_000) }
        kill(pid, SIGKILL)
    }

    /// In clock ticks since the machine started; nil when there is no such process.
    private static func startTime(of pid: pid_t) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? Int(fields[19]) : nil
    }
}
