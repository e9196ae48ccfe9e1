// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Begins and finishes a rebuild: `P:alive` is `rebuilding:<generation>` between the two, so that enqueue and lease work.
enum RebuildScript {
    /// Draws a new generation. Content that is still there stays: it may hold leases.
    ///
    /// `ARGV`: time, `1` if the paused scopes are to be replaced, then those scopes. Reply: the new `alive`.
    static let begin = RedisScript(
        "begin-rebuild",
        QueueLua.prelude + QueueLua.placing + """
            local previous = alive and tonumber(string.match(alive, '%d+$')) or 0
            alive = 'rebuilding:' .. string.format('%.0f', math.max(previous + 1, now))
            redis.call('SET', ALIVE, alive)
            if ARGV[2] == '1' then
                local before = redis.call('SMEMBERS', PAUSED)
                redis.call('DEL', PAUSED)
                for i = 3, #ARGV do redis.call('SADD', PAUSED, ARGV[i]) end
                for _, scope in ipairs(before) do takeTurns(scope) end
                wake()
            end
            return {alive}
            """)

    /// `ARGV`: time, generation. Reply: `alive` afterwards; unchanged if another rebuild has begun since.
    static let finish = RedisScript(
        "finish-rebuild",
        QueueLua.prelude + QueueLua.refuseLost + """
            if alive == 'rebuilding:' .. ARGV[2] then
                alive = ARGV[2]
                redis.call('SET', ALIVE, alive)
            end
            return {alive}
            """)
}
