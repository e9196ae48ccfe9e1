// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import SCIM
internal import Synchronization

/// What clients were told, to be compared with what became of it.
struct AcceptedWrite: Sendable {
    let requestID: String
    let resourceID: String
    /// `create`, `modify` or `delete`.
    let operation: String
    /// As the answer's ETag has it; nil after a delete.
    let revision: Int?
    /// False where the write may have changed nothing, such as a member that was there already.
    let changesSomething: Bool
}

/// Identity providers that write at random: several clients and tenants, users and groups, all operations. They take any failure as it
/// comes, as they do not know either whether the write was stored.
final class Workload: Sendable {
    private struct State {
        var users: [String: [String]] = [:]
        var groups: [String: [String]] = [:]
        var accepted: [AcceptedWrite] = []
        /// By status; 0 for no answer.
        var answers: [Int: Int] = [:]
        /// Answers that no client deserves: 5xx other than 503.
        var faults: [String] = []
        var nextNumber = 0
    }

    private let addresses: [String]
    private let tokens: [String: [String]]
    private let seed: UInt64
    private let state = Mutex(State())
    private let client = HTTPClient.shared

    private static let userSchema: JSONValue = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    private static let groupSchema: JSONValue = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    private static let patchSchema: JSONValue = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    private static let bulkSchema: JSONValue = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]

    init(seed: UInt64, ports: [Int], tokens: [String: [String]]) {
        self.seed = seed
        addresses = ports.map { "http://127.0.0.1:\($0)/scim/v2" }
        self.tokens = tokens
    }

    var accepted: [AcceptedWrite] { state.withLock { $0.accepted } }
    var answers: [Int: Int] { state.withLock { $0.answers } }
    var faults: [String] { state.withLock { $0.faults } }

    /// Writes until it is cancelled.
    func run() async {
        var random = Seed(seed ^ 0x57_4F_52_4B)
        await withTaskGroup(of: Void.self) { group in
            for (tenant, tokens) in tokens.sorted(by: { $0.key < $1.key }) {
                for token in tokens {
                    let player = Player(tenant: tenant, token: token, random: random.split())
                    group.addTask { await self.play(player) }
                }
            }
        }
    }

    private struct Player: Sendable {
        let tenant: String
        let token: String
        var random: Seed
    }

    private func play(_ player: Player) async {
        var player = player
        while !Task.isCancelled {
            await act(&player)
            try? await Task.sleep(for: player.random.milliseconds(5...60))  // only cancellation ends it early
        }
    }

    private enum Act: CaseIterable {
        case createUser, changeUser, renameUser, deleteUser, createGroup, changeMembers, renameGroup, deleteGroup, bulk
    }

    private func act(_ player: inout Player) async {
        let act: Act = player.random.pick([
            (32, .createUser), (24, .changeUser), (7, .renameUser), (7, .deleteUser), (8, .createGroup),
            (13, .changeMembers), (3, .renameGroup), (3, .deleteGroup), (3, .bulk),
        ])
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        switch act {
        case .createUser: await create(player, "Users", user(number))
        case .changeUser:
            guard let id = user(&player) else { return }
            await patch(player, "Users", id, [["op": "replace", "path": "title", "value": .string("t\(number)")]])
        case .renameUser:
            guard let id = user(&player) else { return }
            await send(player, .PUT, "/Users/\(id)", user(number), id: id, operation: "modify")
        case .deleteUser:
            guard let id = user(&player) else { return }
            if await send(player, .DELETE, "/Users/\(id)", nil, id: id, operation: "delete") {
                forget(id, of: player.tenant)
            }
        case .createGroup: await create(player, "Groups", group(number, &player))
        case .changeMembers: await changeMembers(&player)
        case .renameGroup:
            guard let id = group(&player) else { return }
            await patch(
                player, "Groups", id,
                [["op": "replace", "path": "displayName", "value": .string("g\(seed)-\(number)")]]
            )
        case .deleteGroup:
            guard let id = group(&player) else { return }
            if await send(player, .DELETE, "/Groups/\(id)", nil, id: id, operation: "delete") {
                forget(id, of: player.tenant)
            }
        case .bulk: await bulk(player, number)
        }
    }

    private func forget(_ id: String, of tenant: String) {
        state.withLock { state in
            state.users[tenant, default: []].removeAll { $0 == id }
            state.groups[tenant, default: []].removeAll { $0 == id }
        }
    }

    // MARK: Bodies

    private func user(_ number: Int) -> JSONValue {
        [
            "schemas": Self.userSchema, "userName": .string("u\(seed)-\(number)"),
            "name": ["givenName": .string("Given\(number)"), "familyName": .string("Family\(number)")],
            "displayName": .string("Person \(number)"), "title": .string("t\(number)"),
            "emails": [["value": .string("u\(number)@home.test"), "type": "home"]], "active": true,
        ]
    }

    private func group(_ number: Int, _ player: inout Player) -> JSONValue {
        var members: [JSONValue] = []
        for _ in 0..<Int(player.random.next() % 6) {
            if let id = user(&player) { members.append(["value": .string(id), "type": "User"]) }
        }
        if player.random.chance(0.2), let id = group(&player) {
            members.append(["value": .string(id), "type": "Group"])
        }
        return [
            "schemas": Self.groupSchema, "displayName": .string("g\(seed)-\(number)"), "members": .array(members),
        ]
    }

    /// A random one of the tenant's users; nil while there is none.
    private func user(_ player: inout Player) -> String? {
        let users = state.withLock { $0.users[player.tenant] ?? [] }
        return users.isEmpty ? nil : users[Int(player.random.next() % UInt64(users.count))]
    }

    private func group(_ player: inout Player) -> String? {
        let groups = state.withLock { $0.groups[player.tenant] ?? [] }
        return groups.isEmpty ? nil : groups[Int(player.random.next() % UInt64(groups.count))]
    }

    // MARK: Requests

    private func create(_ player: Player, _ endpoint: String, _ body: JSONValue) async {
        await send(player, .POST, "/\(endpoint)", body, id: nil, operation: "create")
    }

    private func patch(
        _ player: Player, _ endpoint: String, _ id: String, _ operations: [JSONValue], changes: Bool = true
    ) async {
        await send(
            player, .PATCH, "/\(endpoint)/\(id)", ["schemas": Self.patchSchema, "Operations": .array(operations)],
            id: id, operation: "modify", changes: changes)
    }

    private func changeMembers(_ player: inout Player) async {
        guard let group = group(&player), let member = user(&player) else { return }
        let operation: JSONValue =
            player.random.chance(0.65)
            ? ["op": "add", "path": "members", "value": [["value": .string(member)]]]
            : ["op": "remove", "path": .string("members[value eq \"\(member)\"]")]
        await patch(player, "Groups", group, [operation], changes: false)
    }

    private func bulk(_ player: Player, _ number: Int) async {
        let operations = (0..<4).map { index -> JSONValue in
            var body = user(number).objectValue ?? [:]
            body["userName"] = .string("b\(seed)-\(number)-\(index)")
            body["emails"] = nil
            return [
                "method": "POST", "path": "/Users", "bulkId": .string("b\(index)"), "data": .object(body),
            ]
        }
        let requestID = LowercaseUUID.random().description
        let body: JSONValue = ["schemas": Self.bulkSchema, "Operations": .array(operations)]
        guard let (status, _, answer) = await exchange(player, .POST, "/Bulk", body, requestID), status == 200 else {
            return
        }
        for result in answer["Operations"]?.arrayValue ?? [] where result["status"]?.stringValue == "201" {
            guard let id = result["location"]?.stringValue?.split(separator: "/").last.map(String.init) else {
                continue
            }
            note(
                AcceptedWrite(
                    requestID: requestID, resourceID: id, operation: "create",
                    revision: Self.revision(result["version"]?.stringValue), changesSomething: true),
                player, "/Users")
        }
    }

    /// - Returns: Whether the write was accepted.
    @discardableResult
    private func send(
        _ player: Player, _ method: HTTPMethod, _ path: String, _ body: JSONValue?, id: String?, operation: String,
        changes: Bool = true
    ) async -> Bool {
        let requestID = LowercaseUUID.random().description
        guard let (status, etag, answer) = await exchange(player, method, path, body, requestID),
            (200..<300).contains(status), let id = id ?? answer["id"]?.stringValue
        else { return false }
        note(
            AcceptedWrite(
                requestID: requestID, resourceID: id, operation: operation, revision: Self.revision(etag),
                changesSomething: changes), player, path)
        return true
    }

    private func note(_ write: AcceptedWrite, _ player: Player, _ path: String) {
        state.withLock { state in
            state.accepted.append(write)
            guard write.operation == "create" else { return }
            if path.hasPrefix("/Users") {
                state.users[player.tenant, default: []].append(write.resourceID)
            } else {
                state.groups[player.tenant, default: []].append(write.resourceID)
            }
        }
    }

    /// - Returns: nil without an answer: whether the write was stored nobody knows.
    private func exchange(
        _ player: Player, _ method: HTTPMethod, _ path: String, _ body: JSONValue?, _ requestID: String
    ) async -> (status: Int, etag: String?, body: JSONValue)? {
        let address = addresses[requestID.utf8.reduce(0) { $0 &+ Int($1) } % addresses.count]
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(player.token)")
        request.headers.add(name: "X-Request-ID", value: requestID)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/scim+json")
            request.body = .bytes(ByteBuffer(bytes: body.serialize()))
        }
        do {
            let response = try await client.execute(request, timeout: .seconds(8))
            let content = try await response.body.collect(upTo: 8 << 20)
            let status = Int(response.status.code)
            let text = String(buffer: content)
            state.withLock { state in
                state.answers[status, default: 0] += 1
                if status >= 500, status != 503 { state.faults.append("\(method) \(path): \(status) \(text)") }
            }
            let value = content.readableBytes > 0 ? try JSONValue(parsing: text) : .null
            return (status, response.headers.first(name: "ETag"), value)
        } catch {
            state.withLock { $0.answers[0, default: 0] += 1 }
            return nil
        }
    }

    /// Of `W/"12"`.
    private static func revision(_ etag: String?) -> Int? {
        etag.flatMap { Int($0.filter(\.isNumber)) }
    }
}
