// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Everything a double remembers. What must survive a kill changes only through ``apply(_:)``, live and in a replay.
struct DoubleState {
    struct Incoming {
        /// Index of the message.
        let message: Int
        let copies: Int
        let readyAt: ContinuousClock.Instant
    }

    /// How published messages were answered; not kept over a restart.
    struct Statistics: Equatable {
        /// By status; a closed connection has none.
        var answers: [Int: Int] = [:]
        var droppedBeforeAccept = 0
        var droppedAfterAccept = 0
        /// Accepted, but no subscription wanted them.
        var withoutSubscriber = 0
    }

    var switches: Switches
    var statistics = Statistics()
    var isStopped = false
    private(set) var messages: [AcceptedMessage] = []
    private(set) var subscriptions: [String: Subscription] = [:]
    /// Accepted and not yet given to the subscriptions, in order, behind `dispatched` ones that were.
    private var incoming: [Incoming] = []
    private var dispatched = 0
    private var random: SplitMix64

    init(switches: Switches, seed: UInt64) {
        self.switches = switches
        random = SplitMix64(state: seed)
    }

    var firstIncoming: Incoming? { dispatched < incoming.count ? incoming[dispatched] : nil }
    var incomingCount: Int { incoming.count - dispatched }

    /// Makes the change of a record; returns what has to be woken for it.
    @discardableResult
    mutating func apply(_ record: JournalRecord) -> [Wakeup] {
        switch record {
        case .message(let message, let copies, let isDispatched):
            messages.append(message)
            if isDispatched { return dispatch(messages.count - 1, copies: copies) }
            let earliest = max(incoming.last?.readyAt ?? .now, .now)
            incoming.append(
                Incoming(message: messages.count - 1, copies: copies, readyAt: earliest + switches.dispatcherLatency))
            return []
        case .dispatched(let sequence):
            guard let first = firstIncoming, messages[first.message].sequence == sequence else { return [] }
            dispatched += 1
            if dispatched == incoming.count { (incoming, dispatched) = ([], 0) }
            return dispatch(first.message, copies: first.copies)
        case .subscription(let draft):
            subscriptions[draft.name] = Subscription(draft)
            return []
        case .subscriptionDeleted(let name):
            return subscriptions.removeValue(forKey: name).map { [$0.wakeup] } ?? []
        case .delivered(let name, let sequence):
            // A replayed delivery is over at once: whoever got it is gone or will ask again.
            subscriptions[name]?.deliver(sequence, until: .now)
            return []
        case .popped(let name, let sequence):
            subscriptions[name]?.pop(sequence)
            return subscriptions[name].map { [$0.wakeup] } ?? []
        case .acknowledged(let name, let sequence):
            subscriptions[name]?.acknowledge(sequence)
            return subscriptions[name].map { [$0.wakeup] } ?? []
        }
    }

    /// Starts the wait for the confirmation of a delivery that ``apply(_:)`` has recorded.
    mutating func keepOut(_ name: String, _ sequence: Int, until: ContinuousClock.Instant) {
        subscriptions[name]?.keepOut(sequence, until: until)
    }

    mutating func look(at name: String, now: ContinuousClock.Instant) -> Subscription.Look? {
        subscriptions[name]?.look(at: now)
    }

    /// True at the first call for a subscription since the start.
    mutating func isFirstCall(of name: String) -> Bool {
        guard let subscription = subscriptions[name], !subscription.wasAsked else { return false }
        subscriptions[name]?.wasAsked = true
        return true
    }

    /// Whether a fault happens now; counts down those that happen a number of times.
    mutating func fires(_ fault: Fault) -> Bool {
        switch switches.faults[fault] {
        case nil: return false
        case .next(let count):
            switches.faults[fault] = count > 1 ? .next(count - 1) : nil
            return count > 0
        case .probability(let probability): return Double.random(in: 0..<1, using: &random) < probability
        }
    }

    mutating func forgetAll() -> [Wakeup] {
        defer { (messages, subscriptions, incoming, dispatched, statistics) = ([], [:], [], 0, Statistics()) }
        return subscriptions.values.map(\.wakeup)
    }

    private mutating func dispatch(_ message: Int, copies: Int) -> [Wakeup] {
        let wanted = RealmTopic(realm: messages[message].realm, topic: messages[message].topic)
        var woken: [Wakeup] = []
        for (name, subscription) in subscriptions where subscription.draft.realmsTopics.contains(wanted) {
            for _ in 0..<copies { subscriptions[name]?.enqueue(message: message) }
            woken.append(subscription.wakeup)
        }
        if woken.isEmpty { statistics.withoutSubscriber += 1 }
        return woken
    }
}

/// A small seeded generator (Steele, Lea, Flood: splittable generators), so that drawn faults can be repeated.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
