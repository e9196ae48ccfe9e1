// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Ends turns, and hands out the next leases in the same call.
///
/// Only the present holder can release. New work during the turn (dirty) makes the resource ready at once, unless the
/// turn ended with a backoff: then the due time counts, and the turn that follows reads all open jobs anyway. A
/// resource that waits for others is no backoff: new work may be what it waits for. Untouched ones are the first again, in the order of the call.
///
/// `ARGV`: as ``LeaseScript`` with a new token, then for each release resource, its token, and `forget`, `again`, `untouched`, the delay, or `wait:` and the
/// delay.
/// Reply: as ``LeaseScript``.
enum ReleaseScript {
    static let script = RedisScript(
        "release",
        QueueLua.prelude + QueueLua.refuseLost + QueueLua.evenIfFull + QueueLua.placing + LimitLua.function
            + LeaseLua.function + """
                openLimiter(ARGV[5])
                noteCalls(ARGV[6])
                local stale, placed, earliest, untouched = 0, false, nil, {}
                for i = 7, #ARGV, 3 do
                    local key, token, following = ARGV[i], ARGV[i + 1], ARGV[i + 2]
                    if redis.call('HGET', OWNER, key) ~= token then
                        stale = stale + 1
                    else
                        redis.call('ZREM', LEASE, key)
                        redis.call('HDEL', OWNER, key)
                        -- Whoever takes no further lease leaves room for another worker.
                        if limiter then placed = true end
                        local isDirty = redis.call('SREM', DIRTY, key) == 1
                        local waiting = tonumber(string.match(following, '^wait:(%d+)$'))
                        local delay = waiting or tonumber(following)
                        if waiting and isDirty then delay = nil end
                        if delay and delay > 0 then
                            redis.call('ZADD', DUE, now + delay, key)
                            earliest = math.min(earliest or math.huge, now + delay)
                        elseif following == 'untouched' then
                            untouched[#untouched + 1] = key
                        elseif isDirty or following ~= 'forget' then
                            place(key, redis.call('HGET', META, key), now)
                            placed = true
                        else
                            redis.call('HDEL', META, key)
                        end
                    end
                end
                for i = #untouched, 1, -1 do
                    placeFirst(untouched[i])
                    placed = true
                end
                local count = tonumber(ARGV[2])
                local paused, nextDue, picked, places = lease(count, tonumber(ARGV[3]), ARGV[4], placed)
                -- Whoever takes no leases will not come back when the resource is due.
                if count == 0 and earliest and isFirstDue(earliest) then wake() end
                saveLimiter()
                local reply = {alive, paused, nextDue, stale, limiterReply(places)}
                for i, value in ipairs(picked) do reply[i + 10] = value end
                return reply
                """)

    static func arguments(
        _ releases: ArraySlice<Release>, count: Int, length: Duration, worker: String, token: String,
        calls: LimitedCalls?, now: Int64?
    ) -> RedisArguments {
        var arguments = LeaseScript.arguments(
            count: count, length: length, worker: worker, token: token, calls: calls, now: now)
        for release in releases {
            arguments.append(release.lease.key.description)
            arguments.append(release.lease.token)
            switch release.next {
            case .forget: arguments.append("forget")
            case .again: arguments.append("again")
            case .untouched: arguments.append("untouched")
            case .due(let delay): arguments.append(max(0, delay.milliseconds))
            case .waiting(let delay): arguments.append("wait:\(max(0, delay.milliseconds))")
            }
        }
        return arguments
    }
}
