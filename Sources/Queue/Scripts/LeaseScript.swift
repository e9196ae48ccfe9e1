// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Hands out leases; see ``LeaseLua``.
///
/// `ARGV`: time, count, length, token, the limit of calls and the report of calls that ended (empty: none).
///
/// Reply: `alive`, paused, time to the next due one (-1: none), stale releases (0), breaker (-1: no limit), limit, era, whether the limit is
/// reached, places given, places too many at all, then resource and lane of each lease.
enum LeaseScript {
    static let script = RedisScript(
        "lease",
        QueueLua.prelude + QueueLua.refuseLost + QueueLua.evenIfFull + QueueLua.placing + LimitLua.function
            + LeaseLua.function + """
                openLimiter(ARGV[5])
                noteCalls(ARGV[6])
                local paused, nextDue, picked, places = lease(tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], false)
                saveLimiter()
                local reply = {alive, paused, nextDue, 0, limiterReply(places)}
                for i, value in ipairs(picked) do reply[i + 10] = value end
                return reply
                """)

    static func arguments(
        count: Int, length: Duration, worker: String, token: String, calls: LimitedCalls?, now: Int64?
    ) -> RedisArguments {
        var arguments = QueueLua.arguments(now)
        arguments.append(min(max(0, count), QueueLua.leaseMax))
        arguments.append(length.milliseconds)
        arguments.append(token)
        arguments.append(calls?.argument(of: worker) ?? "")
        arguments.append(calls?.report.argument ?? "")
        return arguments
    }
}
