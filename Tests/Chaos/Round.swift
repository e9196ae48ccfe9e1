// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import JSON
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Postgres
internal import Redis
internal import TestSupport

/// One seed: a database, a queue and doubles of its own, the bridge's processes behind proxies, a storm, the calm after it, the check.
final class Round: Sendable {
    let plan: Plan
    let servers: Servers
    let database: String
    let queueName: String
    let folder: String
    let udm: Child
    let provisioning: Child
    let udmPort: Int
    let provisioningPort: Int
    /// By what is behind them.
    let proxies: [String: FaultProxy]
    let webhook: WebhookReceiver
    let timeline = Timeline()
    let refusals: Refusals
    let processes: [BridgeProcess]
    let tokens: [String: [String]]

    init(_ plan: Plan, servers: Servers) async throws {
        self.plan = plan
        self.servers = servers
        refusals = Refusals(seed: plan.seed)
        database = "chaos_\(plan.seed)"
        queueName = "chaos-\(plan.seed)"
        folder = "\(servers.folder)/\(plan.seed)"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await servers.dropDatabase(database)
        try await servers.makeDatabase(database)
        try await servers.renewRedis(keepsEvents: plan.sinks.contains(Plan.stream))
        tokens = try await servers.makeTokens()

        udmPort = try LoopbackPort.free()
        provisioningPort = try LoopbackPort.free()
        udm = try Child(
            "udm",
            [
                servers.bridge, "double", "udm", "--port", "\(udmPort)", "--journal", "\(folder)/udm", "--latency",
                "\(plan.latencyMilliseconds)ms",
            ], log: "\(folder)/udm.log")
        provisioning = try Child(
            "provisioning",
            [
                servers.bridge, "double", "provisioning", "--port", "\(provisioningPort)", "--journal",
                "\(folder)/provisioning",
            ], log: "\(folder)/provisioning.log")
        webhook = try await WebhookReceiver(secret: Servers.webhookSecret)
        var proxies: [String: FaultProxy] = [:]
        for (name, port) in [
            ("postgresql", Int(servers.postgres.port)), ("redis", servers.redisPort), ("udm", udmPort),
            (Plan.provisioning, provisioningPort), (Plan.webhook, webhook.port),
        ] where plan.sinks.contains(name) || ![Plan.provisioning, Plan.webhook].contains(name) {
            proxies[name] = try await FaultProxy(to: port)
        }
        self.proxies = proxies
        let settings = Self.settings(plan, servers, database, queueName, proxies.mapValues(\.port))
        processes = try plan.processes.map { [folder] name, roles in
            try BridgeProcess(
                name: name, roles: roles, program: servers.bridge, settings: settings, folder: folder)
        }
        try await LoopbackPort.waitUntilAnswers(udmPort, udm)
        try await LoopbackPort.waitUntilAnswers(provisioningPort, provisioning)
        _ = try await control(.PATCH, udm: "settings", refusals.settings)
        try await takeNames()
    }

