// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Queue
import Redis

/// The whole content of a queue; the model keeps one, and Redis is read into one.
struct QueueSnapshot: Equatable {
    /// The value of `P:alive`.
    var alive: String?
    var lanes: [String: Lane] = [:]
    /// Lane, tenant, resource: ready since. Without empty sets.
    var ready: [Lane: [String: [String: Int64]]] = [:]
    var due: [String: Int64] = [:]
    var leaseEnds: [String: Int64] = [:]
    var owners: [String: String] = [:]
    var dirty: Set<String> = []
    var paused: Set<String> = []
    /// Lane, tenant: virtual start of the next lease.
    var turns: [Lane: [String: Int64]] = [:]
    /// Lanes: how far ahead. `clock:<lane>`: virtual start of the last lease.
    var clocks: [String: Int64] = [:]
    var wakeTokens = 0
    /// Fields of `P:limit:<endpoint>` that are not 0.
    var limit: [String: Int64] = [:]
    /// What workers said of leases that need no place: when, and how many.
    var resting: [String: String] = [:]

    /// - Parameters:
    ///   - tenants: Every tenant that can occur.
    ///   - limit: The limit of calls, if one is used.
    static func read(
        _ client: RedisClient, prefix: String, tenants: [String], limit: CallLimit? = nil
    ) async throws -> QueueSnapshot {
        var commands = [
            RedisCommand("GET", prefix + ":alive"), RedisCommand("HGETALL", prefix + ":meta"),
            RedisCommand("ZRANGE", prefix + ":due", "0", "-1", "WITHSCORES"),
            RedisCommand("ZRANGE", prefix + ":lease", "0", "-1", "WITHSCORES"),
            RedisCommand("HGETALL", prefix + ":owner"), RedisCommand("SMEMBERS", prefix + ":dirty"),
            RedisCommand("SMEMBERS", prefix + ":paused"), RedisCommand("HGETALL", prefix + ":turn"),
            RedisCommand("LLEN", prefix + ":wake"),
            RedisCommand("HGETALL", "\(prefix):limit:\(limit?.endpoint ?? "")"),
            RedisCommand("HGETALL", prefix + ":resting"),
        ]
        for lane in Lane.allCases {
            commands.append(RedisCommand("ZRANGE", "\(prefix):turn:\(lane.rawValue)", "0", "-1", "WITHSCORES"))
            for tenant in tenants {
                let key = "\(prefix):ready:\(lane.rawValue):\(tenant)"
                commands.append(RedisCommand("ZRANGE", key, "0", "-1", "WITHSCORES"))
            }
        }
        let replies = try await client.pipeline(commands).map { try $0.get() }
        var snapshot = QueueSnapshot()
        snapshot.alive = replies[0].string
        snapshot.lanes = pairs(replies[1]).compactMapValues { Lane(rawValue: $0) }
        snapshot.due = numbers(replies[2])
        snapshot.leaseEnds = numbers(replies[3])
        snapshot.owners = pairs(replies[4])
        snapshot.dirty = members(replies[5])
        snapshot.paused = members(replies[6])
        snapshot.clocks = numbers(replies[7])
        snapshot.wakeTokens = Int(replies[8].integer ?? -1)
        if let limit {
            snapshot.limit = numbers(replies[9]).filter { $0.value != 0 }
            snapshot.limit["limit"] = snapshot.limit["limit"] ?? Int64(limit.start) * 1_000
        }
        snapshot.resting = pairs(replies[10])
        var index = 11
        for lane in Lane.allCases {
            let turns = numbers(replies[index])
            if !turns.isEmpty { snapshot.turns[lane] = turns }
            for (offset, tenant) in tenants.enumerated() {
                let ready = numbers(replies[index + 1 + offset])
                if !ready.isEmpty { snapshot.ready[lane, default: [:]][tenant] = ready }
            }
            index += 1 + tenants.count
        }
        return snapshot
    }

    /// What must hold in every state; empty when it does.
    var violations: [String] {
        var found: [String] = []
        var places: [String: Int] = [:]
        for (lane, tenants) in ready {
            for (tenant, resources) in tenants {
                for key in resources.keys {
                    places[key, default: 0] += 1
                    if lanes[key] != lane { found.append("\(key) is ready in a lane that is not its own") }
                    if !key.hasPrefix(tenant + "/") { found.append("\(key) is ready for another tenant") }
                }
                let hasTurn = turns[lane]?[tenant] != nil
                if !hasTurn, !paused.contains("tenant:\(tenant)") { found.append("\(tenant) has no turn in \(lane)") }
            }
        }
        for key in due.keys { places[key, default: 0] += 1 }
        for key in leaseEnds.keys { places[key, default: 0] += 1 }
        for (key, count) in places where count > 1 { found.append("\(key) is in \(count) places") }
        if Set(places.keys) != Set(lanes.keys) { found.append("P:meta does not name what is queued") }
        if Set(owners.keys) != Set(leaseEnds.keys) { found.append("P:owner does not name what is leased") }
        if !dirty.isSubset(of: leaseEnds.keys) { found.append("something is dirty that is not leased") }
        return found
    }

    private static func strings(_ reply: RedisReply) -> [String] { reply.array?.compactMap(\.string) ?? [] }

    private static func members(_ reply: RedisReply) -> Set<String> { Set(strings(reply)) }

    private static func pairs(_ reply: RedisReply) -> [String: String] {
        let words = strings(reply)
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) })
    }

    private static func numbers(_ reply: RedisReply) -> [String: Int64] {
        pairs(reply).mapValues { text in Int64(text) ?? Double(text).map { Int64($0) } ?? .min }
    }
}
