// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Removes resources that wait; leased ones stay.
///
/// `ARGV`: time, `1` if only those that are due later are meant, then resources. Reply: `alive`, number removed.
enum ForgetScript {
    static let script = RedisScript(
        "forget",
        QueueLua.prelude + QueueLua.refuseLost + """
            local removed = 0
            for i = 3, #ARGV do
                local key = ARGV[i]
                local lane = redis.call('HGET', META, key)
                if lane and not redis.call('ZSCORE', LEASE, key)
                    and (redis.call('ZREM', DUE, key) == 1 or ARGV[2] ~= '1')
                then
                    redis.call('ZREM', P .. ':ready:' .. lane .. ':' .. string.match(key, '^[^/]*'), key)
                    redis.call('HDEL', META, key)
                    removed = removed + 1
                end
            end
            return {alive, removed}
            """)
}
