// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// ``CallLimiter`` for all workers of the queue, in the hash `P:limit:<endpoint>`. How many leases of a worker need no place at UDM, because they
/// rest or stand by, is in the hash `P:resting`: worker → time and count.
///
/// Fields: `breaker` (0 closed, 1 half-open, 2 open), `era`, `until`, `length`, `probes`, `good`, `limit` and `trouble` in thousandths, `done`,
/// `cut`, `used`, `calls:<slice>` and `failed:<slice>` of five seconds each, `took:<kind>:<bucket>` of the present window, `best:<kind>`,
/// `former:<kind>`, `since`, `fall` (in thousandths) and `slow`. A missing field is 0, a missing `limit` the start value. The hash is forgotten a day after its last change.
enum LimitLua {
    static let function = """
        local limiter
        -- So many leases of the worker need no place.
        local function rest(worker, own)
            local name = P .. ':resting'
            if own > 0 then
                redis.call('HSET', name, worker, now .. ' ' .. own)
                redis.call('PEXPIRE', name, 60000)
            else
                redis.call('HDEL', name, worker)
            end
        end
        -- The leases of all workers that need no place. What a worker said a while ago may be over.
        local function countResting()
            local name = P .. ':resting'
            local sum, said = 0, redis.call('HGETALL', name)
            for i = 1, #said, 2 do
                local at, count = string.match(said[i + 1], '^(%d+) (%d+)$')
                if tonumber(at) > now - \(CallLimiter.restingLength) then
                    sum = sum + count
                else
                    redis.call('HDEL', name, said[i])
                end
            end
            return sum
        end
        local function openLimiter(text)
            local endpoint, maximum, start, first, longest, resting, spare, ahead, generation, worker =
                string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%-?%d+) (%S+)$')
            if not endpoint then return end
            resting = tonumber(resting)
            -- What Redis has forgotten is no lease that could rest or stand by.
            if generation ~= string.match(alive, '%d+$') then resting, spare = 0, 0 end
            rest(worker, resting)
            local name, fields = P .. ':limit:' .. endpoint, {}
            local stored = redis.call('HGETALL', name)
            for i = 1, #stored, 2 do fields[stored[i]] = tonumber(stored[i + 1]) end
            limiter = {
                name = name, fields = fields, changed = {}, maximum = maximum * 1000, start = start * 1000,
                first = tonumber(first), longest = tonumber(longest), resting = countResting(),
                worker = worker, own = resting, spare = tonumber(spare), ahead = tonumber(ahead),
            }
        end
        local function get(field) return limiter.fields[field] or 0 end
        local function set(field, value)
            if limiter.fields[field] ~= value then
                limiter.fields[field] = value
                limiter.changed[field] = true
            end
        end
        local function clear(prefix)
            for field in pairs(limiter.fields) do
                if string.sub(field, 1, #prefix) == prefix then set(field, nil) end
            end
        end
        local function saveLimiter()
            if not limiter then return end
            local values, removed = {}, {}
            for field in pairs(limiter.changed) do
                local value = limiter.fields[field]
                if value == nil then
                    removed[#removed + 1] = field
                else
                    values[#values + 1], values[#values + 2] = field, value
                end
            end
            if #removed > 0 then redis.call('HDEL', limiter.name, unpack(removed)) end
            if #values > 0 then
                redis.call('HSET', limiter.name, unpack(values))
                redis.call('PEXPIRE', limiter.name, 86400000)
            end
        end
        local function limitNow() return math.min(limiter.fields.limit or limiter.start, limiter.maximum) end

        local function clearWindow()
            for _, field in ipairs({'done', 'cut', 'used'}) do set(field, nil) end
            clear('took:')
        end

        local function endFall()
            set('fall', nil)
            set('slow', nil)
        end

        local function openBreaker(retryAfter)
            local length = limiter.first
            if get('breaker') == 1 then
                length = math.min((limiter.fields.length or limiter.first) * 2, limiter.longest)
            end
            set('length', length)
            set('until', now + math.max(length, retryAfter))
            set('breaker', 2)
            set('era', get('era') + 1)
            for _, prefix in ipairs({'good', 'probes', 'calls:', 'failed:'}) do clear(prefix) end
            endFall()
            clearWindow()
        end

        local function noteProbes(calls, failures, overloads, retryAfter)
            if failures > 0 then return openBreaker(retryAfter) end
            local good, probes = get('good') + calls - overloads, math.max(1, get('probes'))
            while good >= probes do
                good, probes = good - probes, probes * 2
            end
            if probes > 1 and probes * 1000 >= limitNow() then
                for _, field in ipairs({'breaker', 'good', 'probes', 'until', 'length'}) do set(field, nil) end
            else
                set('good', good)
                set('probes', probes)
            end
        end

        -- How much slower than the best calls were, in buckets times calls, the calls, and the medians.
        local function slowness()
            if now - get('since') >= \(CallLimiter.bestLength) then
                clear('former:')
                local best = {}
                for field, value in pairs(limiter.fields) do
                    local kind = string.match(field, '^best:(.*)$')
                    if kind then best[kind] = value end
                end
                clear('best:')
                for kind, value in pairs(best) do set('former:' .. kind, value) end
                set('since', now)
                endFall()
            end
            local kinds = {}
            for field, count in pairs(limiter.fields) do
                local kind, bucket = string.match(field, '^took:(%l+):(%d+)$')
                if kind then
                    local known = kinds[kind] or {count = 0, buckets = {}}
                    kinds[kind] = known
                    known.count = known.count + count
                    known.buckets[#known.buckets + 1] = {tonumber(bucket), count}
                end
            end
            local sum, calls, medians = 0, 0, {}
            for kind, known in pairs(kinds) do
                table.sort(known.buckets, function(one, other) return one[1] < other[1] end)
                local seen, median = 0, 0
                for _, entry in ipairs(known.buckets) do
                    seen = seen + entry[2]
                    if 2 * seen >= known.count then median = entry[1] break end
                end
                medians[kind] = median
                local best = math.min(limiter.fields['best:' .. kind] or median, median)
                set('best:' .. kind, best)
                local reference = math.min(best, limiter.fields['former:' .. kind] or best)
                local quick = \(CallLimiter.quickBucket)
                calls = calls + known.count
                sum = sum + known.count * (math.max(median, quick) - math.max(reference, quick))
            end
            return sum, calls, medians
        end

        local function fall(limit, present, medians)
            local lowest = math.min(limit, limiter.start)
            local from, former = limiter.fields.fall, limiter.fields.slow
            if from and limit < from and (2 * limit <= from or limit == lowest) then
                if (former - present) * limit < \(CallLimiter.remedy) * (from - limit) then
                    for kind, median in pairs(medians) do
                        set('best:' .. kind, median)
                        set('former:' .. kind, nil)
                    end
                    set('trouble', from)
                    return endFall()
                end
                from = nil
            end
            if not from then
                set('fall', limit)
                set('slow', present)
            elseif 5 * limit >= 4 * from then
                set('slow', math.max(former, present))
            end
            local lower = math.max(math.floor(limit * 9 / 10), lowest)
            set('limit', lower)
            set('trouble', lower)
        end

        local function adapt()
            local sum, calls, medians = slowness()
            if calls == 0 then return end
            local limit = limitNow()
            if sum > \(CallLimiter.slow) * calls then
                fall(limit, math.floor(sum * 100 / calls), medians)
            elseif sum > \(CallLimiter.steady) * calls then
                set('trouble', math.min(limiter.fields.trouble or limit, limit))
            else
                endFall()
                if get('used') ~= 1 then return end
                local step = 1000
                if limit < (limiter.fields.trouble or math.huge) then step = math.max(1000, math.floor(limit / 2)) end
                set('limit', math.min(limit + step, limiter.maximum))
            end
        end

        local function noteCalls(text)
            if not limiter or text == '' then return end
            local words = {}
            for word in string.gmatch(text, '%S+') do words[#words + 1] = word end
            local calls, failures, overloads = tonumber(words[2]), tonumber(words[3]), tonumber(words[4])
            local refusals, retryAfter = tonumber(words[5]), tonumber(words[6])
            -- What ended now but began before the breaker opened says nothing about UDM now.
            if tonumber(words[1]) ~= get('era') or get('breaker') == 2 then return end
            if get('breaker') == 1 then return noteProbes(calls, failures, overloads, retryAfter) end
            local slice = math.floor(now / \(CallLimiter.sliceLength))
            for field in pairs(limiter.fields) do
                local number = string.match(field, '^%l+:(%d+)$')
                if number and tonumber(number) <= slice - \(CallLimiter.slices) then set(field, nil) end
            end
            set('calls:' .. slice, get('calls:' .. slice) + calls)
            set('failed:' .. slice, get('failed:' .. slice) + failures)
            if overloads > 0 and get('cut') == 0 then
                local lower = math.max(1000, math.floor(limitNow() * 7 / 10))
                set('limit', lower)
                set('trouble', lower)
                set('cut', 1)
                endFall()
            end
            local total, failed = 0, 0
            for field, value in pairs(limiter.fields) do
                if string.sub(field, 1, 6) == 'calls:' then total = total + value end
                if string.sub(field, 1, 7) == 'failed:' then failed = failed + value end
            end
            if refusals > 0 or (total >= \(CallLimiter.callsMin) and 2 * failed >= total) then
                return openBreaker(retryAfter)
            end
            set('done', get('done') + calls)
            for i = 7, #words do
                local bucket, count = string.match(words[i], '^(%l+:%d+):(%d+)$')
                set('took:' .. bucket, get('took:' .. bucket) + count)
            end
            if get('done') >= math.floor(limitNow() / 1000) then
                if get('cut') == 0 then adapt() end
                clearWindow()
            end
        end

        -- The leases for which UDM is being called or will be. While few are tried, each of them counts.
        local function active()
            local leased = redis.call('ZCARD', LEASE)
            if not limiter or get('breaker') ~= 0 then return leased end
            return math.max(0, leased - limiter.resting)
        end

        -- How many more leases may call UDM, how many may at all, and how long the breaker is open (nil: it is not).
        local function admit()
            if not limiter then return math.huge, math.huge, nil end
            if get('breaker') == 2 then
                if now < get('until') then return 0, 0, get('until') - now end
                set('breaker', 1)
                set('probes', 1)
                set('good', 0)
            end
            local allowed = math.floor(limitNow() / 1000)
            if get('breaker') == 1 then allowed = math.min(allowed, get('probes')) end
            return math.max(0, allowed - active()), allowed, nil
        end

        -- How many leases may be given beyond those that may call UDM, and how many of the worker's have no place yet.
        local function standby()
            if not limiter or get('breaker') ~= 0 then return 0, 0 end
            return limiter.ahead, limiter.spare
        end

        -- Of the leases that were given just now and those that had none, so many have a place: the others count as resting.
        local function give(leases, places)
            if not limiter or leases == places then return end
            limiter.own = limiter.own + leases - places
            limiter.resting = limiter.resting + leases - places
            rest(limiter.worker, limiter.own)
        end

        local function limiterReply(places)
            if not limiter then return -1, 0, 0, 0, places, 0 end
            local limit, leased = math.floor(limitNow() / 1000), active()
            local surplus = get('breaker') == 0 and math.max(0, leased - limit) or 0
            return get('breaker'), limit, get('era'), leased >= limit and 1 or 0, places, surplus
        end

        """
}
