// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Redis

/// Tells the event sender, whichever process it is in, that new events were committed. Nobody waits for it, and a word that is lost costs the
/// sender's interval between two looks.
///
/// What is announced while a call is under way is one further call, however often.
final class EventAnnouncer: Sendable {
    private enum State {
        case idle, sending, sendingWithMore
    }

    private let client: RedisClient
    private let prefix: String
    private let state = Locked(State.idle)

    init(client: RedisClient, prefix: String) {
        self.client = client
        self.prefix = prefix
    }

    func announce() {
        let isFirst = state.withLock { state in
            defer { state = state == .idle ? .sending : .sendingWithMore }
            return state == .idle
        }
        if isFirst { send() }
    }

    private func send() {
        client.submit(EventScript.announce, keys: [prefix], arguments: []) { reply in
            let hasMore = self.state.withLock { state in
                // Without Redis every call fails at once: nothing is repeated.
                if case .failure = reply { state = .idle }
                defer { state = state == .sendingWithMore ? .sending : .idle }
                return state == .sendingWithMore
            }
            if hasMore { self.send() }
        }
    }
}

/// `P:events` has one token at most, which a sender that waits takes; without a sender it goes by itself.
enum EventScript {
    static let announce = RedisScript(
        "announce-events",
        """
        local name = KEYS[1] .. ':events'
        if redis.call('EXISTS', name) == 0 then
            redis.call('RPUSH', name, '1')
            redis.call('PEXPIRE', name, 10000)
        end
        return 1
        """)
}
