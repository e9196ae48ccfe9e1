// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Operations
import ServiceLifecycle
import Synchronization
import Testing

/// The operators' port as a probe, and as Prometheus, sees it.
@Suite(.timeLimit(.minutes(1))) struct OperationsServerTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct Away: Error, CustomStringConvertible {
        let description = "it is away"
    }

    private let startup = StartupState()
    private let registry = PrometheusRegistry()

    private func serve(
        checks: [HealthCheck] = [], token: String? = nil, figures: [@Sendable (PrometheusRegistry) -> Void] = [],
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let server = OperationsServer(
            host: "127.0.0.1", port: 0, token: token, registry: registry, checks: checks, startup: startup,
            identity: ProcessIdentity(version: "1.2.3", roles: ["worker", "api"]), figures: figures,
            logger: Self.logger, onRunning: { running.yield($0) })
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [server], logger: Self.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            do {
                try await body(port)
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// Status and body, such as `200 {"status":"ok"}`.
    private func get(_ port: Int, _ path: String, token: String? = nil) async throws -> String {
        let client = HTTPClient()
        let answer: Result<String, any Error>
        do {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
            if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
            let response = try await client.execute(request, timeout: .seconds(30))
            let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
            answer = .success("\(response.status.code) \(body)")
        } catch {
            answer = .failure(error)
        }
        try await client.shutdown()
        return try answer.get()
    }

    @Test("Before the services run the process is alive and not more; from its stop on it is not ready")
    func life() async throws {
        try await serve { port in
            #expect(try await get(port, "/health/live").hasPrefix("200"))
            for path in ["/health/startup", "/health/ready"] {
                let answer = try await get(port, path)
                #expect(answer.hasPrefix("503") && answer.contains(#""status":"starting""#))
            }
            startup.complete()
            for path in ["/health/startup", "/health/ready"] {
                let answer = try await get(port, path)
                #expect(answer.hasPrefix("200") && answer.contains(#""status":"ok""#))
                #expect(answer.contains(#""version":"1.2.3""#) && answer.contains(#""roles":["api","worker"]"#))
            }
            startup.stop()
            let answer = try await get(port, "/health/ready")
            #expect(answer.hasPrefix("503") && answer.contains(#""status":"stopping""#))
            #expect(try await get(port, "/health/live").hasPrefix("200"))
        }
    }

    @Test("Without what it needs a process is not ready; without the rest it is, and says so (R-34)")
    func checks() async throws {
        startup.complete()
        let needed = HealthCheck("postgresql", .required) { throw Away() }
        let other = HealthCheck("udm", .degrading) { throw Away() }
        let fine = HealthCheck("redis", .degrading) {}
        try await serve(checks: [other, fine]) { port in
            let answer = try await get(port, "/health/ready")
            #expect(answer.hasPrefix("200") && answer.contains(#""status":"degraded""#))
            #expect(answer.contains(#""udm":{"status":"failed","required":false"#))
            #expect(answer.contains(#""error":"it is away""#))
            #expect(answer.contains(#""redis":{"status":"ok","required":false"#))
        }
        try await serve(checks: [needed, fine]) { port in
            let answer = try await get(port, "/health/ready")
            #expect(answer.hasPrefix("503") && answer.contains(#""status":"unavailable""#))
            #expect(answer.contains(#""postgresql":{"status":"failed","required":true"#))
        }
    }

    @Test("A dependency that hangs, even one that cannot be cancelled, holds up no probe")
    func hanging() async throws {
        startup.complete()
        let release = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let hanging = HealthCheck("udm", .degrading) {
            await withCheckedContinuation { continuation in release.withLock { $0 = continuation } }
        }
        try await serve(checks: [hanging]) { port in
            let answer = try await get(port, "/health/ready")
            #expect(answer.hasPrefix("200") && answer.contains("no answer within 0.5 seconds"))
        }
        release.withLock { $0 }?.resume()
    }

    @Test("A check that ignores its cancellation runs once, however many probes come, and anew when it has ended")
    func oneRun() async throws {
        startup.complete()
        let runs = Mutex(0)
        let release = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let check = HealthCheck("udm", .degrading) {
            let number = runs.withLock { runs in
                runs += 1
                return runs
            }
            guard number == 1 else { return }
            await withCheckedContinuation { continuation in release.withLock { $0 = continuation } }
        }
        try await serve(checks: [check]) { port in
            #expect(try await get(port, "/health/ready").contains("no answer within 0.5 seconds"))
            for _ in 0..<5 {
                #expect(try await get(port, "/health/ready").contains("to the probe before, nor since"))
            }
            #expect(runs.withLock { $0 } == 1)
            release.withLock { $0 }?.resume()
            // Its task ends a moment later.
            for _ in 0..<1000 where runs.withLock({ $0 }) == 1 { _ = try await get(port, "/health/ready") }
            #expect(try await get(port, "/health/ready").contains(#""udm":{"status":"ok""#))
        }
    }

    @Test("Probes at one time share a run, and all have its answer")
    func sharedRun() async throws {
        startup.complete()
        let running = Mutex((now: 0, most: 0))
        let check = HealthCheck("postgresql", .required) {
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            for _ in 0..<20 { await Task.yield() }
            running.withLock { $0.now -= 1 }
        }
        try await serve(checks: [check]) { port in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<30 { group.addTask { try await get(port, "/health/ready") } }
                for try await answer in group { #expect(answer.hasPrefix("200"), "\(answer)") }
            }
        }
        #expect(running.withLock { $0.most } == 1)
    }

    @Test("What is kept elsewhere is read once for each scrape")
    func figures() async throws {
        let scrapes = Mutex(0.0)
        let count: @Sendable (PrometheusRegistry) -> Void = { registry in
            registry.setCounter(
                "a_total",
                to: scrapes.withLock { scrapes in
                    scrapes += 1
                    return scrapes
                })
        }
        try await serve(figures: [count]) { port in
            for number in 1...3 {
                let answer = try await get(port, "/metrics")
                #expect(answer.contains("# TYPE a_total counter\na_total \(number)\n"))
                #expect(answer.contains("# TYPE process_cpu_seconds_total counter\n"))
                for name in ["resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds"] {
                    #expect(answer.contains("# TYPE process_\(name) gauge\n"))
                }
            }
        }
    }

    @Test("Metrics ask for the token where one is set; health never does")
    func token() async throws {
        startup.complete()
        try await serve(token: "secret") { port in
            #expect(try await get(port, "/metrics").hasPrefix("401"))
            let wrong = try await get(port, "/metrics", token: "secreT")
            #expect(wrong.hasPrefix("401"))
            let right = try await get(port, "/metrics", token: "secret")
            #expect(right.hasPrefix("200"))
            #expect(try await get(port, "/health/ready").hasPrefix("200"))
        }
    }
}
