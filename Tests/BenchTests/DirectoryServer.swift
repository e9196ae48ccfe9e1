// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import NIOHTTP1
import Synchronization

@testable import scim_bench

/// A SCIM server that knows as much as the bench asks for: users through `/Bulk`, groups with members, lists by the filters
/// that the bench sends. It misbehaves as it is told.
final class DirectoryServer: Sendable {
    enum BulkAnswer: Sendable {
        case accept
        /// 503 for the whole request.
        case busy
        /// The first so many operations are done, the others are answered with 503.
        case acceptOnly(Int)
        /// All are answered with 201, and the first one is not kept.
        case loseOne
        /// All are refused with 400.
        case refuse
    }

    struct State: Sendable {
        /// In the order of their creation.
        var users: [JSONValue] = []
        var names: Set<String> = []
        var groups: [Group] = []
        var bulkRequests = 0
        var groupPosts = 0
        /// Removals of members are answered, but not done.
        var keepsMembers = false
        /// Additions of members make no revision.
        var forgetsRevisions = false
    }

    struct Group: Sendable {
        let id: String
        let name: String
        var members: [String]
        var revision = 1
    }

    private let server: HTTPTestServer
    private let shared: Shared

    final class Shared: Sendable { let value = Mutex(State()) }

    private init(server: HTTPTestServer, shared: Shared) {
        self.server = server
        self.shared = shared
    }

    var state: State { shared.value.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(server.port)/scim/v2" }

    func change(_ body: @Sendable (inout State) -> Void) { shared.value.withLock { body(&$0) } }

    /// - Parameter script: The answer to the n-th bulk request, counted from 0.
    static func start(_ script: @escaping @Sendable (Int) -> BulkAnswer) async throws -> DirectoryServer {
        let shared = Shared()
        let server = try await HTTPTestServer.start { request in
            shared.value.withLock { state in
                do { return try state.answer(request, script) } catch { return .init(status: .badRequest) }
            }
        }
        return DirectoryServer(server: server, shared: shared)
    }

    func stop() async throws { try await server.stop() }
}

extension DirectoryServer.State {
    fileprivate mutating func answer(
        _ request: HTTPTestServer.Request, _ script: (Int) -> DirectoryServer.BulkAnswer
    ) throws -> HTTPTestServer.Answer {
        let path = request.path.replacingOccurrences(of: "/scim/v2", with: "")
        switch (request.method, path) {
        case (.POST, "/Bulk"): return try bulk(request, script)
        case (.GET, "/Users"):
            return Self.list(users.filter { Self.matches($0, request.query["filter"]) }, request.query)
        case (.GET, "/Groups"):
            return Self.list(
                groups.filter { Self.matches($0, request.query["filter"]) }.map { ["id": .string($0.id)] },
                request.query)
        case (.POST, "/Groups"): return try createGroup(request)
        default: break
        }
        let parts = path.split(separator: "/")
        guard parts.count == 2 else { return .init(status: .notFound) }
        let id = String(parts[1])
        switch (request.method, parts[0]) {
        case (.GET, "Users"):
            return users.first { $0["id"]?.stringValue == id }.map { Self.json($0) } ?? .init(status: .notFound)
        case (.GET, "Groups"):
            guard let group = groups.first(where: { $0.id == id }) else { return .init(status: .notFound) }
            return Self.json([
                "id": .string(group.id), "members": .array(group.members.map { ["value": .string($0)] }),
                "meta": ["version": .string("W/\"\(group.revision)\"")],
            ])
        case (.PATCH, "Groups"): return try patch(id, request)
        default: return .init(status: .notFound)
        }
    }

    // MARK: - Writes

    private mutating func bulk(
        _ request: HTTPTestServer.Request, _ script: (Int) -> DirectoryServer.BulkAnswer
    ) throws -> HTTPTestServer.Answer {
        let how = script(bulkRequests)
        bulkRequests += 1
        if case .busy = how { return .init(status: .serviceUnavailable) }
        let limits = JSONLimits(maximumBytes: 8 << 20)
        let operations = try JSONValue(parsing: request.body, limits: limits)["Operations"]?.arrayValue ?? []
        let answers = operations.enumerated().map { index, operation -> JSONValue in
            let name = operation["data"]?["userName"]?.stringValue ?? ""
            switch how {
            case .refuse: return ["status": "400", "response": ["detail": "not today"]]
            case .acceptOnly(let count) where index >= count: return ["status": "503"]
            case .loseOne where index == 0: return ["status": "201"]
            default: break
            }
            guard names.insert(name).inserted else { return ["status": "409"] }
            var user = operation["data"]?.objectValue ?? [:]
            user["id"] = .string("id-\(users.count)")
            user["meta"] = ["lastModified": .string("2026-11-21T10:00:00.\(100 + users.count % 900)Z")]
            users.append(.object(user))
            return ["status": "201"]
        }
        return Self.json(["Operations": .array(answers)])
    }

