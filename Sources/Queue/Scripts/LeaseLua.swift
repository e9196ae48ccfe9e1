// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The step that hands out leases, used by the lease script and by the release script.
///
/// `lease(count, length, token, placed)` gives back overdue leases, to the front, makes due resources ready, and picks up to `count`
/// resources. Lanes share by weight: each lease costs its lane 1/weight of virtual time, and the lane that is least ahead
/// is next. `P:turn` holds how far ahead of the last lease each lane is; an idle or paused lane falls back to 0 and so
/// returns without credit. Within a lane the tenant whose turn it is gives its oldest resource. A resource that waited
/// longer than the aging limit costs its lane no more than an interactive one.
///
/// With a limit (``LimitLua``) there are never more leases than it allows, those apart that rest or stand by. A worker can ask for some that
/// stand by, and gets a place for each of its leases as far as there is room. While several lanes have work, one that holds its share of the
/// limit (``Lane/share``) waits for those that do not, unless its oldest resource has aged; what they leave is for all.
/// Also without a new lease, the worker's leases that stand by get places.
///
/// Returns `paused`, time to the next due one (-1: none), resource and lane of each lease, and how many places the worker got.
enum LeaseLua {
    /// Virtual time of one lease at weight 1; divisible by every weight.
    private static let virtualUnit = Lane.allCases.reduce(1) { $0 * $1.weight }

