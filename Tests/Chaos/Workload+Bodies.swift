// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What clients write. Every number is used once, so that no two writes say the same.
extension Workload {
    private static let userSchema: JSONValue = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    private static let groupSchema: JSONValue = ["urn:ietf:params:scim:schemas:core:2.0:Group"]

    /// Nothing of which is refused.
    func soundUser(_ number: Int) -> JSONObject {
        [
            "schemas": Self.userSchema, "userName": .string("u\(refusals.seed)-\(number)"),
            "name": ["givenName": .string("Given\(number)"), "familyName": .string("Family\(number)")],
            "displayName": .string("Person \(number)"), "title": .string("t\(number)"),
            "emails": mailbox(number, isRefused: false), "active": true,
        ]
    }

    func drawnUser(_ number: Int, _ player: inout Player) -> JSONObject {
        var user = soundUser(number)
        user["userName"] = .string(userName(number, &player, refused: 0.07))
        if player.random.chance(0.07) { user["emails"] = mailbox(number, isRefused: true) }
        if player.random.chance(0.4) {
            user["password"] = .string(refusals.password(number, isWeak: player.random.chance(0.1)))
        }
        return user
    }

    func drawnGroup(_ number: Int, _ player: inout Player) -> JSONObject {
        var members: [JSONValue] = []
        for _ in 0..<Int(player.random.next() % 6) {
            if let id = user(&player) { members.append(["value": .string(id), "type": "User"]) }
        }
        if player.random.chance(0.2), let id = group(&player) {
            members.append(["value": .string(id), "type": "Group"])
        }
        return [
            "schemas": Self.groupSchema, "displayName": .string(groupName(number, &player)),
            "members": .array(members),
        ]
    }

    /// - Parameter refused: How often it is one that UDM refuses.
    func userName(_ number: Int, _ player: inout Player, refused: Double) -> String {
        let name = "u\(refusals.seed)-\(number)"
        guard player.random.chance(refused) else { return name }
        return (player.random.chance(0.7) ? nextReservedName() : nextTakenName()) ?? name
    }

    func groupName(_ number: Int, _ player: inout Player) -> String {
        let name = "g\(refusals.seed)-\(number)"
        return player.random.chance(0.07) ? nextTakenName() ?? name : name
    }

    /// The one address that UDM has a mailbox for.
    func mailbox(_ number: Int, isRefused: Bool) -> JSONValue {
        let domain = isRefused ? Refusals.badDomain : Refusals.goodDomain
        return [["value": .string("m\(number)@\(domain)"), "type": "mailbox"]]
    }
}
