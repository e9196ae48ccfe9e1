// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import Testing

@testable import scim_bench

@Suite(.timeLimit(.minutes(1))) struct OpenLoopTests {
    private func run(
        _ server: ScriptedServer, connections: Int, rate: Double?, window: LoadWindow
    ) async throws -> LoadResult {
        let target = try Target(server.url, allowingRemote: false)
        let generator = LoadGenerator(target: target, threads: 1)
        let source = CreateUsers(target: target, token: nil, names: UserNames(seed: 3), run: 1)
        let result = try await generator.run(source, connections: connections, window: window, rate: rate)
        try await generator.shutDown()
        return result
    }

    @Test("the moments are evenly apart, end with the window, and each is given once")
    func schedule() {
        let begin = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let schedule = OpenSchedule(
            rate: 4, from: begin, until: begin + .seconds(1), maximumRequests: 100)
        let moments = (0..<6).map { _ in schedule.take() }
        #expect(
            moments == [
                begin, begin + .milliseconds(250), begin + .milliseconds(500), begin + .milliseconds(750), nil, nil,
            ])
    }

    @Test("a schedule ends with its bound on the requests")
    func bounded() {
        let begin = NIODeadline.uptimeNanoseconds(0)
        let schedule = OpenSchedule(rate: 1000, from: begin, until: begin + .hours(1), maximumRequests: 2)
        #expect((0..<3).compactMap { _ in schedule.take() }.count == 2)
    }

    @Test("as many requests as the rate says, however many connections there are", arguments: [1, 8])
    func rate(connections: Int) async throws {
        try await withServer { server in
            let window = LoadWindow(warmUp: .milliseconds(250), measured: .milliseconds(500))
            let result = try await run(server, connections: connections, rate: 200, window: window)
            #expect(result.failures.isEmpty)
            #expect(result.accepted == 150)
            #expect(server.users.count == 150)
            #expect(result.measured == 100)
            #expect(result.points.count == 150)
            #expect(result.points.map(\.due) == result.points.map(\.due).sorted())
        }
    }

    @Test("a server that stops for a while is seen by every request that was due then")
    func coordinatedOmission() async throws {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(1), maximumRequests: 100)
        // The tenth request keeps the only thread of the server busy.
        let stall: @Sendable (Int) -> ScriptedServer.Answer = { number in
            if number == 10 { usleep(400_000) }
            return .accept
        }
        let open = try await withServer(stall) { try await run($0, connections: 1, rate: 100, window: window) }
        #expect(open.accepted == 100)
        // 40 were due meanwhile; the closed loop sees one.
        #expect(open.points.count { $0.microseconds > 40_000 } >= 30)
        #expect(open.latency.p95 > 100)
        var longer = window
        longer.measured = .seconds(30)
        let patient = longer
        let closed = try await withServer(stall) { try await run($0, connections: 1, rate: nil, window: patient) }
        #expect(closed.accepted == 100)
        #expect(closed.points.isEmpty)
        #expect(closed.latency.maximum >= 400)
        #expect(closed.latency.p95 < 400)
    }

    @Test("what is due is not kept for ever when no connection is free")
    func overdue() async throws {
        let stall: @Sendable (Int) -> ScriptedServer.Answer = { _ in
            usleep(60_000)
            return .accept
        }
        var window = LoadWindow(warmUp: .zero, measured: .milliseconds(800), maximumRequests: 1000)
        window.answerLimit = .milliseconds(200)
        let result = try await withServer(stall) { try await run($0, connections: 1, rate: 200, window: window) }
        #expect(result.failures == ["all connections were busy when a request was due": 1])
    }

    @Test("a cancelled open loop ends although its next request is not due yet")
    func cancelled() async throws {
        try await withServer { server in
            let window = LoadWindow(warmUp: .zero, measured: .seconds(600))
            let load = Task { try await run(server, connections: 2, rate: 0.1, window: window) }
            while server.users.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            load.cancel()
            await #expect(throws: CancellationError.self) { try await load.value }
        }
    }
}