    static let function = """
        local SHARE = {\(Lane.allCases.map { "\($0.rawValue) = \($0.share)" }.joined(separator: ", "))}
        local COST = {\(Lane.allCases.map { "\($0.rawValue) = \(virtualUnit / $0.weight)" }.joined(separator: ", "))}
        local steps, anyPaused = 0, false

        -- Before all that is ready: it was first when it was leased, and nobody has worked on it since.
        local function placeFirst(key)
            local lane = redis.call('HGET', META, key)
            local first = redis.call('ZRANGE', readyKey(lane, tenantOf(key)), 0, 0, 'WITHSCORES')
            place(key, lane, first[2] and math.min(now, tonumber(first[2]) - 1) or now)
        end

        local function refill()
            local placed = false
            local overdue = redis.call('ZRANGEBYSCORE', LEASE, '-inf', now, 'LIMIT', 0, \(QueueLua.expireMax))
            for i = #overdue, 1, -1 do
                local key = overdue[i]
                redis.call('ZREM', LEASE, key)
                redis.call('HDEL', OWNER, key)
                redis.call('SREM', DIRTY, key)
                placeFirst(key)
                placed = true
            end
            local due = redis.call(
                'ZRANGEBYSCORE', DUE, '-inf', now, 'WITHSCORES', 'LIMIT', 0, \(QueueLua.dueMax))
            for i = 1, #due, 2 do
                redis.call('ZREM', DUE, due[i])
                place(due[i], redis.call('HGET', META, due[i]), due[i + 1])
                placed = true
            end
            return placed
        end

        -- The oldest resource of the tenant whose turn it is, removed unless `peek`. Tenants that have become idle lose
        -- their turn here, and so do paused ones.
        local function take(lane, peek)
            local turns = TURN .. ':' .. lane
            while steps < \(QueueLua.turnStepsMax) do
                steps = steps + 1
                local turn = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
                local tenant = turn[1]
                if not tenant then return nil end
                if not anyPaused or redis.call('SISMEMBER', PAUSED, 'tenant:' .. tenant) == 0 then
                    local ready, head = readyKey(lane, tenant), nil
                    if peek then
                        head = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
                    else
                        head = redis.call('ZPOPMIN', ready)
                    end
                    if head[1] then return head[1], tonumber(head[2]), tenant, tonumber(turn[2]) end
                end
                redis.call('ZREM', turns, tenant)
            end
        end

        -- What each lane holds and may hold; nothing unless several have work.
        local function sharing(open, allowed)
            local busy, held, share = 0, {}, {}
            for _, lane in ipairs(LANES) do
                held[lane], share[lane] = 0, math.max(1, math.floor(allowed * SHARE[lane] / 100))
                if open[lane] and take(lane, true) then busy = busy + 1 end
            end
            if busy < 2 then return nil end
            local keys = redis.call('ZRANGE', LEASE, 0, \(QueueLua.sharingMax - 1))
            if #keys > 0 then
                for _, lane in ipairs(redis.call('HMGET', META, unpack(keys))) do
                    if lane then held[lane] = held[lane] + 1 end
                end
            end
            return held, share
        end

        local function lease(count, length, token, placed)
            placed = refill() or placed
            anyPaused = redis.call('SCARD', PAUSED) > 0
            local isPaused = anyPaused and redis.call('SISMEMBER', PAUSED, 'all') == 1
            local picked, expiries, owners, open, lead = {}, {}, {}, {}, {}
            local clock, remains, tenantClocks = nil, false, {}
            local room, most, allowed, wait = 0, 0, math.huge, nil
            local ahead, spare = 0, 0
            local asks = count > 0 or (limiter and get('breaker') == 0 and limiter.spare > 0)
            if isPaused then
                redis.call('DEL', WAKE)
            elseif asks then
                room, allowed, wait = admit()
                ahead, spare = standby()
                most = math.min(count, room + ahead)
            end
            if count > 0 and not isPaused then
                local leads = redis.call('HMGET', TURN, unpack(LANES))
                for i, lane in ipairs(LANES) do
                    lead[lane] = tonumber(leads[i] or 0)
                    open[lane] = not anyPaused or redis.call('SISMEMBER', PAUSED, 'lane:' .. lane) == 0
                end
                local held, share
                if limiter and most > 0 then held, share = sharing(open, allowed + redis.call('ZCARD', LEASE) - active()) end
                while #picked < 2 * most do
                    local lane, over
                    for _, name in ipairs(LANES) do
                        local isOver = false
                        if held and open[name] and held[name] >= share[name] then
                            local key, since = take(name, true)
                            open[name] = key ~= nil
                            isOver = key ~= nil and now - since <= \(Lane.agingLimit.milliseconds)
                        end
                        if open[name] and isOver then
                            if not over or lead[name] < lead[over] then over = name end
                        elseif open[name] and (not lane or lead[name] < lead[lane]) then
                            lane = name
                        end
                    end
                    lane = lane or over
                    if not lane then break end
                    local key, since, tenant, start = take(lane, false)
                    if key then
                        redis.call('ZADD', TURN .. ':' .. lane, start + 1, tenant)
                        clock, tenantClocks[lane] = lead[lane], start
                        local isOld = now - since > \(Lane.agingLimit.milliseconds)
                        lead[lane] = lead[lane] + (isOld and COST.interactive or COST[lane])
                        picked[#picked + 1], picked[#picked + 2] = key, lane
                        expiries[#expiries + 1], expiries[#expiries + 2] = now + length, key
                        owners[#owners + 1], owners[#owners + 2] = key, token
                        if held then held[lane] = held[lane] + 1 end
                    else
                        open[lane] = false
                    end
                end
                for _, lane in ipairs(LANES) do
                    remains = remains or (open[lane] and take(lane, true) ~= nil)
                end
                -- At the limit of steps nobody knows what remains; the next call goes on where this one stopped.
                remains = remains or steps >= \(QueueLua.turnStepsMax)
            end
            if clock then
                redis.call('ZADD', LEASE, unpack(expiries))
                redis.call('HSET', OWNER, unpack(owners))
                local times = {}
                for _, lane in ipairs(LANES) do
                    times[#times + 1], times[#times + 2] = lane, math.max(lead[lane] - clock, 0)
                    if tenantClocks[lane] then
                        times[#times + 1], times[#times + 2] = 'clock:' .. lane, tenantClocks[lane]
                    end
                end
                redis.call('HSET', TURN, unpack(times))
            end
            local places = math.min(room, #picked / 2 + spare)
            give(#picked / 2, places)
            local leased = active()
            if limiter and asks and not isPaused and get('breaker') == 0 and leased >= allowed then
                set('used', 1)
            end
            -- At the limit whoever gives a lease back takes the next.
            local leasable = remains and leased < allowed
            if leasable or (count == 0 and placed and not isPaused) then
                wake()
            elseif #picked < 2 * count then
                -- Nothing is to be had, and this worker is about to wait: tokens would only wake others for nothing.
                redis.call('DEL', WAKE)
            end
            local nextDue = leasable and 0 or -1
            if not leasable then
                for _, set in ipairs({DUE, LEASE}) do
                    local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
                    if first[2] then
                        local wait = math.max(0, tonumber(first[2]) - now)
                        if nextDue < 0 or wait < nextDue then nextDue = wait end
                    end
                end
            end
            if wait and (remains or nextDue >= 0) then nextDue = math.max(nextDue, wait) end
            return isPaused and 1 or 0, nextDue, picked, places
        end

        """
}
