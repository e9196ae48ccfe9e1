// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
package import Queue

/// Whether a client writes so much that its writes are bulk work, which leaves the way free for the single writes of others.
///
/// A bucket for each client: it fills by `perSecond` and holds half a minute's worth, and each write takes one. Each process counts what it
/// gets itself.
package final class ClientRates: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    /// Writes a second, over half a minute.
    package static let standard = 10

    private static let memory = 30.0
    /// Clients remembered; a full bucket needs no memory.
    private static let clientsMax = 10_000

    private let perSecond: Double
    private let buckets = Locked<[String: Bucket]>([:])

    package init(perSecond: Int) { self.perSecond = Double(max(1, perSecond)) }

    /// Counts a write of `client`.
    package func lane(of client: String, at now: ContinuousClock.Instant) -> Lane {
        let capacity = perSecond * Self.memory
        return buckets.withLock { buckets in
            var bucket = buckets[client] ?? Bucket(tokens: capacity, at: now)
            bucket.tokens = min(capacity, bucket.tokens + perSecond * seconds(from: bucket.at, to: now))
            bucket.at = now
            let isWithin = bucket.tokens >= 1
            if isWithin { bucket.tokens -= 1 }
            if buckets.count >= Self.clientsMax, buckets[client] == nil {
                buckets = buckets.filter {
                    $0.value.tokens + perSecond * seconds(from: $0.value.at, to: now) < capacity
                }
            }
            buckets[client] = bucket
            return isWithin ? .interactive : .bulk
        }
    }

    private func seconds(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) -> Double {
        max(0, start.duration(to: end) / .seconds(1))
    }
}
