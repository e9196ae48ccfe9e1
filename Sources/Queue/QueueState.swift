// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What Redis knows of the queue's content. The generation is drawn at every rebuild and rises.
package enum QueueState: Sendable, Hashable {
    case ready(generation: Int64)
    /// Enqueue and lease work, but resources may still be missing.
    case rebuilding(generation: Int64)
    /// Redis is empty: nothing can be queued or leased until the leader begins a rebuild.
    case lost

    /// `nil` when lost.
    package var generation: Int64? {
        switch self {
        case .ready(let generation), .rebuilding(let generation): generation
        case .lost: nil
        }
    }
}
