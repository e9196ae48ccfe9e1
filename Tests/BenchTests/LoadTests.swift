// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOHTTP1
import Testing

@testable import scim_bench

@Suite(.timeLimit(.minutes(1))) struct LoadTests {
    private let names = UserNames(seed: 7)

    private func run(
        _ server: ScriptedServer, connections: Int, window: LoadWindow, token: String? = "secret"
    ) async throws -> LoadResult {
        let target = try Target(server.url, allowingRemote: false)
        let generator = LoadGenerator(target: target, threads: 1)
        let source = CreateUsers(target: target, token: token, names: names, run: 1, sampleInterval: 1)
        let result = try await generator.run(source, connections: connections, window: window)
        try await generator.shutDown()
        return result
    }

    private func bounded(_ requests: Int) -> LoadWindow {
        LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: requests)
    }

    @Test("every request makes another user, on every connection", arguments: [1, 4])
    func distinctUsers(connections: Int) async throws {
        try await withServer { server in
            let result = try await run(server, connections: connections, window: bounded(40))
            #expect(result.accepted == 40)
            #expect(result.measured == 40)
            #expect(result.failures.isEmpty)
            #expect(Set(server.users.values).count == 40)
            #expect(server.users.values.allSatisfy { $0.hasPrefix(names.prefix(run: 1)) })
            #expect(Set(server.requests) == ["POST /scim/v2/Users Bearer secret"])
            #expect(Set(result.samples.map(\.userName)) == Set(server.users.values))
            #expect(result.latency.p50 > 0)
            #expect(result.latency.p50 <= result.latency.p99)
            #expect(result.latency.p99 <= result.latency.maximum)
        }
    }

    @Test("without a token no Authorization is sent")
    func noToken() async throws {
        try await withServer { server in
            _ = try await run(server, connections: 1, window: bounded(1), token: nil)
            #expect(server.requests == ["POST /scim/v2/Users -"])
        }
    }

    @Test("refused requests are counted by their status, with the first answer, and the others go on")
    func refusals() async throws {
        try await withServer({ $0 == 3 ? .refuse(.conflict) : $0 == 5 ? .refuse(.serviceUnavailable) : .accept }) {
            server in
            let result = try await run(server, connections: 1, window: bounded(10))
            #expect(result.accepted == 8)
            #expect(result.failures == ["status 409": 1, "status 503": 1])
            #expect(result.firstFailure == "status 409: refused by the script")
        }
    }

    @Test("a connection that only fails ends soon")
    func onlyRefusals() async throws {
        try await withServer({ _ in .refuse(.unauthorized) }) { server in
            let result = try await run(server, connections: 2, window: bounded(100_000))
            #expect(result.accepted == 0)
            #expect(result.failures == ["status 401": 2 * LoadWindow.failuresPerConnection])
        }
    }

    @Test("a connection that is closed under a request is a failure")
    func closed() async throws {
        try await withServer({ $0 == 2 ? .closeWithoutAnswer : .accept }) { server in
            let result = try await run(server, connections: 1, window: bounded(10))
            #expect(result.accepted == 2)
            #expect(result.failures.values.reduce(0, +) == 1)
        }
    }

    @Test("a server that closes after each answer is told, its answers count")
    func notKeptAlive() async throws {
        try await withServer({ _ in .acceptAndClose }) { server in
            let result = try await run(server, connections: 2, window: bounded(10))
            #expect(result.accepted == 2)
            #expect(result.failures == ["the server does not keep connections open": 2])
        }
    }

    @Test("an answer that does not come is a failure after the limit")
    func silence() async throws {
        try await withServer({ _ in .silence }) { server in
            var window = bounded(10)
            window.answerLimit = .milliseconds(100)
            let result = try await run(server, connections: 1, window: window)
            #expect(result.accepted == 0)
            #expect(result.failures == ["no answer within 100 ms": 1])
        }
    }

    @Test("the warm-up is accepted, but not measured; the run ends with its window")
    func warmUp() async throws {
        try await withServer { server in
            let window = LoadWindow(warmUp: .milliseconds(300), measured: .milliseconds(300))
            let result = try await run(server, connections: 2, window: window)
            #expect(result.measured > 0)
            #expect(result.measured < result.accepted)
            #expect(result.accepted == server.users.count)
            #expect(abs(result.measuredSeconds - 0.3) < 0.001)
            #expect(abs(result.rate - Double(result.measured) / 0.3) < 1)
        }
    }

    @Test("cancelling ends the run")
    func cancelled() async throws {
        try await withServer { server in
            let window = LoadWindow(warmUp: .zero, measured: .seconds(600))
            let load = Task { try await run(server, connections: 2, window: window) }
            while server.users.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            load.cancel()
            await #expect(throws: CancellationError.self) { try await load.value }
        }
    }

    @Test("nobody listens: told before anything is measured")
    func nobody() async throws {
        // Bound, so that nobody else gets the port, but not listening.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(bound)
        let target = try Target("http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))", allowingRemote: false)
        let generator = LoadGenerator(target: target, threads: 1)
        let source = CreateUsers(target: target, token: nil, names: names, run: 1)
        await #expect(throws: BenchFailure.self) {
            try await generator.run(source, connections: 1, window: bounded(1))
        }
        try await generator.shutDown()
    }
}

