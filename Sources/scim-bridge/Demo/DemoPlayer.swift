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
    private let users: Int
    private let groups: Int
    private let baseURL: String
    private let token: String
    private let folder: DevFolder

    private static let parallel = 8
    /// Attempts of one request while the bridge answers that it cannot serve now: about 20 minutes.
    private static let attempts = 600

    init(users: Int, groups: Int, token: String, folder: DevFolder, baseURL: String) {
        self.users = users
        self.groups = groups
        self.token = token
        self.folder = folder
        self.baseURL = baseURL
    }

    /// - Returns: How many of the writes UDM refuses: a user and a group whose names every domain has already.
    func play() async throws -> Int {
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let refusals: Int
        do {
            refusals = try await play(client)
        } catch {
            try? await client.shutdown()  // the first error is the one to report
            throw error
        }
        try await client.shutdown()
        return refusals
    }

    private func play(_ client: HTTPClient) async throws -> Int {
        var state = DemoState.load(from: folder)
        state.run += 1
        for path in state.refused { _ = try await send(client, .DELETE, path, nil, accepting: [204, 404]) }
        state.refused = []
        try state.save(to: folder)

        let run = state.run
        Progress.write("Demo \(run): \(users) users, \(groups) groups, updates, and two writes that UDM refuses\n")
        let ids = try await createUsers(client, run: run)
        try await createGroups(client, run: run, members: ids)
        try await update(client, run: run, ids: ids)
        state.refused = try await sendRefused(client)
        try state.save(to: folder)
        return state.refused.count
    }

    // MARK: Steps

    private func createUsers(_ client: HTTPClient, run: Int) async throws -> [String] {
        try await inParallel(count: users) { number in
            try await self.create(client, "/Users", self.user(run: run, number: number), namedBy: "userName")
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
            return try await self.create(client, "/Groups", body, namedBy: "displayName")
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
        for (path, body, name) in [("/Users", user, "userName"), ("/Groups", group, "displayName")] {
            refused.append("\(path)/\(try await create(client, path, body, namedBy: name))")
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

    /// Creates a resource, or finds it: an answer may have got lost after the resource was stored, and so may what a former run wrote down.
    /// - Returns: Its id.
    private func create(
        _ client: HTTPClient, _ path: String, _ body: JSONValue, namedBy attribute: String
    ) async throws -> String {
        let (status, answer) = try await send(client, .POST, path, body, accepting: [201, 409])
        if status == 201, let id = answer["id"]?.stringValue { return id }
        if let id = try await find(client, path, attribute, body[attribute]?.stringValue ?? "") { return id }
        throw CommandFailure("the demo's POST \(path) was answered \(status): \(answer.text)")
    }

    /// Looks through the list, page by page.
    private func find(
        _ client: HTTPClient, _ path: String, _ attribute: String, _ value: String
    ) async throws -> String? {
        var start: Int64 = 1
        while true {
            let query = "?attributes=\(attribute)&count=1000&startIndex=\(start)"
            let (_, page) = try await send(client, .GET, path + query, nil, accepting: [200])
            let resources = page["Resources"]?.arrayValue ?? []
            // Names are compared as UDM does, without case.
            let found = resources.first { $0[attribute]?.stringValue?.lowercased() == value.lowercased() }
            if let found { return found["id"]?.stringValue }
            start += Int64(resources.count)
            guard !resources.isEmpty, start <= page["totalResults"]?.integerValue ?? 0 else { return nil }
        }
    }

    /// Sends a request, and again for as long as the bridge is not able to serve it.
    private func send(
        _ client: HTTPClient, _ method: HTTPMethod, _ path: String, _ body: JSONValue?, accepting: Set<UInt>
    ) async throws -> (status: UInt, body: JSONValue) {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/scim+json")
            request.body = .bytes(ByteBuffer(bytes: body.serialize()))
        }
        for _ in 0..<Self.attempts {
            let response = try await client.execute(request, timeout: .seconds(60))
            let content = try await response.body.collect(upTo: 4 << 20)
            if [429, 503].contains(response.status.code) {
                let seconds = response.headers.first(name: "Retry-After").flatMap(Int64.init) ?? 1
                try await Task.sleep(for: .seconds(min(max(seconds, 1), 5)))
                continue
            }
            guard accepting.contains(response.status.code) else {
                throw CommandFailure(
                    "the demo's \(method) \(path) was answered \(response.status.code): \(String(buffer: content))")
            }
            guard content.readableBytes > 0 else { return (response.status.code, .null) }
            return (response.status.code, try JSONValue(parsing: Array(content.readableBytesView)))
        }
        throw CommandFailure("the demo's \(method) \(path) was not served in \(Self.attempts) attempts")
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
