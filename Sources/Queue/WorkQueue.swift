// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Redis

/// The queue of resources that have work, in Redis. A hint that can be rebuilt from PostgreSQL at any moment: what was
/// accepted and who may record an outcome is decided there.
///
/// States of a resource, and what holds in each (`P` is `{scim:<name>}`, so that all keys are in one slot of a cluster):
///
/// | State | `P:meta` | other sets | Goes on |
/// |---|---|---|---|
/// | absent | no | none | enqueue → ready or due |
/// | ready | lane | `P:ready:<lane>:<tenant>` with the time since | lease → leased |
/// | due | lane | `P:due` with the time | enqueue now, or the time has come → ready |
/// | leased | lane | `P:lease` with its end, `P:owner` with the token | enqueue → dirty; release → absent, ready, due |
/// | dirty | lane | as leased, and `P:dirty` | release → ready, or due after a backoff |
///
/// A lease that is not renewed ends, and its resource is ready again.
///
/// A resource is in exactly one of ready, due and leased while `P:meta` has it, and in none otherwise; so no two workers
/// hold it. Every transition is one script, which Redis runs alone.
///
/// States of the queue are in ``QueueState``. While it is *lost* no script has an effect but the one that begins a rebuild.
/// `P:wake` holds tokens that waiting workers take; it is emptied by a worker that finds nothing, so tokens without work do
/// not pile up. `P:events` holds one for the event sender, see ``EventAnnouncer``.
package final class WorkQueue: Sendable {
    let client: RedisClient
    /// `{scim:<name>}`.
    let prefix: String
    private let now: @Sendable () -> Int64?
    private let enqueuer: DetachedEnqueuer
    private let announcer: EventAnnouncer
    private let announcesAcceptance: Bool

    /// - Parameters:
    ///   - name: The queue's name, see ``isValid(name:)``; several queues can share a Redis.
    ///   - announcesAcceptance: Accepted writes have their event (`EVENTS_EMIT_ON=accepted`), so whatever is enqueued after a commit means a
    ///     new event.
    package convenience init(client: RedisClient, name: String, announcesAcceptance: Bool = false) {
        self.init(client: client, name: name, announcesAcceptance: announcesAcceptance, now: { nil })
    }

    /// - Parameter now: Milliseconds that stand for Redis' own time; `nil` in production.
    init(
        client: RedisClient, name: String, announcesAcceptance: Bool = false, now: @escaping @Sendable () -> Int64?
    ) {
        precondition(Self.isValid(name: name), "a queue's name has letters, digits, '.', '_' and '-' only")
        self.client = client
        self.now = now
        self.announcesAcceptance = announcesAcceptance
        prefix = "{scim:\(name)}"
        enqueuer = DetachedEnqueuer(client: client, prefix: prefix, now: now)
        announcer = EventAnnouncer(client: client, prefix: prefix)
    }

    /// 1 to 64 ASCII letters, digits, `.`, `_` and `-`: a brace would end the hash tag.
    package static func isValid(name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    // MARK: Enqueue

    /// Makes resources due; see ``EnqueueScript``. Long batches are split.
    ///
    /// - Returns: The state of the queue; when `lost`, nothing (more) was enqueued.
    @discardableResult
    package func enqueue(_ entries: [Enqueue]) async throws(RedisError) -> QueueState {
        var state: QueueState?
        var rest = entries[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(QueueLua.batchMax)
            rest = rest.dropFirst(QueueLua.batchMax)
            state = try await run(EnqueueScript.script, EnqueueScript.arguments(chunk, now: now())).state
            if state == .lost { break }
            enqueuer.count(chunk.count)
        }
        if let state { return state }
        return try await self.state()
    }

    /// Makes resources due without waiting: for the moment after a commit. What does not reach Redis is only counted, as
    /// the sweep finds it again.
    package func enqueueDetached(_ entries: [Enqueue]) {
        enqueuer.enqueue(entries)
        if announcesAcceptance { announcer.announce() }
    }

    /// Entries of ``enqueueDetached(_:)`` that did not reach the queue since the start.
    package var enqueueFailures: Int { enqueuer.failures }

    /// Resources that this process has enqueued since the start, in either way.
    package var enqueuedCount: Int { enqueuer.enqueued }

    // MARK: Leases

    /// Takes up to `count` resources (at most 256) for `length`.
    ///
    /// - Parameters:
    ///   - worker: Names the process in lease tokens; random per process start.
    ///   - calls: Limits the leases by what UDM bears, and tells what came of calls to it; nil for no limit.
    package func lease(
        upTo count: Int, for length: Duration, worker: String, calls: LimitedCalls? = nil
    ) async throws(RedisError) -> LeaseAnswer {
        try await take(worker, length) { token in
            let arguments = LeaseScript.arguments(
                count: count, length: length, worker: worker, token: token, calls: calls, now: now())
            return (LeaseScript.script, arguments)
        }
    }

    /// Extends leases to `length` from now; the caller then moves the deadline of those that are not returned, counted
    /// from before the call.
    ///
    /// - Returns: The leases that are not the caller's any more. A lost queue returns none: leases that PostgreSQL knows go
    ///   on, and are registered anew when the rebuild has begun.
    package func renew(_ leases: [QueueLease], for length: Duration) async throws(RedisError) -> Set<ResourceKey> {
        var lost: Set<ResourceKey> = []
        var rest = leases[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(QueueLua.batchMax)
            rest = rest.dropFirst(QueueLua.batchMax)
            let arguments = RenewScript.arguments(chunk, length: length, at: .now, now: now())
            let reply = try await run(RenewScript.script, arguments)
            for offset in 0..<reply.values.count { lost.insert(try reply.key(offset)) }
        }
        return lost
    }

    /// Ends turns and takes up to `count` further resources (at most 256), in one call. A release whose lease is not the
    /// current one has no effect.
    package func release(
        _ releases: [Release], leaseNext count: Int, for length: Duration, worker: String, calls: LimitedCalls? = nil
    ) async throws(RedisError) -> LeaseAnswer {
        var stale = 0
        var rest = releases[...]
        // More than a script's share: the leases come with the last part. What rests is told with the first one: of the leases that end here, some
        // were told before.
        while rest.count > QueueLua.batchMax {
            let chunk = rest.prefix(QueueLua.batchMax)
            rest = rest.dropFirst(QueueLua.batchMax)
            stale += try await release(chunk, leaseNext: 0, for: length, worker: worker, calls: calls?.beforehand)
                .staleReleases
        }
        var answer = try await release(rest, leaseNext: count, for: length, worker: worker, calls: calls)
        answer.staleReleases += stale
        return answer
    }

    /// Waits until there may be work, on a connection of its own.
    ///
    /// A wake-up can be lost when a worker dies, so callers bound the wait: by ``LeaseAnswer/nextDue``, and by some
    /// seconds if that is far.
    ///
    /// - Returns: `true` if woken, `false` if the time is over.
    /// - Throws: ``RedisError/Kind/cancelled`` when the task is cancelled.
    @discardableResult
    package func waitForWork(upTo limit: Duration, worker: String) async throws(RedisError) -> Bool {
        try await waitForToken(":wake", upTo: limit)
    }

    private func waitForToken(_ list: String, upTo limit: Duration) async throws(RedisError) -> Bool {
        let milliseconds = limit.milliseconds
        // Zero would mean "for ever" to Redis.
        guard milliseconds > 0 else { return false }
        let seconds = "\(milliseconds / 1_000).\(String(milliseconds % 1_000 + 1_000).dropFirst())"
        let reply = try await client.sendBlocking(RedisCommand("BLPOP", prefix + list, seconds), upTo: limit)
        return !reply.isNull
    }

    // MARK: Events

    /// Tells whoever sends events that new ones were committed; once for a whole transaction. Without waiting.
    package func announceEvents() { announcer.announce() }

    /// Waits until events were announced, on a connection of its own; for the one process that sends them.
    ///
    /// An announcement can be lost, so callers look by themselves now and then.
    ///
    /// - Returns: `true` if there was one, `false` if the time is over.
    /// - Throws: ``RedisError/Kind/cancelled`` when the task is cancelled.
    package func waitForEvents(upTo limit: Duration) async throws(RedisError) -> Bool {
        try await waitForToken(":events", upTo: limit)
    }

    private func release(
        _ releases: ArraySlice<Release>, leaseNext count: Int, for length: Duration, worker: String,
        calls: LimitedCalls?
    ) async throws(RedisError) -> LeaseAnswer {
        try await take(worker, length) { token in
            let arguments = ReleaseScript.arguments(
                releases, count: count, length: length, worker: worker, token: token, calls: calls, now: now())
            return (ReleaseScript.script, arguments)
        }
    }

    private func take(
        _ worker: String, _ length: Duration, _ call: (_ token: String) -> (RedisScript, RedisArguments)
    ) async throws(RedisError) -> LeaseAnswer {
        let before = ContinuousClock.now
        // Unique for each resource, as a resource is given at most once in a call.
        let token = "\(worker):\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let (script, arguments) = call(token)
        let reply = try await run(script, arguments)
        guard let generation = reply.state.generation else {
            return LeaseAnswer(leases: [], nextDue: nil, isPaused: false, generation: .lost, staleReleases: 0)
        }
        let limit = CallLimitState.Breaker(rawValue: Int(try reply.integer(3)))
        let state = CallLimitState(
            breaker: limit ?? .closed, limit: Int(try reply.integer(4)), era: try reply.integer(5))
        var leases: [QueueLease] = []
        for offset in stride(from: 9, to: reply.values.count, by: 2) {
            leases.append(
                QueueLease(
                    key: try reply.key(offset), token: token, lane: try reply.lane(offset + 1), generation: generation,
                    deadline: before + length))
        }
        return LeaseAnswer(
            leases: leases, nextDue: try reply.duration(1), isPaused: try reply.integer(0) == 1,
            generation: reply.state, staleReleases: Int(try reply.integer(2)), limit: limit == nil ? nil : state,
            isAtLimit: try reply.integer(6) == 1, places: Int(try reply.integer(7)),
            surplus: Int(try reply.integer(8)))
    }

    /// The time scripts are told; empty in production.
    var scriptTime: Int64? { now() }

    func run(_ script: RedisScript, _ arguments: RedisArguments) async throws(RedisError) -> QueueReply {
        try QueueReply(try await client.run(script, keys: [prefix], arguments: arguments))
    }
}
