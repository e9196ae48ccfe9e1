// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// A small identity provider: creates users and groups, updates some, and sends two writes that every UDM refuses.
///
/// Names carry the number of the run, so that the demo can be played again on kept data.
final class DemoPlayer: Sendable {
    /// A user and a group whose names every UDM domain has already.
    let expectedRefusals = 2

    private let users: Int
    private let groups: Int
    private let baseURL: String
    private let token: String
    private let folder: DevFolder

    private static let parallel = 8

    init(users: Int, groups: Int, token: String, folder: DevFolder, baseURL: String) {
        self.users = users
        self.groups = groups
        self.token = token
        self.folder = folder
        self.baseURL = baseURL
    }

    func play(watch: DrainWatch) async throws {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        do {
            try await play(client, watch: watch)
        } catch {
            try? await client.shutdown()  // the first error is the one to report
            throw error
        }
        try await client.shutdown()
    }

    private func play(_ client: HTTPClient, watch: DrainWatch) async throws {
        var state = DemoState.load(from: folder)
        state.run += 1
        for path in state.refused { _ = try await send(client, .DELETE, path, nil, accepting: [204, 404]) }
        state.refused = []
        try state.save(to: folder)

        let run = state.run
        Progress.write("Demo \(run): \(users) users, \(groups) groups, updates, and two writes that UDM refuses\n")
        let ids = try await createUsers(client, run: run, watch: watch)
        try await createGroups(client, run: run, members: ids)
        try await update(client, run: run, ids: ids)
        state.refused = try await sendRefused(client)
        try state.save(to: folder)
    }

    // MARK: Steps

    private func createUsers(_ client: HTTPClient, run: Int, watch: DrainWatch) async throws -> [String] {
        try await inParallel(count: users) { number in
            let answer = try await self.send(
                client, .POST, "/Users", self.user(run: run, number: number), accepting: [201])
            return answer["id"]?.stringValue ?? ""
        }
    }

    private func createGroups(_ client: HTTPClient, run: Int, members: [String]) async throws {
        guard groups > 0 else { return }
        _ = try await inParallel(count: groups) { number in
            let share = members.enumerated().filter { $0.offset % self.groups == number }.map(\.element)
            let body: JSONValue = [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": .string("demo-\(run)-team-\(number + 1)"),
                "members": .array(share.map { ["value": .string($0), "type": "User"] }),
            ]
            return try await self.send(client, .POST, "/Groups", body, accepting: [201])["id"]?.stringValue ?? ""
        }
    }

    /// Every tenth user changes title and name.
    private func update(_ client: HTTPClient, run: Int, ids: [String]) async throws {
        let chosen = Array(ids.enumerated().filter { $0.offset % 10 == 0 })
        _ = try await inParallel(count: chosen.count) { index in
            let (number, id) = chosen[index]
            guard var body = self.user(run: run, number: number).objectValue else { return "" }
            body["title"] = "Lead"
            body["name"] = ["givenName": .string("Demo"), "familyName": .string("Changed \(number + 1)")]
            _ = try await self.send(client, .PUT, "/Users/\(id)", .object(body), accepting: [200])
            return id
        }
    }

    /// - Returns: Paths of the refused resources, removed by the next run of the demo.
    private func sendRefused(_ client: HTTPClient) async throws -> [String] {
        let user: JSONValue = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Administrator",
            "name": ["givenName": "Not", "familyName": "Welcome"],
        ]
        let group: JSONValue = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Domain Users",
        ]
        var refused: [String] = []
        for (path, body) in [("/Users", user), ("/Groups", group)] {
            let answer = try await send(client, .POST, path, body, accepting: [201])
            if let id = answer["id"]?.stringValue { refused.append("\(path)/\(id)") }
        }
        return refused
    }

    private func user(run: Int, number: Int) -> JSONValue {
        let name = "demo-\(run)-\(number + 1)"
        return [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "externalId": .string("hr-\(run)-\(number + 1)"),
            "userName": .string(name),
            "name": ["givenName": "Demo", "familyName": .string("Person \(number + 1)")],
            "emails": [["value": .string("\(name)@home.test"), "type": "home"]],
            "active": true,
        ]
    }

    // MARK: HTTP

    private func inParallel(
        count: Int, _ body: @escaping @Sendable (Int) async throws -> String
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            var results = [String](repeating: "", count: count)
            var next = 0
            while next < min(count, Self.parallel) {
                let number = next
                group.addTask { (number, try await body(number)) }
                next += 1
            }
            while let (number, value) = try await group.next() {
                results[number] = value
                if next < count {
                    let number = next
                    group.addTask { (number, try await body(number)) }
                    next += 1
                }
            }
            return results
        }
    }

    private func send(
        _ client: HTTPClient, _ method: HTTPMethod, _ path: String, _ body: JSONValue?, accepting: Set<UInt>
    ) async throws -> JSONValue {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/scim+json")
            request.body = .bytes(ByteBuffer(bytes: body.serialize()))
        }
        let response = try await client.execute(request, timeout: .seconds(30))
        let content = try await response.body.collect(upTo: 1 << 20)
        guard accepting.contains(UInt(response.status.code)) else {
            throw CommandFailure(
                "the demo's \(method) \(path) was answered \(response.status.code): \(String(buffer: content))")
        }
        guard content.readableBytes > 0 else { return .null }
        return try JSONValue(parsing: Array(content.readableBytesView))
    }
}

/// What the demo has to remember between runs.
private struct DemoState {
    var run = 0
    var refused: [String] = []

    static func load(from folder: DevFolder) -> DemoState {
        guard let text = try? String(contentsOfFile: folder.path + "/demo.json", encoding: .utf8),
            let value = try? JSONValue(parsing: text)
        else { return DemoState() }
        return DemoState(
            run: Int(value["run"]?.integerValue ?? 0),
            refused: (value["refused"]?.arrayValue ?? []).compactMap(\.stringValue))
    }

    func save(to folder: DevFolder) throws {
        let value: JSONValue = [
            "run": .number(JSONNumber(Int64(run))), "refused": .array(refused.map(JSONValue.string)),
        ]
        try (value.text + "\n").write(toFile: folder.path + "/demo.json", atomically: true, encoding: .utf8)
    }
}
