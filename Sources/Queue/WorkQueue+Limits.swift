// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Redis

/// What operators ask about UDM.
extension WorkQueue {
    /// Breaker, limit and calls of all workers; see ``LimitLua``. Only looks.
    ///
    /// Redis is walked over for the names of endpoints, which nothing else keeps: for operators, not for a sample.
    package func callLimits() async throws(RedisError) -> CallLimitOverview {
        let names = try await endpoints()
        var commands = [
            RedisCommand("TIME"), RedisCommand("ZCARD", prefix + ":lease"),
            RedisCommand("HGETALL", prefix + ":resting"),
        ]
        for name in names { commands.append(RedisCommand("HGETALL", "\(prefix):limit:\(name)")) }
        var replies: [RedisReply] = []
        for result in try await client.pipeline(commands) { replies.append(try result.get()) }
        guard let time = replies[0].array?.compactMap(\.integer), time.count == 2, let leased = replies[1].integer
        else {
            throw QueueReply.unexpected
        }
        let now = scriptTime ?? time[0] * 1_000 + time[1] / 1_000
        let resting = Self.fields(replies[2]).values.reduce(0) { sum, said in
            let words = said.split(separator: " ")
            guard words.count == 2, let at = Int64(words[0]), at > now - CallLimiter.restingLength else { return sum }
            return sum + (Int(words[1]) ?? 0)
        }
        return CallLimitOverview(
            endpoints: zip(names, replies.dropFirst(3)).map { Self.endpoint($0, Self.fields($1), at: now) },
            calling: max(0, Int(leased) - resting), resting: min(resting, Int(leased)))
    }

    private func endpoints() async throws(RedisError) -> [String] {
        let names = prefix + ":limit:"
        var found: Set<String> = []
        var cursor = "0"
        repeat {
            // The characters of a queue's name mean nothing else in a pattern.
            let reply = try await client.send(RedisCommand("SCAN", cursor, "MATCH", names + "*", "COUNT", "1000"))
            guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let keys = parts[1].array
            else { throw QueueReply.unexpected }
            for key in keys { if let key = key.string { found.insert(String(key.dropFirst(names.count))) } }
            cursor = next
        } while cursor != "0"
        return found.sorted()
    }

    private static func endpoint(
        _ name: String, _ fields: [String: String], at now: Int64
    ) -> CallLimitOverview.Endpoint {
        func number(_ field: String) -> Int64? { fields[field].flatMap { Int64($0) } }
        let breaker = CallLimitState.Breaker(rawValue: Int(number("breaker") ?? 0)) ?? .closed
        return CallLimitOverview.Endpoint(
            name: name, breaker: breaker,
            triedIn: breaker == .open ? .milliseconds(max(0, (number("until") ?? now) - now)) : nil,
            probes: breaker == .halfOpen ? Int(number("probes") ?? 1) : nil,
            limit: number("limit").map { Int($0 / 1_000) })
    }

    private static func fields(_ reply: RedisReply) -> [String: String] {
        let words = reply.array?.compactMap(\.string) ?? []
        return Dictionary(
            stride(from: 0, to: words.count - 1, by: 2).map { (words[$0], words[$0 + 1]) }, uniquingKeysWith: { $1 })
    }
}
