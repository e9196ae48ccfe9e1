// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// The Lua that several scripts share, and the limits of one call.
///
/// Every script gets the prefix of all keys as `KEYS[1]`, which carries the hash tag, and a time as `ARGV[1]`: empty in
/// production, where `TIME` counts, or milliseconds in tests. Its reply is flat and begins with the value of
/// `P:alive`, or is `lost` alone, without any effect, when that key is missing. Times are in milliseconds.
enum QueueLua {
    /// Overdue leases given back in one call.
    static let expireMax = 100
    /// Due resources made ready in one call.
    static let dueMax = 500
    /// Tenants looked at in one call while picking.
    static let turnStepsMax = 1_000
    /// Tokens in the wake list: more would only wake workers for nothing.
    static let wakeMax = 64
    /// Leases looked at to tell what each lane holds.
    static let sharingMax = 1_024
    /// Leases given in one call.
    static let leaseMax = 256
    /// Resources enqueued, renewed or released in one call; longer batches are split.
    static let batchMax = 250

    /// `now`, `alive`, and the names of the keys.
    static let prelude = """
        local P = KEYS[1]
        local now = tonumber(ARGV[1])
        if not now then
            local time = redis.call('TIME')
            now = time[1] * 1000 + math.floor(time[2] / 1000)
        end
        local ALIVE, DUE, LEASE = P .. ':alive', P .. ':due', P .. ':lease'
        local OWNER, DIRTY, META = P .. ':owner', P .. ':dirty', P .. ':meta'
        local PAUSED, TURN, WAKE = P .. ':paused', P .. ':turn', P .. ':wake'
        local LANES = {\(Lane.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))}
        local alive = redis.call('GET', ALIVE)

        """

    /// For scripts that need what Redis holds.
    static let refuseLost = """
        if not alive then return {'lost'} end

        """

    /// For scripts that must work when Redis is full, as they keep leases and let the queue drain: after a first write that
    /// needs no memory, Redis lets a script go on.
    static let evenIfFull = """
        redis.call('HDEL', OWNER, '')

        """

    /// `place` makes a resource ready, `takeTurns` lets a tenant that was paused take part again, `wake` wakes one waiting
    /// worker.
    ///
    /// Start-time fair queueing over tenants: `P:turn:<lane>` holds the virtual time at which a tenant's next lease
    /// starts, `clock:<lane>` that of the last lease given. A tenant that returns from idle starts at the clock, or after
    /// its last lease if that is later.
    static let placing = """
        local clocks, entered = {}, {}
        local function tenantOf(key) return string.match(key, '^[^/]*') end
        local function readyKey(lane, tenant) return P .. ':ready:' .. lane .. ':' .. tenant end
        local function enter(lane, tenant)
            local turn = lane .. ':' .. tenant
            if not entered[turn] then
                entered[turn] = true
                clocks[lane] = clocks[lane] or redis.call('HGET', TURN, 'clock:' .. lane) or '0'
                redis.call('ZADD', TURN .. ':' .. lane, 'GT', clocks[lane], tenant)
            end
        end
        local function place(key, lane, since)
            local tenant = tenantOf(key)
            redis.call('ZADD', readyKey(lane, tenant), since, key)
            enter(lane, tenant)
        end
        local function takeTurns(scope)
            local tenant = string.match(scope, '^tenant:(.*)$')
            if not tenant then return end
            for _, lane in ipairs(LANES) do
                if redis.call('EXISTS', readyKey(lane, tenant)) == 1 then enter(lane, tenant) end
            end
        end
        local function wake()
            if redis.call('LLEN', WAKE) < \(wakeMax) then redis.call('RPUSH', WAKE, '1') end
        end
        local function isFirstDue(time)
            local first = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
            return first[2] ~= nil and tonumber(first[2]) >= time
        end

        """

    /// Arguments that every call begins with.
    static func arguments(_ now: Int64?) -> RedisArguments {
        var arguments = RedisArguments()
        arguments.append(now.map { String($0) } ?? "")
        return arguments
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that nothing is due early and no lease is shorter than asked for.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
