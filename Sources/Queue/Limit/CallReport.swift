// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What came of calls to UDM that have ended, for ``CallLimiter``; sent along with releases.
package struct CallReport: Sendable, Hashable {
    /// Calls that are alike, such as changes of users: only their times are compared.
    package struct Kind: Sendable, Hashable, Comparable {
        /// A few lower-case letters.
        package let name: String

        package init(_ name: String) {
            precondition(
                !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) },
                "a kind of calls is named by lower-case letters")
            self.name = name
        }

        package static func < (one: Kind, other: Kind) -> Bool { one.name < other.name }
    }

    /// How a call ended.
    package enum Outcome: Sendable, Hashable {
        /// UDM worked: also when it refused this one request.
        case answered
        /// UDM asked for fewer calls (429).
        case throttled
        /// UDM failed at it (5xx).
        case failed
        /// No connection, no answer in time, or UDM said that it is overloaded (503).
        case overloaded
        /// UDM refused our own account (401, 403).
        case accountRefused
    }

    /// The era that the calls belong to; see ``CallLimitState/era``.
    package var era: Int64
    package private(set) var calls = 0
    /// Count for the breaker.
    package private(set) var failures = 0
    /// Count for the limit.
    package private(set) var overloads = 0
    package private(set) var accountRefusals = 0
    package private(set) var retryAfter: Duration?
    /// How many calls of each kind took how long: ``bucket(of:)`` and count. Only calls that UDM answered.
    package private(set) var latencies: [Kind: [Int: Int]] = [:]

    package init(era: Int64) { self.era = era }

    package var isEmpty: Bool { calls == 0 }

    /// Adds one call. Of several times that UDM asks to wait, the longest counts.
    package mutating func add(_ kind: Kind, _ outcome: Outcome, duration: Duration, retryAfter: Duration? = nil) {
        calls += 1
        switch outcome {
        case .answered: latencies[kind, default: [:]][Self.bucket(of: duration), default: 0] += 1
        case .throttled: overloads += 1
        case .failed: failures += 1
        case .overloaded:
            failures += 1
            overloads += 1
        case .accountRefused:
            failures += 1
            accountRefusals += 1
        }
        if let retryAfter { self.retryAfter = max(self.retryAfter ?? .zero, retryAfter) }
    }

    /// Adds calls of the same era.
    package mutating func add(_ other: CallReport) {
        calls += other.calls
        failures += other.failures
        overloads += other.overloads
        accountRefusals += other.accountRefusals
        if let wait = other.retryAfter { retryAfter = max(retryAfter ?? .zero, wait) }
        for (kind, buckets) in other.latencies {
            latencies[kind, default: [:]].merge(buckets, uniquingKeysWith: +)
        }
    }

    /// Buckets grow by an eighth of an octave, so that a difference of 8 is twice as long.
    package static func bucket(of duration: Duration) -> Int {
        let microseconds = Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
        return microseconds <= 1 ? 0 : min(Int(log2(microseconds) * 8), 255)
    }

    /// The argument of a script; empty without calls.
    var argument: String {
        guard !isEmpty else { return "" }
        var words = [era, Int64(calls), Int64(failures), Int64(overloads), Int64(accountRefusals)].map(String.init)
        words.append(String((retryAfter ?? .zero).milliseconds))
        for (kind, buckets) in latencies {
            for (bucket, count) in buckets { words.append("\(kind.name):\(bucket):\(count)") }
        }
        return words.joined(separator: " ")
    }
}
