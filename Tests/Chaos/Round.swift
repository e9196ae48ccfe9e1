// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import JSON
internal import NIOCore
internal import NIOHTTP1
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
    let proxies: [String: FaultProxy]
    let processes: [BridgeProcess]
    let tokens: [String: [String]]

    init(_ plan: Plan, servers: Servers) async throws {
        self.plan = plan
        self.servers = servers
        database = "chaos_\(plan.seed)"
        queueName = "chaos-\(plan.seed)"
        folder = "\(servers.folder)/\(plan.seed)"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await servers.dropDatabase(database)
        try await servers.makeDatabase(database)
        tokens = try servers.makeTokens()

        udmPort = try Port.free()
        provisioningPort = try Port.free()
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
        var proxies: [String: FaultProxy] = [:]
        for (name, port) in [
            ("postgresql", Int(servers.postgres.port)), ("redis", servers.redisPort), ("udm", udmPort),
            ("provisioning", provisioningPort),
        ] {
            proxies[name] = try await FaultProxy(to: port)
        }
        self.proxies = proxies
        let settings = Self.settings(plan, servers, database, queueName, proxies.mapValues(\.port))
        processes = try plan.processes.map { [folder] name, roles in
            try BridgeProcess(
                name: name, roles: roles, program: servers.bridge, settings: settings, folder: folder)
        }
        try await Port.waitUntilAnswers(udmPort, udm)
        try await Port.waitUntilAnswers(provisioningPort, provisioning)
    }

    private static func settings(
        _ plan: Plan, _ servers: Servers, _ database: String, _ queue: String, _ ports: [String: Int]
    ) -> [String: String] {
        func port(_ name: String) -> Int { ports[name] ?? 0 }
        return [
            "DATABASE_URL": servers.databaseURL(database, port: port("postgresql")),
            "REDIS_URL": "redis://127.0.0.1:\(port("redis"))", "QUEUE_NAME": queue, "REDIS_TIMEOUT": "400ms",
            "UDM_URL": "http://127.0.0.1:\(port("udm"))/univention/udm/", "UDM_USERNAME": "svc-scim",
            "UDM_PASSWORD_FILE": "\(servers.folder)/udm-password", "UDM_TIMEOUT": "1500ms",
            // The double's late answers come after 2.5 s.
            "UDM_REQUEST_LIMIT": "3s",
            "UDM_CONCURRENCY_MAX": "\(plan.slots)", "LEASE_SECONDS": "2", "SCIM_CHAOS_TIMES": "true",
            "PROVISIONING_URL": "http://127.0.0.1:\(port("provisioning"))", "PROVISIONING_USERNAME": "udm",
            "PROVISIONING_PASSWORD_FILE": "\(servers.folder)/provisioning-password",
            "PUBLIC_URL": "http://127.0.0.1/scim/v2", "STATIC_TOKENS_FILE": "\(servers.folder)/tokens",
            "PASSWORD_KEY_FILE": "\(servers.folder)/password-key", "LOG_LEVEL": "info", "LOG_FORMAT": "text",
            // A crash's backtrace costs seconds.
            "SWIFT_BACKTRACE": "enable=no",
        ]
    }

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
        guard !keepingEvidence else { return }
        try? await servers.dropDatabase(database)
        try? FileManager.default.removeItem(atPath: folder)
    }
}
