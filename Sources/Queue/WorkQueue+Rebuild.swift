// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Redis

/// Filling Redis again from PostgreSQL; by the leader only.
extension WorkQueue {
    /// What Redis knows of its content.
    package func state() async throws(RedisError) -> QueueState {
        let reply = try await client.send(RedisCommand("GET", prefix + ":alive"))
        guard !reply.isNull else { return .lost }
        guard let text = reply.string, let state = QueueState(alive: text) else { throw QueueReply.unexpected }
        return state
    }

    /// Begins a rebuild: from now on enqueue and lease work again, and leases of older generations are registered anew when
    /// they are renewed. Content that is still there is kept.
    ///
    /// - Parameter paused: The paused scopes, which an emptied Redis has forgotten; `nil` keeps what is there.
    /// - Returns: The new generation, for ``finishRebuild(generation:)``.
    @discardableResult
    package func beginRebuild(paused: Set<PauseScope>? = nil) async throws(RedisError) -> Int64 {
        var arguments = QueueLua.arguments(scriptTime)
        arguments.append(paused == nil ? "0" : "1")
        for scope in (paused ?? []).map(\.description).sorted() { arguments.append(scope) }
        let reply = try await run(RebuildScript.begin, arguments)
        guard case .rebuilding(let generation) = reply.state else { throw QueueReply.unexpected }
        return generation
    }

    /// Adds resources that have open jobs, several thousand a call. Leases are not disturbed; a resource that is there
    /// already only moves forward.
    ///
    /// - Returns: `lost` if Redis was emptied again: the rebuild begins anew.
    @discardableResult
    package func rebuild(_ chunk: [Enqueue]) async throws(RedisError) -> QueueState {
        try await enqueue(chunk)
    }

    /// Ends the rebuild of `generation`.
    ///
    /// - Returns: `ready` with this generation; anything else means that Redis was emptied or another rebuild has begun.
    @discardableResult
    package func finishRebuild(generation: Int64) async throws(RedisError) -> QueueState {
        var arguments = QueueLua.arguments(scriptTime)
        arguments.append(generation)
        return try await run(RebuildScript.finish, arguments).state
    }
}