    /// Somebody else's groups, whose names no user and no group of ours can have.
    private func takeNames() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Refusals.names {
                if number >= 8 { try await group.next() }
                group.addTask { try await self.takeName(self.refusals.takenName(number)) }
            }
            try await group.waitForAll()
        }
    }

    private func takeName(_ name: String) async throws {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(udmPort)/univention/udm/groups/group/")
        request.method = .POST
        let account = Data("svc-scim:univention".utf8).base64EncodedString()
        request.headers.add(name: "Authorization", value: "Basic \(account)")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        let body: JSONValue = ["properties": ["name": .string(name)]]
        request.body = .bytes(ByteBuffer(bytes: body.serialize()))
        for _ in 0..<4 {
            // Refused is a name that an earlier try has taken.
            let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(8))
            if let response, [.created, .unprocessableEntity].contains(response.status) { return }
        }
        throw ChaosFailure("\(name) is not taken in UDM")
    }

    /// A connection for one use.
    func withDatabase<Value: Sendable>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await servers.connect(database)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    private func start(_ client: RedisClient) async throws {
        let end = ContinuousClock.now + .seconds(15)
        do throws(RedisError) {
            try await client.start()
        } catch {
            // It reads its log first; the client goes on trying.
            while !client.isConnected {
                guard error.canRetry, ContinuousClock.now < end else { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    static let leaseSeconds = 2

    /// A client for one use.
    /// - Parameter port: Of another Redis than that of the bridge.
    func withRedis<Value: Sendable>(
        port: Int? = nil, _ body: (RedisClient) async throws -> Value
    ) async throws -> Value {
        let configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(port ?? servers.redisPort)")
        let client = RedisClient(
            configuration: configuration, logger: Logger(label: "chaos") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await start(client)
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    private static func settings(
        _ plan: Plan, _ servers: Servers, _ database: String, _ queue: String, _ ports: [String: Int]
    ) -> [String: String] {
        func port(_ name: String) -> Int { ports[name] ?? 0 }
        var settings = [
            "DATABASE_URL": servers.databaseURL(database, port: port("postgresql")),
            "REDIS_URL": "redis://127.0.0.1:\(port("redis"))", "QUEUE_NAME": queue, "REDIS_TIMEOUT": "400ms",
            "UDM_URL": "http://127.0.0.1:\(port("udm"))/univention/udm/", "UDM_USERNAME": "svc-scim",
            "UDM_PASSWORD_FILE": "\(servers.folder)/udm-password", "UDM_TIMEOUT": "1500ms",
            // The double's late answers come after 2.5 s.
            "UDM_REQUEST_LIMIT": "3s",
            "UDM_CONCURRENCY_MAX": "\(plan.slots)", "OUTCOME_BATCH": "\(plan.outcomeBatch)",
            "CLIENT_INTERACTIVE_RATE": "\(plan.interactiveRate)",
            "MEMBERS_BY_USER_FROM": "\(plan.membersByUserFrom)",
            "EVENTS_EMIT_ON": plan.emitsOnAcceptance ? "accepted" : "completed",
            "ON_PERMANENT_REFUSAL": plan.revertsRefusals ? "revert" : "keep",
            "EVENTS_SINKS": plan.sinks.joined(separator: ","), "LEASE_SECONDS": "\(leaseSeconds)",
            "SCIM_CHAOS_TIMES": "true",
            "PROVISIONING_URL": "http://127.0.0.1:\(port("provisioning"))", "PROVISIONING_USERNAME": "udm",
            "PROVISIONING_PASSWORD_FILE": "\(servers.folder)/provisioning-password",
            "PUBLIC_URL": "http://127.0.0.1/scim/v2", "STATIC_TOKENS_FILE": "\(servers.folder)/tokens",
            "PASSWORD_KEY_FILE": "\(servers.folder)/password-key", "LOG_LEVEL": "info", "LOG_FORMAT": "text",
            // A crash's backtrace costs seconds.
            "SWIFT_BACKTRACE": "enable=no",
        ]
        if plan.sinks.contains(Plan.webhook) {
            settings["WEBHOOK_URL"] = "http://127.0.0.1:\(port(Plan.webhook))/events"
            settings["WEBHOOK_SECRET_FILE"] = "\(servers.folder)/webhook-secret"
        }
        if plan.sinks.contains(Plan.stream) { settings["EVENTS_STREAM_NAME"] = stream }
        return settings
    }

    /// The key of the stream of events.
    static let stream = "chaos-events"

    // MARK: The doubles' switches

    func control(_ method: HTTPMethod, udm path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        try await Self.call(method, "http://127.0.0.1:\(udmPort)/-/double/\(path)", body)
    }

    func control(_ method: HTTPMethod, provisioning path: String) async throws -> JSONValue {
        try await Self.call(method, "http://127.0.0.1:\(provisioningPort)/-/double/\(path)", nil)
    }

    private static func call(_ method: HTTPMethod, _ url: String, _ body: JSONValue?) async throws -> JSONValue {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(bytes: body.serialize())) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let content = try await response.body.collect(upTo: 1 << 28)
        let limits = JSONLimits(maximumBytes: 1 << 28)
        let value = try JSONValue(parsing: Array(content.readableBytesView), limits: limits)
        guard (200..<300).contains(response.status.code) else {
            throw ChaosFailure("\(method) \(url): \(response.status.code) \(value.text)")
        }
        return value
    }

    // MARK: The end

    func stop(keepingEvidence: Bool) async {
        for process in processes { process.kill() }
        udm.end()
        provisioning.end()
        for proxy in proxies.values { await proxy.close() }
        await webhook.close()
        guard !keepingEvidence else { return }
        try? await servers.dropDatabase(database)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
