// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// What the queue does for a resource, by scripts that decide nothing: they touch the same keys by the same commands, for as many resources in a
/// call. What the queue's own scripts cost more is lanes, tenants, dirty marks, pauses, wake-ups and the order of due times.
struct BareQueue: Sendable {
    let client: RedisClient
    /// Of all keys, with their hash tag.
    let prefix: String

    /// `ARGV`: resources.
    private static let enqueue = RedisScript(
        "bench-bare-enqueue",
        """
        local P = KEYS[1]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        for _, key in ipairs(ARGV) do
            redis.call('HSETNX', P .. ':meta', key, 'interactive')
            redis.call('ZADD', P .. ':ready', now, key)
        end
        return 1
        """)

    /// `ARGV`: token, how many to lease, then the resources to release. Reply: those leased.
    private static let turn = RedisScript(
        "bench-bare-turn",
        """
        local P = KEYS[1]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        for i = 3, #ARGV do
            local key = ARGV[i]
            redis.call('HGET', P .. ':owner', key)
            redis.call('ZREM', P .. ':lease', key)
            redis.call('HDEL', P .. ':owner', key)
            redis.call('SREM', P .. ':dirty', key)
            redis.call('HDEL', P .. ':meta', key)
        end
        local reply = {}
        for i = 1, tonumber(ARGV[2]) do
            local head = redis.call('ZPOPMIN', P .. ':ready')
            if not head[1] then break end
            redis.call('ZADD', P .. ':lease', now + 15000, head[1])
            redis.call('HSET', P .. ':owner', head[1], ARGV[1])
            reply[i] = head[1]
        end
        return reply
        """)

    func enqueue(_ keys: [String]) async throws {
        _ = try await client.run(Self.enqueue, keys: [prefix], arguments: RedisArguments(keys))
    }

    /// - Returns: What was leased.
    func turn(releasing keys: [String], leasing count: Int, token: String) async throws -> [String] {
        var arguments: RedisArguments = [token]
        arguments.append(count)
        for key in keys { arguments.append(key) }
        let reply = try await client.run(Self.turn, keys: [prefix], arguments: arguments)
        return (reply.array ?? []).compactMap(\.string)
    }
}
