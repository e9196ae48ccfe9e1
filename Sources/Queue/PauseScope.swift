// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A part of the queue that hands out no leases. Enqueueing goes on, and leases already held are finished.
package enum PauseScope: Sendable, Hashable, CustomStringConvertible {
    case all
    case lane(Lane)
    case tenant(String)

    /// As stored in Redis: `all`, `lane:bulk`, `tenant:default`.
    package var description: String {
        switch self {
        case .all: "all"
        case .lane(let lane): "lane:\(lane.rawValue)"
        case .tenant(let tenant): "tenant:\(tenant)"
        }
    }

    package init?(_ text: String) {
        if text == "all" {
            self = .all
        } else if text.hasPrefix("lane:"), let lane = Lane(rawValue: String(text.dropFirst(5))) {
            self = .lane(lane)
        } else if text.hasPrefix("tenant:"), text.count > 7 {
            self = .tenant(String(text.dropFirst(7)))
        } else {
            return nil
        }
    }
}