    private mutating func createGroup(_ request: HTTPTestServer.Request) throws -> HTTPTestServer.Answer {
        let limits = JSONLimits(maximumBytes: 16 << 20)
        let resource = try JSONValue(parsing: request.body, limits: limits)
        groupPosts += 1
        let members = (resource["members"]?.arrayValue ?? []).compactMap { $0["value"]?.stringValue }
        let group = DirectoryServer.Group(
            id: "group-\(groups.count)", name: resource["displayName"]?.stringValue ?? "", members: members)
        groups.append(group)
        var answer = Self.json(["id": .string(group.id)])
        answer.status = .created
        return answer
    }

    private mutating func patch(_ id: String, _ request: HTTPTestServer.Request) throws -> HTTPTestServer.Answer {
        guard let index = groups.firstIndex(where: { $0.id == id }) else { return .init(status: .notFound) }
        let operation = try JSONValue(parsing: request.body)["Operations"]?[0]
        let before = groups[index].members
        if operation?["op"]?.stringValue == "add" {
            let added = operation?["value"]?[0]?["value"]?.stringValue ?? ""
            if !before.contains(added) { groups[index].members.append(added) }
        } else if !keepsMembers {
            let path = operation?["path"]?.stringValue ?? ""
            groups[index].members.removeAll { path.contains("\"\($0)\"") }
        }
        if groups[index].members != before, !forgetsRevisions { groups[index].revision += 1 }
        return .init(status: .noContent)
    }

    // MARK: - Lists

    private static func list(_ all: [JSONValue], _ query: [String: String]) -> HTTPTestServer.Answer {
        let descending = query["sortOrder"] == "descending"
        let ordered = descending ? all.reversed() : all
        let first = query["cursor"].map { Int($0) ?? 0 } ?? (query["startIndex"].flatMap { Int($0) } ?? 1) - 1
        let count = query["count"].flatMap { Int($0) } ?? 100
        let page = ordered.dropFirst(first).prefix(count)
        var list: JSONObject = [
            "totalResults": .number(JSONNumber(Int64(all.count))), "Resources": .array(Array(page)),
        ]
        if query["cursor"] != nil, first + page.count < all.count {
            list["nextCursor"] = .string("\(first + page.count)")
        }
        return json(.object(list))
    }

    /// By the last quoted text, or all of them for groups.
    private static func matches(_ user: JSONValue, _ filter: String?) -> Bool {
        guard let filter else { return true }
        let name = user["userName"]?.stringValue ?? ""
        let value = filter.split(separator: "\"").dropFirst().first.map { String($0) } ?? ""
        return filter.contains(" sw ") ? name.hasPrefix(value) : name == value
    }

    private static func matches(_ group: DirectoryServer.Group, _ filter: String?) -> Bool {
        let parts = (filter ?? "").split(separator: "\"").map { String($0) }
        if parts.count >= 4 { return group.id == parts[1] && group.members.contains(parts[3]) }
        return parts.count >= 2 && group.name == parts[1]
    }

    private static func json(_ value: JSONValue) -> HTTPTestServer.Answer {
        .init(status: .ok, headers: ["Content-Type": "application/scim+json"], body: value.serialize())
    }
}

/// Lends a server and a client of it, both ended afterwards.
func withDirectory<Value>(
    _ script: @escaping @Sendable (Int) -> DirectoryServer.BulkAnswer = { _ in .accept },
    _ body: (DirectoryServer, SCIMClient) async throws -> Value
) async throws -> Value {
    let server = try await DirectoryServer.start(script)
    let client = SCIMClient(target: try Target(server.url, allowingRemote: false), token: "t")
    do {
        let value = try await body(server, client)
        try await client.shutDown()
        try await server.stop()
        return value
    } catch {
        try? await client.shutDown()
        try? await server.stop()
        throw error
    }
}
