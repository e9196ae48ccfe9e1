// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import JSON
package import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// The operators' port: health, always open, and metrics, open unless a token is set.
package struct OperationsServer: Service {
    /// A scrape and a probe take less; what takes longer has a client that hangs.
    private static let drainLimit = Duration.seconds(2)

    private let server: DrainingServer

    /// - Parameters:
    ///   - address: Host and port; loopback unless configured (DESIGN section 10).
    ///   - token: Bearer token that `/metrics` asks for; nil leaves it open.
    ///   - checks: What readiness depends on in the roles of this process.
    ///   - identity: Who answers, part of every answer about health.
    ///   - figures: Called at every scrape, to set what is kept outside of the registry. They read memory only: no table, no server.
    package init(
        host: String, port: Int, token: String?, registry: PrometheusRegistry, checks: [HealthCheck],
        startup: StartupState, identity: ProcessIdentity = ProcessIdentity(),
        figures: [@Sendable (PrometheusRegistry) -> Void] = [], logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let router = Router()
        router.get("health/live") { _, _ in Self.answer(.ok, "ok", identity) }
        router.get("health/startup") { _, _ in
            startup.isComplete
                ? Self.answer(.ok, "ok", identity) : Self.answer(.serviceUnavailable, "starting", identity)
        }
        router.get("health/ready") { _, _ in
            guard startup.isComplete else { return Self.answer(.serviceUnavailable, "starting", identity) }
            // Work under way is finished, but nobody should send more.
            guard !startup.isStopping else { return Self.answer(.serviceUnavailable, "stopping", identity) }
            let report = await HealthReport.run(checks)
            return Self.answer(
                report.isReady ? .ok : .serviceUnavailable, report.status, identity, checks: report.details)
        }
        router.get("metrics") { request, _ in
            guard Self.isAllowed(request, token: token) else {
                var answer = Self.answer(.unauthorized, ["detail": "A bearer token is needed."])
                answer.headers[.wwwAuthenticate] = "Bearer"
                return answer
            }
            ProcessFigures.record(in: registry)
            for figure in figures { figure(registry) }
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: registry.exposition())))
        }
        let connections = OpenConnections()
        var http = HTTP1Channel.Configuration(
            idleTimeout: .seconds(75),
            httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
        http.additionalChannelHandlers = { [connections.handler()] }
        let application = Application(
            router: router, server: .http1(configuration: http),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
        server = DrainingServer(
            "operations", application, connections: connections, limit: Self.drainLimit, logger: logger)
    }

    package func run() async throws {
        try await server.run()
    }

    private static func isAllowed(_ request: Request, token: String?) -> Bool {
        guard let token else { return true }
        guard let given = request.headers[.authorization], given.lowercased().hasPrefix("bearer ") else { return false }
        // Compared over the whole length, so that the time says nothing about where they differ.
        let left = Array(given.dropFirst(7).utf8)
        let right = Array(token.utf8)
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func answer(
        _ status: HTTPResponse.Status, _ word: String, _ identity: ProcessIdentity, checks: JSONObject? = nil
    ) -> Response {
        var body: JSONObject = ["status": .string(word)]
        identity.describe(in: &body)
        if let checks { body["checks"] = .object(checks) }
        return answer(status, body)
    }

    private static func answer(_ status: HTTPResponse.Status, _ body: JSONObject) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONValue.object(body).serialize())))
    }
}

/// What a process says of itself beside its health.
package struct ProcessIdentity: Sendable {
    private let version: String
    private let roles: [String]
    private let started = ContinuousClock.now

    package init(version: String = "", roles: [String] = []) {
        self.version = version
        self.roles = roles.sorted()
    }

    fileprivate func describe(in body: inout JSONObject) {
        body["version"] = .string(version)
        body["roles"] = .array(roles.map { .string($0) })
        body["uptimeSeconds"] = .number(JSONNumber(started.duration(to: .now).components.seconds))
    }
}

/// Where the life of the process is: set once when all of its services run, and once when it was told to stop.
package final class StartupState: Sendable {
    private let done = Atomic(false)
    private let stopping = Atomic(false)

    package init() {}

    package var isComplete: Bool { done.load(ordering: .acquiring) }
    package func complete() { done.store(true, ordering: .releasing) }

    package var isStopping: Bool { stopping.load(ordering: .acquiring) }
    package func stop() { stopping.store(true, ordering: .releasing) }
}
