// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import JSON
internal import Synchronization

/// The double without its HTTP face: accepts messages, dispatches them, delivers them.
final class MessageStore: Sendable {
    enum PublishRefusal: Error {
        /// Larger than what the message queue takes.
        case tooLarge
        case journal(JournalError)
    }

    enum Registration {
        case created, existed, conflict
    }

    private struct Guarded {
        var state: DoubleState
        let journal: Journal?

        /// Writes the record, then makes its change.
        mutating func record(_ record: JournalRecord) throws(JournalError) -> [Wakeup] {
            try journal?.append(record)
            return state.apply(record)
        }
    }

    let configuration: ProvisioningDoubleConfiguration
    private let guarded: Mutex<Guarded>
    private let arrivals = Wakeup()
    private let dispatcher = Wakeup()
    private let stopping = Wakeup()

    init(_ configuration: ProvisioningDoubleConfiguration) throws(JournalError) {
        self.configuration = configuration
        var state = DoubleState(switches: configuration.switches, seed: configuration.seed ?? .random(in: 0 ... .max))
        var journal: Journal?
        if let directory = configuration.journal {
            journal = try Journal.open(in: directory) { state.apply($0) }
            state.statistics = DoubleState.Statistics()
        }
        guarded = Mutex(Guarded(state: state, journal: journal))
    }

    // MARK: Publishing

    func accept(_ draft: MessageDraft, requestID: String) throws(PublishRefusal) -> AcceptedMessage {
        let bytes = draft.json.serialize()
        guard Self.queuedBytes(bytes) <= configuration.maximumPayloadBytes else { throw .tooLarge }
        let event = EventMetadata(old: draft.old, new: draft.new)
        do {
            let (message, woken) = try guarded.withLock { (guarded) throws(JournalError) in
                let message = AcceptedMessage(
                    sequence: guarded.state.messages.count + 1, arrivedMicroseconds: Self.now(), requestID: requestID,
                    realm: draft.realm, topic: draft.topic, event: event, bytes: bytes)
                let switches = guarded.state.switches
                let isDispatched =
                    guarded.state.incomingCount == 0 && switches.dispatcherLatency == .zero
                    && !switches.dispatcherPaused
                let copies = guarded.state.fires(.duplicateDelivery) ? 2 : 1
                let woken = try guarded.record(.message(message, copies: copies, isDispatched: isDispatched))
                return (message, woken)
            }
            for wakeup in woken + [arrivals, dispatcher] { wakeup.wake() }
            return message
        } catch {
            throw .journal(error)
        }
    }

    /// Gives the accepted messages to the subscriptions, one after the other, until ``stop()``.
    func runDispatcher() async throws(JournalError) {
        while !Task.isCancelled {
            let ticket = dispatcher.ticket
            let step = try guarded.withLock {
                (guarded) throws(JournalError) -> (next: ContinuousClock.Instant?, [Wakeup]) in
                if guarded.state.isStopped { return (nil, []) }
                let idle = ContinuousClock.now + .seconds(3600)
                guard let first = guarded.state.firstIncoming, !guarded.state.switches.dispatcherPaused else {
                    return (idle, [])
                }
                if first.readyAt > .now { return (first.readyAt, []) }
                let sequence = guarded.state.messages[first.message].sequence
                return (.now, try guarded.record(.dispatched(message: sequence)))
            }
            guard let next = step.next else { return }
            for wakeup in step.1 { wakeup.wake() }
            await dispatcher.wait(since: ticket, until: next)
        }
    }

    // MARK: Subscriptions

    func register(_ draft: SubscriptionDraft) throws(JournalError) -> Registration {
        try guarded.withLock { (guarded) throws(JournalError) in
            if let existing = guarded.state.subscriptions[draft.name] {
                return existing.draft == draft ? .existed : .conflict
            }
            _ = try guarded.record(.subscription(draft))
            return .created
        }
    }

    /// False if there is none of this name.
    func deleteSubscription(_ name: String) throws(JournalError) -> Bool {
        let woken = try guarded.withLock { (guarded) throws(JournalError) -> [Wakeup]? in
            guard guarded.state.subscriptions[name] != nil else { return nil }
            return try guarded.record(.subscriptionDeleted(name: name))
        }
        for wakeup in woken ?? [] { wakeup.wake() }
        return woken != nil
    }

    func subscription(_ name: String) -> Subscription? { guarded.withLock { $0.state.subscriptions[name] } }

    /// By name.
    var subscriptions: [Subscription] {
        guarded.withLock { Array($0.state.subscriptions.values) }.sorted { $0.draft.name < $1.draft.name }
    }