@Suite(.timeLimit(.minutes(1))) struct AcceptScenarioTests {
    private func withScenario<Value>(
        _ script: @escaping @Sendable (Int) -> ScriptedServer.Answer,
        _ body: (AcceptScenario) async throws -> Value
    ) async throws -> Value {
        try await withServer(script) { server in
            let generator = LoadGenerator(target: try Target(server.url, allowingRemote: false), threads: 1)
            let value = try await body(
                AcceptScenario(generator: generator, token: "t", names: UserNames(seed: 1), verification: .samples))
            try await generator.shutDown()
            return value
        }
    }

    private func load(_ scenario: AcceptScenario) async throws -> LoadResult {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: 400)
        return try await scenario.generator.run(scenario.requests(run: 1), connections: 2, window: window)
    }

    @Test("accepted users that can be read back are proof")
    func honest() async throws {
        try await withScenario({ _ in .accept }) { scenario in
            let result = try await load(scenario)
            #expect(result.accepted == 400)
            #expect(result.samples.count >= 4)
            #expect(try await scenario.verify(result, run: 1) == [])
            try await scenario.tryOut(run: 0)
        }
    }

    @Test("a server that keeps nothing is found out")
    func liar() async throws {
        try await withScenario({ _ in .lie }) { scenario in
            let result = try await load(scenario)
            #expect(result.accepted == 400)
            let problems = try await scenario.verify(result, run: 1)
            #expect(problems == ["\(result.samples.count) x reading back: status 404"])
            await #expect(throws: BenchFailure.self) { try await scenario.tryOut(run: 0) }
        }
    }

    @Test("another user under the id is found out")
    func anotherUser() async throws {
        try await withScenario({ _ in .accept }) { scenario in
            var result = try await load(scenario)
            result.samples = [ResourceSample(userName: "somebody", id: result.samples[0].id)]
            #expect(try await scenario.verify(result, run: 1) == ["1 x reading back: another user, or none"])
        }
    }

    @Test("an answer without Location cannot be proven")
    func unnamed() async throws {
        try await withScenario({ _ in .acceptUnnamed }) { scenario in
            let result = try await load(scenario)
            let count = result.samples.count
            #expect(try await scenario.verify(result, run: 1) == ["\(count) of \(count) answers had no Location"])
        }
    }

    @Test("a refusal of the first user says why")
    func refused() async throws {
        try await withScenario({ _ in .refuse(.unauthorized) }) { scenario in
            _ = await #expect(
                throws: BenchFailure("the first user was not accepted: status 401: refused by the script")
            ) {
                try await scenario.tryOut(run: 0)
            }
        }
    }
}
