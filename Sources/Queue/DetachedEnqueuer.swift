// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Failpoints
internal import Redis
internal import Synchronization

/// Enqueues without anybody waiting. What arrives while a call is under way goes out with the next one, so that under load
/// one script call carries many resources and a lone one still leaves at once.
///
/// States: *idle*: nothing waiting, nothing under way. *Sending*: one call is under way; its end sends what has gathered,
/// or returns to idle.
final class DetachedEnqueuer: Sendable {
    private struct State {
        var waiting: [Enqueue] = []
        var isSending = false
    }

    /// Entries kept while Redis is slow; beyond them the sweep is the remedy.
    private static let waitingMax = 65_536

    private let client: RedisClient
    private let prefix: String
    private let now: @Sendable () -> Int64?
    private let state = Locked(State())
    private let failureCount = Atomic(0)
    private let enqueuedCount = Atomic(0)

    init(client: RedisClient, prefix: String, now: @escaping @Sendable () -> Int64?) {
        self.client = client
        self.prefix = prefix
        self.now = now
    }

    var failures: Int { failureCount.load(ordering: .relaxed) }
    var enqueued: Int { enqueuedCount.load(ordering: .relaxed) }

    func enqueue(_ entries: [Enqueue]) {
        guard !entries.isEmpty else { return }
        let batch: [Enqueue]? = state.withLock { state in
            let room = Self.waitingMax - state.waiting.count
            if room < entries.count { failed(entries.count - max(0, room)) }
            state.waiting.append(contentsOf: entries.prefix(max(0, room)))
            guard !state.isSending else { return nil }
            state.isSending = true
            return Self.takeBatch(&state)
        }
        if let batch { send(batch) }
    }

    private static func takeBatch(_ state: inout State) -> [Enqueue] {
        let batch = Array(state.waiting.prefix(QueueLua.batchMax))
        state.waiting.removeFirst(batch.count)
        return batch
    }

    private func send(_ batch: [Enqueue]) {
        client.submit(
            EnqueueScript.script, keys: [prefix], arguments: EnqueueScript.arguments(batch[...], now: now())
        ) { reply in
            Failpoint.strike("queue.enqueue-answered")
            if Self.isEnqueued(reply) {
                self.enqueuedCount.add(batch.count, ordering: .relaxed)
            } else {
                self.failed(batch.count)
            }
            self.sendNext(afterFailure: reply)
        }
    }

    private func sendNext(afterFailure reply: Result<RedisReply, RedisError>) {
        let next: [Enqueue]? = state.withLock { state in
            // Without a connection every call fails at once: what has gathered fails with this one, and without recursion.
            if case .failure(let error) = reply, error.kind != .server {
                failed(state.waiting.count)
                state.waiting = []
            }
            state.isSending = !state.waiting.isEmpty
            return state.isSending ? Self.takeBatch(&state) : nil
        }
        if let next { send(next) }
    }

    private static func isEnqueued(_ reply: Result<RedisReply, RedisError>) -> Bool {
        guard case .success(let value) = reply, let reply = try? QueueReply(value) else { return false }
        return reply.state != .lost
    }

    /// What was enqueued by somebody who waited for it.
    func count(_ count: Int) { enqueuedCount.add(count, ordering: .relaxed) }

    private func failed(_ count: Int) { failureCount.add(count, ordering: .relaxed) }
}
