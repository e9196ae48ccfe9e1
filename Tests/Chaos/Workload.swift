// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import SCIM
internal import Synchronization

/// Identity providers that write at random: several clients and tenants, users and groups, all operations, passwords, conditions, and values
/// that UDM refuses. They take any failure as it comes, as they do not know either whether the write was stored.
final class Workload: Sendable {
    private struct State {
        var users: [String: [String]] = [:]
        var groups: [String: [String]] = [:]
        /// Users that have something that UDM refuses, as far as clients know.
        var ailing: [String: [String]] = [:]
        var revisions: [String: Int] = [:]
        var passwords: [String: [String]] = [:]
        var attempts: [Attempt] = []
        /// By status; 0 for no answer.
        var answers: [Int: Int] = [:]
        /// Answers that no client deserves: 5xx other than 503.
        var faults: [String] = []
        var nextNumber = 0
        var reservedNames = 0
        var takenNames = 0
    }

    struct Player: Sendable {
        let tenant: String
        let token: String
        var random: Seed
    }

    let refusals: Refusals
    private let addresses: [String]
    private let tokens: [String: [String]]
    private let seed: UInt64
    private let state = Mutex(State())
    private let client = HTTPClient.shared

    private static let patchSchema: JSONValue = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    private static let bulkSchema: JSONValue = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]

    init(refusals: Refusals, ports: [Int], tokens: [String: [String]]) {
        self.refusals = refusals
        seed = refusals.seed
        addresses = ports.map { "http://127.0.0.1:\($0)/scim/v2" }
        self.tokens = tokens
    }

    var attempts: [Attempt] { state.withLock { $0.attempts } }
    var accepted: Int { state.withLock { $0.attempts.count(where: \.isAccepted) } }
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

    private func play(_ player: Player) async {
        var player = player
        while !Task.isCancelled {
            await act(&player)
            try? await Task.sleep(for: player.random.milliseconds(5...60))  // only cancellation ends it early
        }
    }

    /// So many users at once, sound ones.
    func createUsers(_ count: Int) async {
        guard let (tenant, tokens) = tokens.first, let token = tokens.first else { return }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                let player = Player(tenant: tenant, token: token, random: Seed(seed))
                group.addTask { await self.create(player, "Users", self.soundUser(self.number())) }
            }
        }
    }

    private enum Act {
        case createUser, changeUser, setPassword, replaceUser, heal, deleteUser
        case createGroup, changeMembers, renameGroup, deleteGroup, bulk
    }

    private func act(_ player: inout Player) async {
        let act: Act = player.random.pick([
            (28, .createUser), (20, .changeUser), (8, .setPassword), (6, .replaceUser), (5, .heal), (7, .deleteUser),
            (8, .createGroup), (13, .changeMembers), (3, .renameGroup), (3, .deleteGroup), (3, .bulk),
        ])
        let number = number()
        switch act {
        case .createUser: await create(player, "Users", drawnUser(number, &player))
        case .changeUser: await changeUser(number, &player)
        case .setPassword:
            guard let id = user(&player) else { return }
            let password = password(number, of: id, &player)
            await patch(player, "Users", id, ["password": .string(password)], condition(id, &player))
        case .replaceUser:
            guard let id = user(&player) else { return }
            await replace(player, id, drawnUser(number, &player), condition(id, &player))
        case .heal:
            guard let id = ailing(&player) else { return }
            var user = soundUser(number)
            user["password"] = .string(refusals.password(number, isWeak: false))
            await replace(player, id, user, .none)
        case .deleteUser:
            guard let id = user(&player) else { return }
            await delete(player, "/Users/\(id)", id, condition(id, &player))
        case .createGroup: await create(player, "Groups", drawnGroup(number, &player))
        case .changeMembers: await changeMembers(&player)
        case .renameGroup:
            guard let id = group(&player) else { return }
            let name = groupName(number, &player)
            await patch(player, "Groups", id, ["displayName": .string(name)], condition(id, &player))
        case .deleteGroup:
            guard let id = group(&player) else { return }
            await delete(player, "/Groups/\(id)", id, condition(id, &player))
        case .bulk: await bulk(player, number)
        }
    }

    private func changeUser(_ number: Int, _ player: inout Player) async {
        guard let id = user(&player) else { return }
        let change: JSONObject
        switch player.random.next() % 10 {
        case 0: change = ["emails": mailbox(number, isRefused: true)]
        case 1, 2: change = ["emails": mailbox(number, isRefused: false)]
        case 3: change = ["userName": .string(userName(number, &player, refused: 0.5))]
        default: change = ["title": .string("t\(number)")]
        }
        await patch(player, "Users", id, change, condition(id, &player))
    }

    // MARK: Who and what

    private func number() -> Int {
        state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
    }

    /// A random one of the tenant's users; nil while there is none.
    func user(_ player: inout Player) -> String? {
        one(of: state.withLock { $0.users[player.tenant] ?? [] }, &player)
    }

    func group(_ player: inout Player) -> String? {
        one(of: state.withLock { $0.groups[player.tenant] ?? [] }, &player)
    }

    private func ailing(_ player: inout Player) -> String? {
        one(of: state.withLock { $0.ailing[player.tenant] ?? [] }, &player)
    }

    private func one(of ids: [String], _ player: inout Player) -> String? {
        ids.isEmpty ? nil : ids[Int(player.random.next() % UInt64(ids.count))]
    }

    private func condition(_ id: String, _ player: inout Player) -> Attempt.Condition {
        guard player.random.chance(0.3), let revision = state.withLock({ $0.revisions[id] }) else { return .none }
        return player.random.chance(0.6) ? .match(revision) : .stale(revision - 1)
    }

    /// Nil when they are used up.
    func nextReservedName() -> String? {
        state.withLock { state in
            guard state.reservedNames < Refusals.names else { return nil }
            state.reservedNames += 1
            return refusals.reservedName(state.reservedNames - 1)
        }
    }

    func nextTakenName() -> String? {
        state.withLock { state in
            guard state.takenNames < Refusals.names else { return nil }
            state.takenNames += 1
            return refusals.takenName(state.takenNames - 1)
        }
    }

    /// Mostly a new one; at times weak, at times one that the user had before.
    private func password(_ number: Int, of id: String, _ player: inout Player) -> String {
        if player.random.chance(0.15), let former = one(of: state.withLock { $0.passwords[id] ?? [] }, &player) {
            return former
        }
        return refusals.password(number, isWeak: player.random.chance(0.2))
    }

    // MARK: Requests

    private func create(_ player: Player, _ endpoint: String, _ body: JSONObject) async {
        var attempt = attempt("create", nil)
        attempt.attributes = body
        await send(player, .POST, "/\(endpoint)", body, attempt)
    }

    private func replace(_ player: Player, _ id: String, _ body: JSONObject, _ condition: Attempt.Condition) async {
        var attempt = attempt("modify", id, condition)
        attempt.attributes = body
        await send(player, .PUT, "/Users/\(id)", body, attempt)
    }

    private func patch(
        _ player: Player, _ endpoint: String, _ id: String, _ attributes: JSONObject, _ condition: Attempt.Condition
    ) async {
        var attempt = attempt("modify", id, condition)
        attempt.attributes = attributes
        let operations = attributes.map { name, value -> JSONValue in
            ["op": "replace", "path": .string(name), "value": value]
        }
        await send(
            player, .PATCH, "/\(endpoint)/\(id)", ["schemas": Self.patchSchema, "Operations": .array(operations)],
            attempt)
    }

    private func delete(_ player: Player, _ path: String, _ id: String, _ condition: Attempt.Condition) async {
        await send(player, .DELETE, path, nil, attempt("delete", id, condition))
    }

    private func changeMembers(_ player: inout Player) async {
        guard let group = group(&player), let member = user(&player) else { return }
        var attempt = attempt("modify", group, condition(group, &player))
        attempt.mayChangeNothing = true
        let operation: JSONValue
        if player.random.chance(0.65) {
            operation = ["op": "add", "path": "members", "value": [["value": .string(member)]]]
            attempt.addedMembers = [member]
        } else {
            operation = ["op": "remove", "path": .string("members[value eq \"\(member)\"]")]
            attempt.removedMembers = [member]
        }
        await send(
            player, .PATCH, "/Groups/\(group)", ["schemas": Self.patchSchema, "Operations": .array([operation])],
            attempt)
    }

    private func bulk(_ player: Player, _ number: Int) async {
        let users = (0..<4).map { index -> JSONObject in
            var user = soundUser(number)
            user["userName"] = .string("b\(seed)-\(number)-\(index)")
            user["emails"] = nil
            return user
        }
        let operations = users.enumerated().map { index, user -> JSONValue in
            ["method": "POST", "path": "/Users", "bulkId": .string("b\(index)"), "data": .object(user)]
        }
        let requestID = LowercaseUUID.random().description
        let body: JSONObject = ["schemas": Self.bulkSchema, "Operations": .array(operations)]
        guard let (status, _, answer) = await exchange(player, .POST, "/Bulk", body, requestID, .none), status == 200
        else { return }
        for (user, result) in zip(users, answer["Operations"]?.arrayValue ?? [])
        where result["status"]?.stringValue == "201" {
            guard let id = result["location"]?.stringValue?.split(separator: "/").last.map(String.init) else {
                continue
            }
            var attempt = Attempt(requestID: requestID, resourceID: id, operation: "create")
            attempt.attributes = user
            attempt.status = 201
            attempt.revision = Self.revision(result["version"]?.stringValue)
            note(attempt, player, "/Users")
        }
    }

    private func attempt(
        _ operation: String, _ id: String?, _ condition: Attempt.Condition = .none
    ) -> Attempt {
        Attempt(
            requestID: LowercaseUUID.random().description, resourceID: id, operation: operation, condition: condition)
    }

    private func send(
        _ player: Player, _ method: HTTPMethod, _ path: String, _ body: JSONObject?, _ attempt: Attempt
    ) async {
        var attempt = attempt
        attempt.password = attempt.attributes["password"]?.stringValue
        for name in ["schemas", "password", "members"] { attempt.attributes[name] = nil }
        if let (status, etag, answer) = await exchange(
            player, method, path, body, attempt.requestID, attempt.condition)
        {
            attempt.status = status
            attempt.resourceID = attempt.resourceID ?? answer["id"]?.stringValue
            attempt.revision = Self.revision(etag)
        }
        note(attempt, player, path)
    }

    private func note(_ attempt: Attempt, _ player: Player, _ path: String) {
        let tenant = player.tenant
        let isUser = path.hasPrefix("/Users")
        state.withLock { state in
            state.attempts.append(attempt)
            guard attempt.isAccepted, let id = attempt.resourceID else { return }
            if let revision = attempt.revision { state.revisions[id] = max(revision, state.revisions[id] ?? 0) }
            if let password = attempt.password { state.passwords[id, default: []].append(password) }
            switch attempt.operation {
            case "create" where isUser: state.users[tenant, default: []].append(id)
            case "create": state.groups[tenant, default: []].append(id)
            case "delete":
                state.users[tenant]?.removeAll { $0 == id }
                state.groups[tenant]?.removeAll { $0 == id }
                state.ailing[tenant]?.removeAll { $0 == id }
            default: break
            }
            guard isUser, attempt.operation != "delete" else { return }
            if isRefused(attempt) {
                state.ailing[tenant, default: []].append(id)
            } else if attempt.attributes["userName"] != nil, attempt.password != nil {
                state.ailing[tenant]?.removeAll { $0 == id }
            }
        }
    }

    private func isRefused(_ attempt: Attempt) -> Bool {
        let properties = Refusals.properties(of: .object(attempt.attributes), type: "User")
        return refusals.isTaken(properties["username"])
            || properties.contains { refusals.refuses($0.key, $0.value) }
            || attempt.password.map { refusals.isWeak($0) } ?? false
    }

    /// - Returns: nil without an answer: whether the write was stored nobody knows.
    private func exchange(
        _ player: Player, _ method: HTTPMethod, _ path: String, _ body: JSONObject?, _ requestID: String,
        _ condition: Attempt.Condition
    ) async -> (status: Int, etag: String?, body: JSONValue)? {
        let address = addresses[requestID.utf8.reduce(0) { $0 &+ Int($1) } % addresses.count]
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(player.token)")
        request.headers.add(name: "X-Request-ID", value: requestID)
        switch condition {
        case .none: break
        case .match(let revision), .stale(let revision):
            request.headers.add(name: "If-Match", value: "W/\"\(revision)\"")
        }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/scim+json")
            request.body = .bytes(ByteBuffer(bytes: JSONValue.object(body).serialize()))
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
