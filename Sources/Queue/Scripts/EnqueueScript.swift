// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Makes resources due: now, or later. The same call again changes nothing.
///
/// | Resource is | Effect |
/// |---|---|
/// | in no set | ready, or due if delayed |
/// | due | ready now, or due earlier; never later |
/// | ready | none |
/// | leased | dirty |
///
/// In every state a faster lane is taken over, a slower one is not.
///
/// `ARGV`: time, then resource, lane, delay for each. Reply: `alive`.
enum EnqueueScript {
    static let script = RedisScript(
        "enqueue",
        QueueLua.prelude + QueueLua.refuseLost + QueueLua.placing + """
            local RANK = {}
            for rank, lane in ipairs(LANES) do RANK[lane] = rank end
            local becameReady, earliest = false, nil
            for i = 2, #ARGV, 3 do
                local key, lane, delay = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
                if redis.call('HSETNX', META, key, lane) == 1 then
                    if delay > 0 then
                        redis.call('ZADD', DUE, now + delay, key)
                        earliest = math.min(earliest or math.huge, now + delay)
                    else
                        place(key, lane, now)
                        becameReady = true
                    end
                else
                    local known = redis.call('HGET', META, key)
                    local best = RANK[lane] < RANK[known] and lane or known
                    if best ~= known then redis.call('HSET', META, key, best) end
                    if redis.call('ZSCORE', LEASE, key) then
                        redis.call('SADD', DIRTY, key)
                    else
                        local due = redis.call('ZSCORE', DUE, key)
                        if due and delay <= 0 then
                            redis.call('ZREM', DUE, key)
                            place(key, best, now)
                            becameReady = true
                        elseif due and now + delay < tonumber(due) then
                            redis.call('ZADD', DUE, now + delay, key)
                            earliest = math.min(earliest or math.huge, now + delay)
                        elseif not due and best ~= known then
                            local from = readyKey(known, tenantOf(key))
                            local since = redis.call('ZSCORE', from, key)
                            redis.call('ZREM', from, key)
                            place(key, best, since or now)
                            becameReady = true
                        end
                    end
                end
            end
            if becameReady or (earliest and isFirstDue(earliest)) then wake() end
            return {alive}
            """)

    static func arguments(_ entries: ArraySlice<Enqueue>, now: Int64?) -> RedisArguments {
        var arguments = QueueLua.arguments(now)
        for entry in entries {
            arguments.append(entry.key.description)
            arguments.append(entry.lane.rawValue)
            arguments.append(max(0, entry.delay?.milliseconds ?? 0))
        }
        return arguments
    }
}
