// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Redis

/// What the sweep, the operators and the metrics ask.
extension WorkQueue {
    /// One page of ``WorkQueue/scan(_:)``.
    package struct ScanPage: Sendable {
        package var keys: [ResourceKey]
        /// For the next call; `nil` after the last page.
        package var cursor: String?
    }

    /// Where a resource is in the queue.
    package struct Position: Sendable, Hashable {
        /// In which of the queue's sets a resource is, and for how long.
        package enum Place: Sendable, Hashable {
            case ready(age: Duration)
            case due(in: Duration)
            case leased(endsIn: Duration, token: String, isDirty: Bool)
        }

        package var lane: Lane
        package var place: Place
    }

    /// Counts the queue; sampled by the leader every few seconds, not asked for at every scrape.
    package func depth() async throws(RedisError) -> QueueDepth {
        let reply = try await run(DepthScript.script, QueueLua.arguments(scriptTime))
        var depth = QueueDepth(
            state: reply.state, lanes: Dictionary(uniqueKeysWithValues: Lane.allCases.map { ($0, .init()) }),
            due: 0, leased: 0, dirty: 0, nextDue: nil)
        guard reply.state != .lost else { return depth }
        depth.due = Int(try reply.integer(0))
        depth.leased = Int(try reply.integer(1))
        depth.dirty = Int(try reply.integer(2))
        depth.nextDue = try reply.duration(3)
        for (index, lane) in Lane.allCases.enumerated() {
            depth.lanes[lane] = QueueDepth.LaneDepth(
                ready: Int(try reply.integer(4 + 2 * index)), oldestReadyAge: try reply.duration(5 + 2 * index))
        }
        depth.leaseOverdue = try reply.duration(4 + 2 * Lane.allCases.count)
        return depth
    }

    /// Which of `keys` are ready, due or leased; the sweep enqueues the others. Any number of keys.
    package func known(_ keys: [ResourceKey]) async throws(RedisError) -> Set<ResourceKey> {
        var known: Set<ResourceKey> = []
        var rest = keys[...]
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(Self.pageSize))
            rest = rest.dropFirst(Self.pageSize)
            let reply = try await client.send(RedisCommand(["HMGET", prefix + ":meta"] + chunk.map(\.description)))
            guard let lanes = reply.array, lanes.count == chunk.count else { throw QueueReply.unexpected }
            for (key, lane) in zip(chunk, lanes) where !lane.isNull { known.insert(key) }
        }
        return known
    }

    /// Walks over every queued resource, about 1,000 a page; `nil` begins. A resource that is queued during the whole walk
    /// is seen at least once, perhaps twice.
    package func scan(_ cursor: String? = nil) async throws(RedisError) -> ScanPage {
        let reply = try await client.send(
            RedisCommand("HSCAN", prefix + ":meta", cursor ?? "0", "COUNT", "\(Self.pageSize)"))
        guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array
        else { throw QueueReply.unexpected }
        var keys: [ResourceKey] = []
        for index in stride(from: 0, to: pairs.count, by: 2) {
            guard let key = pairs[index].string.flatMap({ ResourceKey($0) }) else { throw QueueReply.unexpected }
            keys.append(key)
        }
        return ScanPage(keys: keys, cursor: next == "0" ? nil : next)
    }

    /// Resources that are leased, with the tokens of their leases; at most 1,000 of them.
    package func leaseTokens() async throws(RedisError) -> [ResourceKey: String] {
        let leased = try await client.send(RedisCommand("ZRANGE", prefix + ":lease", "0", "\(Self.pageSize - 1)"))
        guard let words = leased.array?.compactMap(\.string) else { throw QueueReply.unexpected }
        guard !words.isEmpty else { return [:] }
        let tokens = try await client.send(RedisCommand(["HMGET", prefix + ":owner"] + words)).array ?? []
        var found: [ResourceKey: String] = [:]
        for (word, token) in zip(words, tokens) {
            if let key = ResourceKey(word), let token = token.string { found[key] = token }
        }
        return found
    }

    /// Removes resources without open jobs; leased ones stay. If a write is accepted between the look into PostgreSQL and
    /// this call, its resource is missing until the sweep of recent jobs enqueues it again.
    ///
    /// - Parameter ifDelayed: Only those that are due later. What became ready meanwhile stays, because new work made it so.
    /// - Returns: How many were removed.
    @discardableResult
    package func forget(_ keys: [ResourceKey], ifDelayed: Bool = false) async throws(RedisError) -> Int {
        var removed = 0
        var rest = keys[...]
        while !rest.isEmpty {
            var arguments = QueueLua.arguments(scriptTime)
            arguments.append(ifDelayed ? "1" : "")
            for key in rest.prefix(QueueLua.batchMax) { arguments.append(key.description) }
            rest = rest.dropFirst(QueueLua.batchMax)
            let reply = try await run(ForgetScript.script, arguments)
            guard reply.state != .lost else { break }
            removed += Int(try reply.integer(0))
        }
        return removed
    }

    /// Where a resource is; `nil` when it is not queued, or the queue is lost.
    package func position(of key: ResourceKey) async throws(RedisError) -> Position? {
        var arguments = QueueLua.arguments(scriptTime)
        arguments.append(key.description)
        let reply = try await run(InspectScript.script, arguments)
        guard reply.values.count >= 5 else { return nil }
        let time = Duration.milliseconds(try reply.integer(2))
        let place: Position.Place
        switch try reply.string(1) {
        case "ready": place = .ready(age: max(.zero, .zero - time))
        case "due": place = .due(in: max(.zero, time))
        case "leased":
            place = .leased(
                endsIn: max(.zero, time), token: try reply.string(3), isDirty: try reply.integer(4) == 1)
        default: throw QueueReply.unexpected
        }
        return Position(lane: try reply.lane(0), place: place)
    }

    /// Stops handing out leases of a scope. Kept in Redis only: whoever must not forget it stores it too, and passes it to
    /// ``beginRebuild(paused:)``.
    @discardableResult
    package func pause(_ scope: PauseScope) async throws(RedisError) -> QueueState {
        try await setPaused("pause", scope)
    }

    /// Hands out leases of a scope again. What was paused by another scope stays so.
    @discardableResult
    package func resume(_ scope: PauseScope) async throws(RedisError) -> QueueState {
        try await setPaused("resume", scope)
    }

    /// What Redis knows to be paused.
    package func pausedScopes() async throws(RedisError) -> Set<PauseScope> {
        let reply = try await client.send(RedisCommand("SMEMBERS", prefix + ":paused"))
        guard let members = reply.array else { throw QueueReply.unexpected }
        return Set(members.compactMap { $0.string.flatMap { PauseScope($0) } })
    }

    private func setPaused(_ verb: String, _ scope: PauseScope) async throws(RedisError) -> QueueState {
        var arguments = QueueLua.arguments(scriptTime)
        arguments.append(verb)
        arguments.append(scope.description)
        return try await run(PauseScript.script, arguments).state
    }

    private static let pageSize = 1_000
}
