// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What a seed decides about a round before it begins.
struct Plan: Sendable {
    let seed: UInt64
    /// Roles of each process, by its name.
    let processes: [(name: String, roles: [String])]
    /// `UDM_CONCURRENCY_MAX`: 1 is one job after the other, more is pushed side by side.
    let slots: Int
    /// `OUTCOME_BATCH`: 1 is one outcome in a transaction.
    let outcomeBatch: Int
    /// `CLIENT_INTERACTIVE_RATE`: beyond it single writes go to the lane `bulk`, so 1 sends nearly all there and 1000 none.
    let interactiveRate: Int
    /// `MEMBERS_BY_USER_FROM`: 1 is members through the users' `groups`, 0 always the group's list.
    let membersByUserFrom: Int
    /// `EVENTS_EMIT_ON=accepted`.
    let emitsOnAcceptance: Bool
    /// `ON_PERMANENT_REFUSAL=revert`.
    let revertsRefusals: Bool
    /// `EVENTS_SINKS`.
    let sinks: [String]
    let latencyMilliseconds: Int
    /// Kills at which the storm ends.
    let kills: Int

    static let provisioning = "provisioning"
    static let webhook = "webhook"
    static let stream = "redis-stream"

    private static let layouts: [[(name: String, roles: [String])]] = [
        [("api-1", ["api"]), ("worker-1", ["worker", "events"])],
        [("api-1", ["api"]), ("worker-1", ["worker", "events"]), ("worker-2", ["worker", "events"])],
        [("all-1", ["api", "worker", "events"]), ("all-2", ["api", "worker", "events"])],
        [("api-1", ["api"]), ("api-2", ["api"]), ("worker-1", ["worker"]), ("worker-2", ["worker", "events"])],
        [("api-1", ["api", "events"]), ("worker-1", ["worker"]), ("worker-2", ["worker"])],
    ]

    init(seed: UInt64, kills: Int) {
        var random = Seed(seed)
        self.seed = seed
        self.kills = kills
        processes = Self.layouts[Int(random.next() % UInt64(Self.layouts.count))]
        slots = [1, 2, 8, 16][Int(random.next() % 4)]
        latencyMilliseconds = [0, 5, 30][Int(random.next() % 3)]
        outcomeBatch = [1, 4, 64][Int(random.next() % 3)]
        interactiveRate = [1, 10, 1000][Int(random.next() % 3)]
        // In turn, so that a short run has seen each of them.
        membersByUserFrom = seed % 2 == 0 ? 1 : 0
        emitsOnAcceptance = seed % 3 == 2
        sinks = seed % 4 == 0 ? [Self.provisioning] : [Self.provisioning, Self.webhook, Self.stream]
        revertsRefusals = seed % 5 == 3
    }

    /// How long UDM takes for so many writes, each read and changed, and once more for its groups.
    func seconds(for writes: Int) -> Int { writes * 3 * latencyMilliseconds / (1000 * slots) }

    var description: String {
        let layout = processes.map { "\($0.name)=\($0.roles.joined(separator: "+"))" }.joined(separator: " ")
        return """
            \(layout), \(slots) slots, outcomes by \(outcomeBatch), \(interactiveRate)/s interactive, \
            members by \(membersByUserFrom == 0 ? "list" : "user"), \
            events \(emitsOnAcceptance ? "on acceptance" : "when completed") to \(sinks.joined(separator: " ")), \
            refusals \(revertsRefusals ? "reverted" : "kept"), \
            UDM \(latencyMilliseconds) ms
            """
    }
}

/// The failpoints of the code, as its documentation lists them.
struct Failpoints: Sendable {
    private var byRole: [String: [String]]

    init(documentation path: String) throws {
        let row = /^\| `([^`]+)` \| (api|worker|events) \|/
        var byRole: [String: [String]] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            if let match = line.prefixMatch(of: row) { byRole[String(match.2), default: []].append(String(match.1)) }
        }
        guard !byRole.isEmpty else { throw ChaosFailure("\(path) lists no failpoints") }
        self.byRole = byRole
    }

    /// Without those of a part that a round does not have.
    func without(_ prefix: String) -> Failpoints {
        var others = self
        others.byRole = byRole.mapValues { $0.filter { !$0.hasPrefix(prefix) } }
        return others
    }

    func draw(for roles: [String], using random: inout Seed) -> (name: String, hit: Int) {
        let names = roles.flatMap { byRole[$0] ?? [] }
        let name = names[Int(random.next() % UInt64(names.count))]
        // Soon, for the places that are seldom passed; later, so that something has been done before.
        let hit = random.chance(0.4) ? 1 + Int(random.next() % 3) : 1 + Int(random.next() % 40)
        return (name, hit)
    }
}
