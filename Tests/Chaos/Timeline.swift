// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What was done to a round besides killing processes of the bridge, and when: by this a wait that took too long is excused, or not.
final class Timeline: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Kind: String, Sendable {
        case redis, postgresql, udm, stall, pause
        /// The machine, or this process on it.
        case standstill
    }

    private struct Entry {
        let kind: Kind
        let began: Instant
        /// Nil while it lasts.
        var ended: Instant?
    }

    private let entries = Mutex<[Entry]>([])

    /// - Returns: What ``end(_:)`` is told.
    func begin(_ kind: Kind) -> Int {
        entries.withLock { entries in
            entries.append(Entry(kind: kind, began: .now))
            return entries.count - 1
        }
    }

    func end(_ number: Int) { entries.withLock { $0[number].ended = .now } }

    /// A moment, or what lasted until now.
    func note(_ kind: Kind, since start: Instant = .now) {
        entries.withLock { $0.append(Entry(kind: kind, began: start, ended: .now)) }
    }

    func during<Value>(_ kind: Kind, _ body: () async throws -> Value) async rethrows -> Value {
        let number = begin(kind)
        defer { end(number) }
        return try await body()
    }

    /// What fell into a time, or lasted into it.
    func kinds(from start: Instant, to end: Instant) -> Set<Kind> {
        entries.withLock { entries in
            Set(entries.filter { $0.began <= end && ($0.ended ?? .now) >= start }.map(\.kind))
        }
    }
}
