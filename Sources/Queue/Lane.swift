// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How urgent the work on a resource is. A resource moves to a faster lane, never back while it is queued.
package enum Lane: String, CaseIterable, Sendable {
    /// Single writes.
    case interactive
    /// SCIM Bulk, imports, replays.
    case bulk
    /// Sweep and verification.
    case repair

    /// The lane's share of the leases while several lanes have work.
    package var weight: Int {
        switch self {
        case .interactive: 16
        case .bulk: 4
        case .repair: 1
        }
    }

    /// How much of the limit of calls the lane may use while others have work, in percent; what they leave is for all.
    package var share: Int {
        switch self {
        case .interactive: 100
        case .bulk: 75
        case .repair: 10
        }
    }

    /// A resource that was ready for longer than this in `bulk` or `repair` is served as `interactive` is.
    package static let agingLimit: Duration = .seconds(600)
}
