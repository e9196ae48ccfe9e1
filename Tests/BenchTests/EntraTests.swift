// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import Synchronization
import Testing

@testable import scim_bench

/// Knows users by name, and counts their changes.
private final class EntraServer: Sendable {
    struct State: Sendable {
        /// Names by id.
        var users: [String: String] = [:]
        var changes: [String: Int] = [:]
        var operations: Set<String> = []
    }

    let state = Mutex(State())
    private let refusesChanges: Bool

    init(refusesChanges: Bool) { self.refusesChanges = refusesChanges }

    func answer(_ request: HTTPTestServer.Request) -> HTTPTestServer.Answer {
        state.withLock { state in
            let body = try? JSONValue(parsing: request.body)
            let last = request.path.split(separator: "/").last.map { String($0) } ?? ""
            switch request.method {
            case .GET where last == "Users":
                let name = request.query["filter"]?.split(separator: "\"").dropFirst().first.map { String($0) }
                let found = state.users.values.count { $0 == name }
                return Self.json(["totalResults": .number(JSONNumber(Int64(found))), "Resources": []])
            case .GET:
                guard let name = state.users[last] else { return .init(status: .notFound) }
                return Self.json(["userName": .string(name)])
            case .POST:
                guard let name = body?["userName"]?.stringValue else { return .init(status: .badRequest) }
                let id = "id-\(state.users.count)"
                state.users[id] = name
                return .init(status: .created, headers: ["Location": "http://x.test/Users/\(id)"])
            case .PATCH where state.users[last] != nil:
                if refusesChanges { return .init(status: .badRequest) }
                state.changes[last, default: 0] += 1
                for operation in body?["Operations"]?.arrayValue ?? [] {
                    state.operations.insert(operation["op"]?.stringValue ?? "none")
                }
                return .init(status: .noContent)
            default: return .init(status: .notFound)
            }
        }
    }

    private static func json(_ value: JSONValue) -> HTTPTestServer.Answer {
        .init(status: .ok, body: value.serialize())
    }
}

@Suite(.timeLimit(.minutes(1))) struct EntraTests {
    private func load(refusesChanges: Bool = false) async throws -> (EntraServer, LoadResult, [String]) {
        let state = EntraServer(refusesChanges: refusesChanges)
        let server = try await HTTPTestServer.start { state.answer($0) }
        let target = try Target("http://127.0.0.1:\(server.port)/scim/v2", allowingRemote: false)
        let scenario = EntraScenario(
            generator: LoadGenerator(target: target, threads: 1), token: "t", names: UserNames(seed: 1),
            verification: .samples)
        let window = LoadWindow(warmUp: .zero, measured: .milliseconds(600))
        let result = try await scenario.generator.run(
            scenario.requests(run: 1), connections: 2, window: window, rate: 200)
        let problems = try await scenario.verify(result, run: 1)
        try await scenario.generator.shutDown()
        try await server.stop()
        return (state, result, problems)
    }

    @Test("each user is looked for, created and changed, in this order and in Entra's own words")
    func cycle() async throws {
        let (server, result, problems) = try await load()
        #expect(result.failures == [:])
        #expect(result.accepted == 120)
        let state = server.state.withLock { $0 }
        let created = result.accepted(series: EntraRequests.Series.create)
        let changed = result.accepted(series: EntraRequests.Series.change)
        #expect(result.accepted(series: EntraRequests.Series.match) + created + changed == 120)
        #expect(state.users.count == created)
        #expect(created >= 39)
        #expect(Set(state.users.values).count == created)
        #expect(state.changes.values.reduce(0, +) == changed)
        #expect(state.changes.values.allSatisfy { $0 == 1 })
        #expect(state.operations == ["Add", "Replace"])
        #expect(problems == [])
    }

    @Test("a refused change is a failure")
    func refused() async throws {
        let (_, result, _) = try await load(refusesChanges: true)
        #expect(result.failures["PATCH: status 400"] ?? 0 > 0)
    }
}

@Suite(.timeLimit(.minutes(1))) struct BulkScenarioTests {
    private func load(
        _ script: @escaping @Sendable (Int) -> DirectoryServer.BulkAnswer
    ) async throws -> (accepted: Int, failures: [String: Int], names: Set<String>) {
        try await withDirectory(script) { server, client in
            let generator = LoadGenerator(target: client.target, threads: 1)
            let scenario = BulkScenario(
                generator: generator, token: "t", names: UserNames(seed: 1), size: 10, verification: .samples)
            let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: 8)
            let result = try await generator.run(scenario.requests(run: 1), connections: 2, window: window)
            try await generator.shutDown()
            return (result.accepted, result.failures, server.state.names)
        }
    }

    @Test("every user of every request is another one, and counts")
    func distinct() async throws {
        let found = try await load { _ in .accept }
        #expect(found.failures == [:])
        #expect(found.accepted == 80)
        #expect(found.names.count == 80)
        #expect(found.names.allSatisfy { $0.hasPrefix(UserNames(seed: 1).prefix(run: 1)) })
    }

    @Test("a request of which some users were refused is a failure")
    func refused() async throws {
        let found = try await load { $0 == 3 ? .refuse : .accept }
        #expect(found.accepted == 70)
        #expect(found.failures.count == 1)
        #expect(found.failures.keys.first?.hasPrefix("0 of 10 users were accepted: status 400") == true)
    }
}
