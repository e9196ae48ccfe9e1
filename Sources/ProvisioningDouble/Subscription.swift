// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One subscriber's queue: in order, one message out at a time.
struct Subscription {
    private struct Entry {
        /// Index of the message among the accepted ones.
        let message: Int
        var deliveries = 0
        var isPopped = false
    }

    let draft: SubscriptionDraft
    /// Woken when a message arrives or the one that is out is confirmed.
    let wakeup = Wakeup()
    /// Whether `next` was called since the start.
    var wasAsked = false
    /// Entries not yet confirmed, by sequence number.
    private var entries: [Int: Entry] = [:]
    private var nextSequence = 1
    /// No entry below is still to be delivered.
    private var cursor = 1
    private var out: (sequence: Int, until: ContinuousClock.Instant)?

    init(_ draft: SubscriptionDraft) { self.draft = draft }

    /// What a call of `next` finds.
    enum Look: Equatable {
        case empty
        /// One message is out, until then nothing is delivered.
        case out(until: ContinuousClock.Instant)
        case message(index: Int, sequence: Int, deliveries: Int)
    }

    var pending: Int { entries.count }
    var isOut: Bool { out != nil }

    mutating func enqueue(message: Int) {
        entries[nextSequence] = Entry(message: message)
        nextSequence += 1
    }

    /// What may be delivered at `now`; `deliveries` counts this delivery.
    mutating func look(at now: ContinuousClock.Instant) -> Look {
        while cursor < nextSequence, entries[cursor]?.isPopped ?? true { cursor += 1 }
        guard let entry = entries[cursor] else { return .empty }
        if let out, out.sequence == cursor, now < out.until { return .out(until: out.until) }
        return .message(index: entry.message, sequence: cursor, deliveries: entry.deliveries + 1)
    }

    mutating func deliver(_ sequence: Int, until: ContinuousClock.Instant) {
        entries[sequence]?.deliveries += 1
        out = (sequence, until)
    }

    mutating func keepOut(_ sequence: Int, until: ContinuousClock.Instant) {
        if out?.sequence == sequence { out = (sequence, until) }
    }

    /// Confirmed by the delivery itself; the entry stays until it is deleted, but is not delivered again.
    mutating func pop(_ sequence: Int) {
        entries[sequence]?.deliveries += 1
        entries[sequence]?.isPopped = true
        if out?.sequence == sequence { out = nil }
    }

    func has(_ sequence: Int) -> Bool { entries[sequence] != nil }

    mutating func acknowledge(_ sequence: Int) {
        entries[sequence] = nil
        if out?.sequence == sequence { out = nil }
    }

    /// As `GET /v1/subscriptions/<name>` shows it. The double's directory is empty, so every prefill is done at once.
    var json: JSONValue {
        guard case .object(var members) = draft.json else { return draft.json }
        members["prefill_queue_status"] = "done"
        return .object(members)
    }
}
