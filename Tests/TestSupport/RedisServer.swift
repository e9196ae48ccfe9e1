// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Glibc

/// A private throw-away Redis on a free loopback port, without persistence. It ends with this process at the latest.
package final class RedisServer: Sendable {
    /// PEM files of a test authority and of what it signed; see ``RedisCertificates``.
    package struct TLS: Sendable {
        package var authorityFile: String
        package var certificateFile: String
        package var keyFile: String
        /// The server asks for a client certificate.
        package var asksForCertificate: Bool

        package init(
            authorityFile: String, certificateFile: String, keyFile: String, asksForCertificate: Bool = false
        ) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.asksForCertificate = asksForCertificate
        }
    }

    package let port: Int
    private let tls: TLS?
    private let options: [String]
    private let process: Locked<Running?>

    private struct Running {
        let process: GuardedProcess
        let logFile: String
    }

    private init(port: Int, tls: TLS?, options: [String]) throws {
        self.port = port
        self.tls = tls
        self.options = options
        process = Locked(try Self.launch(port: port, tls: tls, options: options))
    }

    /// Starts a server and waits until it listens.
    ///
    /// - Parameters:
    ///   - port: A port that was used before; a free one when `nil`.
    ///   - options: More of redis-server's command line, such as `["--requirepass", "secret"]`.
    package static func start(
        port: Int? = nil, tls: TLS? = nil, options: [String] = []
    ) async throws -> RedisServer {
        // Another process may take the free port before the server does, so a few are tried.
        for _ in 0..<5 {
            let server = try RedisServer(
                port: try port ?? LoopbackPort.free(in: 20_000..<50_000), tls: tls, options: options)
            do {
                try await server.waitUntilListening()
                return server
            } catch is PortTaken {
                server.stop()
            } catch {
                server.stop()
                throw error
            }
        }
        throw PortTaken()
    }

    private struct PortTaken: Error {}

    /// Its address for a client: `redis://127.0.0.1:…`, or with TLS by name.
    package var url: String { tls == nil ? "redis://127.0.0.1:\(port)" : "rediss://localhost:\(port)" }

    /// Starts the server again, empty, on the same port.
    package func restart() async throws {
        stop()
        let next = try Self.launch(port: port, tls: tls, options: options)
        process.withLock { $0 = next }
        try await waitUntilListening()
    }

    /// Kills the server.
    package func stop() {
        let old = process.withLock { process in
            defer { process = nil }
            return process
        }
        old?.process.end()
    }

    /// Stops it in the middle of everything: connections stay open, nothing answers.
    package func suspend() { process.withLock { $0?.process.signal(SIGSTOP) } }

    package func resume() { process.withLock { $0?.process.signal(SIGCONT) } }

    private static func launch(port: Int, tls: TLS?, options: [String]) throws -> Running {
        guard let template = strdup("/tmp/scim-redis-XXXXXX") else {
            throw GuardedProcess.Failure(description: "no memory")
        }
        defer { free(template) }
        guard mkdtemp(template) != nil else { throw GuardedProcess.Failure(description: "no directory: \(errno)") }
        let directory = String(cString: template)
        var words = ["redis-server"]
        if let tls {
            words += [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", tls.certificateFile, "--tls-key-file",
                tls.keyFile, "--tls-ca-cert-file", tls.authorityFile, "--tls-auth-clients",
                tls.asksForCertificate ? "yes" : "no",
            ]
        } else {
            words += ["--port", "\(port)"]
        }
        let logFile = "\(directory)/redis.log"
        words += ["--bind", "127.0.0.1", "--dir", directory, "--logfile", logFile, "--save", ""]
        words += ["--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no"]
        return Running(process: try GuardedProcess(words + options, directory: directory), logFile: logFile)
    }

    /// Reads the server's own log: that something listens on the port could be somebody else.
    private func waitUntilListening() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit, let logFile = process.withLock({ $0?.logFile }) {
            let log = Self.text(of: logFile)
            if log.contains("Ready to accept connections") { return }
            if log.contains("Failed listening") || log.contains("Address already in use") { throw PortTaken() }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw GuardedProcess.Failure(description: "redis-server does not listen on port \(port)")
    }

    /// Empty while there is no file.
    private static func text(of file: String) -> String {
        guard let stream = fopen(file, "r") else { return "" }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
