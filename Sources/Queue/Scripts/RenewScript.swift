// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Extends leases of their present holder.
///
/// A lease of another generation that nobody else holds now was lost with the content of Redis, so it is registered
/// anew; if the resource was queued again meanwhile, that becomes its dirty mark. A lease of this generation that is
/// missing is over.
///
/// `ARGV`: time, length, then for each lease resource, token, lane, generation (empty: must not be registered anew).
/// Reply: `alive`, then the resources that are not the caller's any more.
enum RenewScript {
    static let script = RedisScript(
        "renew",
        QueueLua.prelude + QueueLua.refuseLost + QueueLua.evenIfFull + """
            local generation = tonumber(string.match(alive, '%d+$'))
            local expiry, reply = now + tonumber(ARGV[2]), {alive}
            for i = 3, #ARGV, 4 do
                local key, token, lane, given = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
                if redis.call('HGET', OWNER, key) == token then
                    redis.call('ZADD', LEASE, 'XX', expiry, key)
                elseif given and given ~= generation and not redis.call('ZSCORE', LEASE, key) then
                    if redis.call('HSETNX', META, key, lane) == 0 then
                        local known = redis.call('HGET', META, key)
                        local tenant = string.match(key, '^[^/]*')
                        redis.call('ZREM', P .. ':ready:' .. known .. ':' .. tenant, key)
                        redis.call('ZREM', DUE, key)
                        redis.call('SADD', DIRTY, key)
                    end
                    redis.call('ZADD', LEASE, expiry, key)
                    redis.call('HSET', OWNER, key, token)
                else
                    reply[#reply + 1] = key
                end
            end
            return reply
            """)

    static func arguments(
        _ leases: ArraySlice<QueueLease>, length: Duration, at instant: ContinuousClock.Instant, now: Int64?
    ) -> RedisArguments {
        var arguments = QueueLua.arguments(now)
        arguments.append(length.milliseconds)
        for lease in leases {
            arguments.append(lease.key.description)
            arguments.append(lease.token)
            arguments.append(lease.lane.rawValue)
            // Past its deadline a lease may have been given to somebody who has finished since.
            arguments.append(lease.deadline > instant ? String(lease.generation) : "")
        }
        return arguments
    }
}
