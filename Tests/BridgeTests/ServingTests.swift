// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Operations
import Postgres
import Redis
import ServiceLifecycle
import Storage
import Sync
import TestSupport
import Testing
import UDM

@testable import scim_bridge

/// The services of a real process with the role `api`, on a real PostgreSQL and Redis.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ServingTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func configuration(
        _ database: PostgresConfiguration, folder: String, isMigrated: Bool = true
    ) async throws -> (BridgeConfiguration, token: String) {
        if isMigrated {
            _ = try await Migrator(
                configuration: database, folder: packageFolder + "/schema", logger: Self.logger
            ).migrate()
        }
        let settings = Settings(folder: folder)
        let token = try TokenFile(path: folder + "/tokens").create(
            client: "test", tenant: "default", scopes: ["scim.read", "scim.write"], lifetime: nil)
        var configuration = try settings.read(
            changing: [
                "REDIS_URL": try await RedisForTests.url(), "REDIS_PASSWORD_FILE": "", "HTTP_ADDRESS": "127.0.0.1:0",
                "OPS_ADDRESS": "127.0.0.1:0", "ALLOW_PLAINTEXT": "true",
            ], roles: [.api])
        configuration.database = database
        configuration.sync.drainTime = .milliseconds(300)
        return (configuration, token)
    }

    @Test("A client that stalls in the middle of its body does not hold up the stop")
    func stalledClient() async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                let (configuration, token) = try await configuration(database, folder: folder)
                // Without a deadline its end never comes.
                let client = try await serving(configuration) { port in
                    try await StalledClient(
                        port: port, head: "PUT /scim/v2/Users/\(UUID().uuidString.lowercased())", token: token)
                }
                withExtendedLifetime(client) {}
            }
        }
    }

    /// Runs the services for the time of `body`, then stops them as SIGTERM does and waits for their end.
    private func serving<Value: Sendable>(
        _ configuration: BridgeConfiguration, _ body: (_ port: Int) async throws -> Value
    ) async throws -> Value {
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let services = try await BridgeServices(
            configuration, registry: PrometheusRegistry(), logger: Self.logger
        ) { running.yield($0) }
        let group = services.group(signals: [], logger: Self.logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let value: Value
            do {
                value = try await body(try #require(await iterator.next()))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    @Test("Probes and scrapes of a process; a scrape asks neither PostgreSQL nor Redis, however often it comes")
    func operations() async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                let (configuration, _) = try await configuration(database, folder: folder)
                let (ports, running) = AsyncStream.makeStream(of: Int.self)
                let (starts, started) = AsyncStream.makeStream(of: Int.self)
                let services = try await BridgeServices(
                    configuration, registry: PrometheusRegistry(), logger: Self.logger,
                    onAPIRunning: { started.yield($0) }, onOperationsRunning: { running.yield($0) })
                let group = services.group(signals: [], logger: Self.logger)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await group.run() }
                    var iterator = ports.makeAsyncIterator()
                    let port = try #require(await iterator.next())
                    var starting = starts.makeAsyncIterator()
                    _ = await starting.next()
                    let url = "http://127.0.0.1:\(port)"
                    let health = await Health.ask(url + "/health/ready", timeout: .seconds(20))
                    #expect(health == Health(isGood: true, text: "ok"))
                    #expect(await Health.ask(url + "/health/startup", timeout: .seconds(20)).isGood)

                    let client = HTTPClient()
                    do {
                        func asked() -> (Int, UInt64) {
                            // The watch of the load and the upkeep are the only ones that read without being asked.
                            let pipelines = services.database.statistics.pipelines.filter {
                                $0.name.hasPrefix("writer")
                            }
                            let pools = services.database.statistics.pools.filter { $0.name != "upkeep" }
                            let connections = pools.reduce(0) { $0 + $1.statistics.size }
                            return (
                                pipelines.reduce(connections) { $0 + $1.statistics.commands },
                                services.redis.statistics.replies
                            )
                        }
                        let before = asked()
                        var text = ""
                        for _ in 0..<5 {
                            let answer = try await client.execute(
                                HTTPClientRequest(url: url + "/metrics"), timeout: .seconds(20))
                            text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
                        }
                        #expect(asked() == before)
                        for line in [
                            "scim_redis_connected 1", "scim_redis_connects_total 1",
                            "scim_postgres_pool_limit{pool=\"lists\"} 4",
                            "scim_postgres_pipeline_connected{pipeline=\"reader.1\"}", "scim_queue_enqueued_total 0",
                            "scim_redis_errors_total{kind=\"timeout\"} 0",
                            "# TYPE scim_redis_command_duration_seconds histogram",
                        ] {
                            #expect(text.contains("\n\(line)"))
                        }
                    } catch {
                        try await client.shutdown()
                        await group.triggerGracefulShutdown()
                        throw error
                    }
                    try await client.shutdown()
                    await group.triggerGracefulShutdown()
                    try await tasks.waitForAll()
                }
            }
        }
    }

    @Test("HTTPS from TLS 1.2 on with the certificate of the settings; older versions and plain HTTP are refused")
    func tls() async throws {
        let certificates = try RedisCertificates()
        defer { certificates.remove() }
        let pair = try certificates.sign("scim", names: "IP:127.0.0.1")
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                var (configuration, token) = try await configuration(database, folder: folder)
                configuration.api?.tlsCertificateFile = pair.certificateFile
                configuration.api?.tlsKeyFile = pair.keyFile
                let authority = certificates.authorityFile
                try await serving(configuration) { [token] port in
                    for version in [TLSVersion.tlsv12, .tlsv13] {
                        let status = try await Self.get(port, token, version, authority: authority)
                        #expect(status == 200, "\(version)")
                    }
                    for version in [TLSVersion.tlsv1, .tlsv11] {
                        let error = await #expect(throws: (any Error).self) {
                            try await Self.get(port, token, version, authority: authority)
                        }
                        // Said by the server; a client that cannot speak this version would prove nothing.
                        #expect("\(error.map { "\($0)" } ?? "")".contains("ALERT_PROTOCOL_VERSION"), "\(version)")
                    }
                    await #expect(throws: (any Error).self) {
                        try await Self.get(port, token, .tlsv13, authority: nil)
                    }
                    await #expect(throws: (any Error).self) {
                        try await Self.get(port, token, nil, authority: nil)
                    }
                }
            }
        }
    }

    /// - Parameters:
    ///   - version: The only one that the client speaks; nil: plain HTTP.
    ///   - authority: Whose certificates it trusts; nil: those of this machine.
    private static func get(
        _ port: Int, _ token: String, _ version: TLSVersion?, authority: String?
    ) async throws -> Int {
        var configuration = HTTPClient.Configuration()
        // The first error is the one that counts.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let version {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = version
            tls.maximumTLSVersion = version
            if let authority { tls.trustRoots = .file(authority) }
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(configuration: configuration)
        let answer: Result<Int, any Error>
        do {
            var request = HTTPClientRequest(
                url: "\(version == nil ? "http" : "https")://127.0.0.1:\(port)/scim/v2/ServiceProviderConfig")
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
            answer = .success(Int(try await client.execute(request, timeout: .seconds(30)).status.code))
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }

    @Test("Files that cannot be used end the start as a problem of the configuration")
    func unusableFiles() async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                var (configuration, _) = try await configuration(database, folder: folder)
                configuration.roles.insert(.worker)
                configuration.udm = try Settings(folder: folder).read(roles: [.worker]).udm
                let broken = Settings(folder: folder).file("broken", "no PEM")
                func start(_ configuration: BridgeConfiguration) async throws {
                    _ = try await BridgeServices(configuration, registry: PrometheusRegistry(), logger: Self.logger)
                }
                for change: (inout BridgeConfiguration) -> Void in [
                    {
                        $0.api?.tlsCertificateFile = broken
                        $0.api?.tlsKeyFile = broken
                    },
                    { $0.udm?.trustRootsFile = broken }, { $0.passwordKeyFile = broken }, { $0.schemaFolder = folder },
                ] {
                    var changing = configuration
                    change(&changing)
                    let changed = changing
                    await #expect(throws: ConfigurationProblems.self) { try await start(changed) }
                }
            }
        }
    }

    @Test("A process does not serve a database that was not migrated")
    func notMigrated() async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                let (configuration, _) = try await configuration(database, folder: folder, isMigrated: false)
                let failure = await #expect(throws: CommandFailure.self) {
                    _ = try await BridgeServices(configuration, registry: PrometheusRegistry(), logger: Self.logger)
                }
                #expect(failure?.status == ExitStatus.configuration)
                #expect(failure?.message.contains("scim-bridge migrate") == true)
            }
        }
    }
}

/// Sends the head of a request and half a body, then nothing.
private final class StalledClient: Sendable {
    private let descriptor: Int32

    init(port: Int, head: String, token: String) async throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        // In one segment with a request whose answer is waited for: when that has come, the server has begun the stalled one, too.
        let request = """
            GET /scim/v2/ServiceProviderConfig HTTP/1.1\r
            Host: x\r
            Authorization: Bearer \(token)\r
            \r
            \(head) HTTP/1.1\r
            Host: x\r
            Authorization: Bearer \(token)\r
            Content-Type: application/scim+json\r
            Content-Length: 1000\r
            \r
            {"schemas":
            """
        let bytes = Array(request.utf8)
        try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        var answer = [UInt8](repeating: 0, count: 12)
        let end = ContinuousClock.now + .seconds(60)
        while recv(descriptor, &answer, answer.count, Int32(MSG_PEEK | MSG_DONTWAIT)) < answer.count {
            try #require(ContinuousClock.now < end, "no answer in 60 s")
            try await Task.sleep(for: .milliseconds(10))
        }
        try #require(String(decoding: answer, as: UTF8.self) == "HTTP/1.1 200")
    }

    deinit { close(descriptor) }
}
