// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import NIOCore
import Testing

@testable import scim_bench

@Suite(.timeLimit(.minutes(2))) struct DirectoryLoaderTests {
    private let users = DirectoryUsers(seed: 3)

    private func loader(_ client: SCIMClient, connections: Int = 3) -> DirectoryLoader {
        DirectoryLoader(client: client, users: users, connections: connections, deadline: .now + .seconds(60))
    }

    private func load(_ client: SCIMClient, _ count: Int) async throws -> DirectoryLoader.Outcome {
        try await loader(client).load(count) { CountBar("users", total: count, done: $0, isSilent: true) }
    }

    @Test("all users come in, in blocks of a thousand, and a second load sends nothing")
    func loaded() async throws {
        try await withDirectory { server, client in
            let outcome = try await load(client, 2500)
            #expect(outcome.created == 2500)
            #expect(outcome.present == 0)
            #expect(outcome.requests == 3)
            #expect(outcome.latency.count == 3)
            #expect(server.state.names == Set((0..<2500).map { users.user($0).userName }))
            #expect(try await load(client, 2500) == DirectoryLoader.Outcome(present: 2500))
            #expect(server.state.bulkRequests == 3)
        }
    }

    @Test("a load that was stopped goes on with the blocks that are not there")
    func resumed() async throws {
        try await withDirectory { server, client in
            _ = try await load(client, 2000)
            let outcome = try await load(client, 5000)
            #expect(outcome.present == 2000)
            #expect(outcome.created == 3000)
            #expect(outcome.requests == 3)
            #expect(server.state.users.count == 5000)
        }
    }

    @Test("a block of which a part is there is completed")
    func completed() async throws {
        try await withDirectory { server, client in
            _ = try await load(client, 2000)
            // Neither at an end nor in the middle of its block.
            let lost = users.user(1100).userName
            server.change { state in
                state.names.remove(lost)
                state.users.removeAll { $0["userName"]?.stringValue == lost }
            }
            let outcome = try await load(client, 2000)
            #expect(outcome.created == 1)
            #expect(server.state.names.contains(lost))
        }
    }

    @Test("what was put off is sent again, without the rest twice")
    func postponed() async throws {
        try await withDirectory({ $0 == 0 ? .acceptOnly(400) : .accept }) { server, client in
            let outcome = try await load(client, 1000)
            #expect(outcome.created == 1000)
            #expect(server.state.bulkRequests == 2)
        }
        try await withDirectory({ $0 == 0 ? .busy : .accept }) { server, client in
            let outcome = try await load(client, 10)
            #expect(outcome.created == 10)
            #expect(server.state.bulkRequests == 2)
        }
    }

    @Test("a refused user ends the load with the server's reason")
    func refused() async throws {
        try await withDirectory({ _ in .refuse }) { _, client in
            _ = await #expect(throws: BenchFailure("a user was refused: status 400: not today")) {
                try await load(client, 10)
            }
        }
    }

    @Test("users that were accepted and are not there are noticed")
    func lost() async throws {
        try await withDirectory({ _ in .loseOne }) { _, client in
            _ = await #expect(throws: BenchFailure("10 users were accepted, but the server lists 9 of them")) {
                try await load(client, 10)
            }
        }
    }

    @Test("no request is begun after the deadline")
    func late() async throws {
        try await withDirectory { server, client in
            let loader = DirectoryLoader(client: client, users: users, connections: 2, deadline: .now - .seconds(1))
            await #expect(throws: BenchFailure.self) {
                try await loader.load(10) { CountBar("users", total: 10, done: $0, isSilent: true) }
            }
            #expect(server.state.bulkRequests == 0)
        }
    }

    @Test("groups are made of the first users, once, and read back")
    func groups() async throws {
        try await withDirectory { server, client in
            _ = try await load(client, 2500)
            let loader = GroupLoader(client: client)
            #expect(try await loader.find("large") == nil)
            let outcome = try await loader.load("large", size: 2100) {
                try await client.ids("/Users", from: 0, count: 2100)
            }
            #expect(outcome.id == "group-0")
            #expect(try #require(outcome.creation).bytes > 2100 * 10)
            #expect(outcome.readBytes > 2100 * 10)
            #expect(Set(server.state.groups[0].members) == Set((0..<2100).map { "id-\($0)" }))
            let again = try await loader.load("large", size: 2100) { [] }
            #expect(again.creation == nil)
            #expect(server.state.groupPosts == 1)
            // With fewer members than it should have, a group is of no use.
            server.change { $0.groups[0].members.removeLast() }
            await #expect(throws: BenchFailure.self) { try await loader.load("large", size: 2100) { [] } }
        }
    }

    @Test("a group is not made of fewer users than it should have")
    func tooFew() async throws {
        try await withDirectory { server, client in
            _ = try await load(client, 5)
            await #expect(throws: BenchFailure.self) {
                try await GroupLoader(client: client).load("g", size: 10) {
                    try await client.ids("/Users", from: 0, count: 10)
                }
            }
            #expect(server.state.groupPosts == 0)
        }
    }

    @Test("samples are of users that are there, one list for each kind")
    func samples() async throws {
        try await withDirectory { _, client in
            _ = try await load(client, 1500)
            let samples = try await ListSampling(
                client: client, users: users, userCount: 1500, sampleCount: 20, deepPage: 13
            ).samples()
            #expect(Set(samples.keys) == Set(ListQuery.allCases))
            for query in [ListQuery.userName, .externalId, .id, .email, .displayName, .modified, .modifiedRecently] {
                #expect(samples[query]?.count == 20)
            }
            #expect(samples[.id]?.allSatisfy { $0.value.hasPrefix("id-") } == true)
            #expect(samples[.firstPage]?.first?.parameters.first.map { [$0.0, $0.1] } == ["cursor", ""])
            // Twelve pages of a hundred lie before it.
            let deep = try #require(samples[.deepPage]?.first)
            #expect(deep.value == "id-1199")
            #expect(deep.parameters.first.map { [$0.0, $0.1] } == ["cursor", "1200"])
        }
    }

    @Test("users that were never loaded, and pages that do not exist, are told")
    func noSamples() async throws {
        try await withDirectory { _, client in
            _ = try await load(client, 500)
            let more = ListSampling(client: client, users: users, userCount: 5000, sampleCount: 50, deepPage: 2)
            await #expect(throws: BenchFailure.self) { try await more.samples() }
            let deeper = ListSampling(client: client, users: users, userCount: 500, sampleCount: 5, deepPage: 50)
            await #expect(throws: BenchFailure.self) { try await deeper.samples() }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct GroupsScenarioTests {
    private func withScenario(
        _ body: (DirectoryServer, GroupsScenario, LoadGenerator) async throws -> Void
    ) async throws {
        try await withDirectory { server, client in
            server.change { state in
                state.groups = [
                    DirectoryServer.Group(id: "large", name: "l", members: ["x", "y"]),
                    DirectoryServer.Group(id: "small", name: "s", members: ["x"]),
                ]
            }
            let generator = LoadGenerator(target: client.target, threads: 1)
            let patches = MemberPatches(
                target: client.target, token: "t", largeGroup: "large", smallGroup: "small", users: ["a", "b", "c"])
            try await body(server, GroupsScenario(client: client, patches: patches), generator)
            try await generator.shutDown()
        }
    }

    private func run(_ scenario: GroupsScenario, _ generator: LoadGenerator, requests: Int) async throws -> LoadResult {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(20), maximumRequests: requests)
        return try await generator.run(scenario.requests(run: 1), connections: 1, window: window)
    }

    @Test("additions are measured apart, removals are not, and the groups are as before")
    func measured() async throws {
        try await withScenario { server, scenario, generator in
            try await scenario.tryOut()
            let result = try await run(scenario, generator, requests: 10)
            #expect(result.failures.isEmpty)
            #expect(result.accepted == 10)
            // Ten requests are two whole turns and both additions of the third.
            #expect(result.latencies.map(\.count) == [3, 3])
            #expect(server.state.groups[0].members == ["x", "y", "c"])
            let limit = try #require(scenario.limit(in: result))
            #expect(limit.percentiles == result.latencies[1])
            #expect(try await scenario.verify(result, run: 1) == [])
            #expect(server.state.groups.map(\.members) == [["x", "y"], ["x"]])
            let second = try await run(scenario, generator, requests: 7)
            #expect(try await scenario.verify(second, run: 2) == [])
            #expect(server.state.groups.map(\.members) == [["x", "y"], ["x"]])
        }
    }

    @Test("a server that answers without changing anything is found out")
    func unchanged() async throws {
        try await withScenario { server, scenario, generator in
            server.change { $0.keepsMembers = true }
            await #expect(throws: BenchFailure.self) { try await scenario.tryOut() }
            server.change { $0.keepsMembers = false }
            try await scenario.tryOut()
            server.change { $0.forgetsRevisions = true }
            let result = try await run(scenario, generator, requests: 8)
            #expect(
                try await scenario.verify(result, run: 1)
                    == ["8 changes were accepted, but the groups have 0 revisions more"])
        }
    }

    @Test(
        "revisions are read from entity tags",
        arguments: [("W/\"17\"", 17), ("\"3\"", 3), ("W/\"a\"", nil), ("7", nil)])
    func tags(tag: String, number: Int?) { #expect(GroupsScenario.number(in: tag) == number) }

    @Test("a change is a whole request with the group, the user and its length")
    func request() throws {
        let target = try Target("http://127.0.0.1:8080/scim/v2", allowingRemote: false)
        var session = MemberPatches(target: target, token: nil, largeGroup: "L", smallGroup: "S", users: ["u"])
            .session(connection: 0, of: 1)
        var buffer = ByteBuffer()
        var seen: [String] = []
        var series: [Int?] = []
        for _ in 0..<4 {
            let isPrepared = session.prepare(&buffer)
            #expect(isPrepared)
            let text = String(buffer: buffer)
            let end = try #require(text.range(of: "\r\n\r\n"))
            let body = String(text[end.upperBound...])
            #expect(text.contains("Content-Length: \(body.utf8.count)\r\n"))
            let operation = try JSONValue(parsing: body)["Operations"]?[0]
            seen.append("\(text.split(separator: " ")[1]) \(operation?["op"]?.stringValue ?? "")")
            series.append(session.series)
        }
        #expect(
            seen == [
                "/scim/v2/Groups/L add", "/scim/v2/Groups/S add", "/scim/v2/Groups/L remove",
                "/scim/v2/Groups/S remove",
            ])
        #expect(series == [0, 1, nil, nil])
        #expect(
            MemberPatches.body(add: false, user: "u")["Operations"]?[0]?["path"]?.stringValue
                == "members[value eq \"u\"]")
    }
}
