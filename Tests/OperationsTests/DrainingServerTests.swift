// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Operations
import ServiceLifecycle
import Synchronization
import Testing

/// A server that is told to stop ends, whatever its clients do.
@Suite(.timeLimit(.minutes(1))) struct DrainingServerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Serves `POST /read`, which reads the whole body, and `GET /large`, which answers 64 MiB, until `body` has ended; then stops.
    /// - Returns: How long the stop took.
    private func serve(
        limit: Duration, connections: OpenConnections = OpenConnections(), requests: BegunRequests = BegunRequests(),
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws -> Duration {
        let router = Router()
        router.post("read") { request, _ in
            requests.begin()
            let content = try await request.body.collect(upTo: 1 << 20)
            return "\(content.readableBytes)"
        }
        router.get("large") { _, _ in
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x61, count: 64 << 20)))
        }
        var http = HTTP1Channel.Configuration()
        http.additionalChannelHandlers = { [connections.handler()] }
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, server: .http1(configuration: http),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: Self.logger)
        let server = DrainingServer(
            "test", application, connections: connections, limit: limit, logger: Self.logger)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [server], logger: Self.logger))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            try await body(try #require(await iterator.next()))
            let begin = ContinuousClock.now
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return begin.duration(to: .now)
        }
    }

    @Test("Without clients the stop takes no time")
    func idle() async throws {
        #expect(try await serve(limit: .seconds(30)) { _ in } < .seconds(10))
    }

    @Test("A client that never sends the rest of its body does not hold up the stop")
    func halfABody() async throws {
        let requests = BegunRequests()
        try await withRawClient { client in
            let took = try await serve(limit: .milliseconds(300), requests: requests) { port in
                try client.connect(to: port)
                try client.send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
                try await client.waitUntil { requests.count == 1 }
            }
            #expect(took < .seconds(10))
            #expect(client.isClosedByServer())
        }
    }

    @Test("A client that does not read a large answer does not hold up the stop")
    func unreadAnswer() async throws {
        let connections = OpenConnections()
        try await withRawClient { client in
            let took = try await serve(limit: .milliseconds(300), connections: connections) { port in
                try client.connect(to: port)
                try client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
                try await client.waitUntil { client.hasAnswer() }
            }
            #expect(took < .seconds(10))
            #expect(connections.count == 0)
        }
    }

    @Test("A request under way is answered when it ends within the limit")
    func finished() async throws {
        let requests = BegunRequests()
        try await withRawClient { client in
            let took = try await serve(limit: .seconds(30), requests: requests) { port in
                try client.connect(to: port)
                try client.send("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nha")
                try await client.waitUntil { requests.count == 1 }
                // While the server already stops.
                client.sendLater("lf", after: .milliseconds(200))
            }
            #expect(took < .seconds(20))
            #expect(client.readAll().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("A client that takes nothing of its answer for the stall limit is cut off")
    func stalled() async throws {
        let connections = OpenConnections(stallLimit: .milliseconds(200))
        try await withRawClient { client in
            let took = try await serve(limit: .seconds(50), connections: connections) { port in
                try client.connect(to: port)
                try client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
                try await client.waitUntil { client.hasAnswer() }
                try await client.waitUntil { connections.count == 0 }
            }
            #expect(took < .seconds(20))
        }
    }
}

/// Those whose heads the server has read: a connection alone may be closed as idle.
private final class BegunRequests: Sendable {
    private let begun = Mutex(0)

    var count: Int { begun.withLock { $0 } }

    func begin() { begun.withLock { $0 += 1 } }
}