    /// Waits for the next message of a subscription; `nil` after `timeout`, or when the subscription goes away.
    func next(of name: String, timeout: Duration, pop: Bool) async throws(JournalError) -> [UInt8]? {
        let deadline = ContinuousClock.now + timeout
        let isPrefillOnly = guarded.withLock { guarded in
            guarded.state.isFirstCall(of: name) && guarded.state.switches.firstCallAnswersNull
        }
        if isPrefillOnly {
            await pause(until: deadline)
            return nil
        }
        while true {
            guard let wakeup = subscription(name)?.wakeup else { return nil }
            let ticket = wakeup.ticket
            let (answer, waitUntil) = try take(from: name, pop: pop)
            if let answer { return answer }
            guard ContinuousClock.now < deadline, !isStopped, !Task.isCancelled else { return nil }
            await wakeup.wait(since: ticket, until: min(waitUntil ?? deadline, deadline))
        }
    }

    /// The next message if there is one, else how long the one that is out stays so.
    private func take(
        from name: String, pop: Bool
    ) throws(JournalError) -> (answer: [UInt8]?, waitUntil: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        return try guarded.withLock { (guarded) throws(JournalError) in
            switch guarded.state.look(at: name, now: now) {
            case nil, .empty: return (nil, nil)
            case .out(let until): return (nil, until)
            case .message(let index, let sequence, let deliveries):
                if pop {
                    _ = try guarded.record(.popped(name: name, sequence: sequence))
                } else {
                    _ = try guarded.record(.delivered(name: name, sequence: sequence))
                    guarded.state.keepOut(name, sequence, until: now + configuration.acknowledgementWait)
                }
                let message = guarded.state.messages[index].bytes
                let delivery = #","sequence_number":\#(sequence),"num_delivered":\#(deliveries)}"#
                return (message.dropLast() + delivery.utf8, nil)
            }
        }
    }

    /// False if the subscription has no such message (any more).
    func acknowledge(_ name: String, _ sequence: Int) throws(JournalError) -> Bool {
        let woken = try guarded.withLock { (guarded) throws(JournalError) -> [Wakeup]? in
            guard guarded.state.subscriptions[name]?.has(sequence) ?? false else { return nil }
            return try guarded.record(.acknowledged(name: name, sequence: sequence))
        }
        for wakeup in woken ?? [] { wakeup.wake() }
        return woken != nil
    }

    // MARK: Control

    var switches: Switches { guarded.withLock { $0.state.switches } }

    func changeSwitches<Failure: Error>(_ change: (inout Switches) throws(Failure) -> Void) throws(Failure) {
        try guarded.withLock { (guarded) throws(Failure) in try change(&guarded.state.switches) }
        dispatcher.wake()
    }

    func fires(_ fault: Fault) -> Bool { guarded.withLock { $0.state.fires(fault) } }

    func count(_ change: (inout DoubleState.Statistics) -> Void) { guarded.withLock { change(&$0.state.statistics) } }

    var statistics: (answered: DoubleState.Statistics, accepted: Int, undispatched: Int) {
        guarded.withLock { ($0.state.statistics, $0.state.messages.count, $0.state.incomingCount) }
    }

    /// Messages accepted after the one with sequence number `sequence`, at most `limit`.
    func messages(after sequence: Int, limit: Int) -> ArraySlice<AcceptedMessage> {
        guarded.withLock { $0.state.messages.dropFirst(max(0, sequence)).prefix(max(0, limit)) }
    }

    /// Waits until so many messages were accepted in all; returns what there is then or at the deadline.
    func messages(count: Int, until deadline: ContinuousClock.Instant) async -> [AcceptedMessage] {
        while true {
            let ticket = arrivals.ticket
            let messages = messages(after: 0, limit: .max)
            if messages.count >= count || .now >= deadline || isStopped || Task.isCancelled { return Array(messages) }
            await arrivals.wait(since: ticket, until: deadline)
        }
    }

    /// Forgets messages and subscriptions; the switches stay.
    func forgetAll() throws(JournalError) {
        let woken = try guarded.withLock { (guarded) throws(JournalError) in
            try guarded.journal?.clear()
            return guarded.state.forgetAll()
        }
        for wakeup in woken { wakeup.wake() }
    }

    // MARK: Life

    var isStopped: Bool { guarded.withLock { $0.state.isStopped } }

    /// Ends every wait, so that open requests can be answered.
    func stop() {
        let waiting = guarded.withLock { guarded in
            guarded.state.isStopped = true
            return guarded.state.subscriptions.values.map(\.wakeup)
        }
        for wakeup in waiting + [arrivals, dispatcher, stopping] { wakeup.wake() }
    }

    /// Waits until `deadline` or ``stop()``.
    func pause(until deadline: ContinuousClock.Instant) async {
        let ticket = stopping.ticket
        if !isStopped { await stopping.wait(since: ticket, until: deadline) }
    }

    /// What a message takes in the queue: Python's `json.dumps`, that is ASCII with a blank after `,` and `:`.
    private static func queuedBytes(_ bytes: [UInt8]) -> Int {
        var size = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            switch byte {
            case 0x80..<0xC0: break
            case 0xC0..<0xF0: size += 6
            case 0xF0...: size += 12
            case 0x7F: size += 6
            default: size += 1
            }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\"") {
                isInString.toggle()
            } else if isInString {
                isEscaped = byte == UInt8(ascii: "\\")
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") {
                size += 1
            }
        }
        return size
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
