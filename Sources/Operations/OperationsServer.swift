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
    package init(
        host: String, port: Int, token: String?, registry: PrometheusRegistry, checks: [HealthCheck],
        startup: StartupState, logger: Logger, onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        let router = Router()
        router.get("health/live") { _, _ in Self.answer(.ok, ["status": "ok"]) }
        router.get("health/startup") { _, _ in
            startup.isComplete
                ? Self.answer(.ok, ["status": "ok"]) : Self.answer(.serviceUnavailable, ["status": "starting"])
        }
        router.get("health/ready") { _, _ in
            guard startup.isComplete else { return Self.answer(.serviceUnavailable, ["status": "starting"]) }
            let report = await HealthReport.run(checks, limit: .seconds(2))
            var details = JSONObject()
            for entry in report.entries { details[entry.name] = .string(entry.error ?? "ok") }
            return Self.answer(
                report.isReady ? .ok : .serviceUnavailable,
                ["status": .string(report.status), "checks": .object(details)])
        }
        router.get("metrics") { request, _ in
            guard Self.isAllowed(request, token: token) else {
                var answer = Self.answer(.unauthorized, ["detail": "A bearer token is needed."])
                answer.headers[.wwwAuthenticate] = "Bearer"
                return answer
            }
            ProcessFigures.record(in: registry)
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

    private static func answer(_ status: HTTPResponse.Status, _ body: JSONObject) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONValue.object(body).serialize())))
    }
}

/// Set once when all services of the process run.
package final class StartupState: Sendable {
    private let done = Atomic(false)

    package init() {}

    package var isComplete: Bool { done.load(ordering: .acquiring) }
    package func complete() { done.store(true, ordering: .releasing) }
}
