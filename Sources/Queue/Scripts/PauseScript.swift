// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Redis

/// Pauses and resumes scopes. A paused tenant loses its turn at the next lease; when it resumes it starts at the present
/// clock, so that its pause earned it no credit.
///
/// `ARGV`: time, `pause` or `resume`, scope. Reply: `alive`.
enum PauseScript {
    static let script = RedisScript(
        "pause",
        QueueLua.prelude + QueueLua.refuseLost + QueueLua.placing + """
            if ARGV[2] == 'pause' then
                redis.call('SADD', PAUSED, ARGV[3])
            else
                redis.call('SREM', PAUSED, ARGV[3])
                takeTurns(ARGV[3])
                wake()
            end
            return {alive}
            """)
}
