// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Counts the sets. Work grows with the number of tenants, not of resources.
///
/// `ARGV`: time. Reply: `alive`, due, leased, dirty, time to the next due one (-1: none), then for each lane the number
/// of ready resources and the age of the oldest (-1: none), and last how long the lease that ended first is over
/// (-1: none is).
enum DepthScript {
    static let script = RedisScript(
        "depth",
        QueueLua.prelude + QueueLua.refuseLost + """
            local first = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
            local reply = {
                alive, redis.call('ZCARD', DUE), redis.call('ZCARD', LEASE), redis.call('SCARD', DIRTY),
                first[2] and math.max(0, tonumber(first[2]) - now) or -1,
            }
            -- A tenant with ready resources has a turn in the lane, or is paused.
            local paused = {}
            for _, scope in ipairs(redis.call('SMEMBERS', PAUSED)) do
                paused[#paused + 1] = string.match(scope, '^tenant:(.*)$')
            end
            for _, lane in ipairs(LANES) do
                local count, oldest, counted = 0, now + 1, {}
                for _, tenants in ipairs({redis.call('ZRANGE', TURN .. ':' .. lane, 0, -1), paused}) do
                    for _, tenant in ipairs(tenants) do
                        if not counted[tenant] then
                            counted[tenant] = true
                            local ready = P .. ':ready:' .. lane .. ':' .. tenant
                            count = count + redis.call('ZCARD', ready)
                            local head = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
                            if head[2] then oldest = math.min(oldest, tonumber(head[2])) end
                        end
                    end
                end
                reply[#reply + 1] = count
                reply[#reply + 1] = count > 0 and math.max(0, now - oldest) or -1
            end
            local lease = redis.call('ZRANGE', LEASE, 0, 0, 'WITHSCORES')
            reply[#reply + 1] = lease[2] and tonumber(lease[2]) < now and now - tonumber(lease[2]) or -1
            return reply
            """)
}
