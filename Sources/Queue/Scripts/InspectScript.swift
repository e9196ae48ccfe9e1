// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Where one resource is.
///
/// `ARGV`: time, resource. Reply: `alive`, lane, `ready`, `due` or `leased`, a time relative to now (ready since, due in,
/// lease ends in), lease token, dirty; `alive` alone when the resource is in no set.
enum InspectScript {
    static let script = RedisScript(
        "inspect",
        QueueLua.prelude + QueueLua.refuseLost + """
            local key = ARGV[2]
            local lane = redis.call('HGET', META, key)
            if not lane then return {alive} end
            local expiry = redis.call('ZSCORE', LEASE, key)
            if expiry then
                local token = redis.call('HGET', OWNER, key) or ''
                return {alive, lane, 'leased', expiry - now, token, redis.call('SISMEMBER', DIRTY, key)}
            end
            local due = redis.call('ZSCORE', DUE, key)
            if due then return {alive, lane, 'due', due - now, '', 0} end
            local since = redis.call('ZSCORE', P .. ':ready:' .. lane .. ':' .. string.match(key, '^[^/]*'), key)
            return {alive, lane, 'ready', (since or now) - now, '', 0}
            """)
}
