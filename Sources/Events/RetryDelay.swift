// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// How long to wait before something that failed is tried again.
package enum RetryDelay {
    /// The longest wait that a server may ask for.
    package static let longestRetryAfter = Duration.seconds(3600)

    /// Full jitter: random between 0 and `min(cap, 1 s × 2ⁿ)`, at least 50 ms, and never below `retryAfter`.
    ///
    /// - Parameter failures: So far, the last one included.
    package static func afterFailures(
        _ failures: Int, cap: Duration, retryAfter: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        // Beyond 2^20 s every cap has long been reached; the shift must not overflow.
        let ceiling = min(cap, .seconds(1 << min(max(failures, 1) - 1, 20)))
        let jittered = ceiling * (Double(generator.next() >> 11) * 0x1p-53)
        return max(jittered, .milliseconds(50), min(retryAfter ?? .zero, longestRetryAfter))
    }

    /// The header `Retry-After`: seconds or a date (RFC 9110 section 10.2.3); `nil` for anything else.
    package static func retryAfter(_ value: String?, now: Timestamp) -> Duration? {
        guard let value, !value.isEmpty else { return nil }
        if value.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            // More digits than fit are a very long wait, which is cut anyway.
            return .seconds(Int64(value) ?? Int64(longestRetryAfter.components.seconds))
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = value.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        guard let date = Timestamp(iso8601: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z") else { return nil }
        return max(.zero, now.duration(to: date))
    }
}
