// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What the connections of one run have done so far, for whoever watches.
final class LoadCounters: Sendable {
    private let acceptedCount = Atomic(0)
    private let failedCount = Atomic(0)
    private let runningCount: Atomic<Int>

    init(connections: Int) { runningCount = Atomic(connections) }

    var accepted: Int { acceptedCount.load(ordering: .relaxed) }
    var failed: Int { failedCount.load(ordering: .relaxed) }
    /// Connections that have not ended.
    var running: Int { runningCount.load(ordering: .relaxed) }

    func countAccepted(_ count: Int = 1) { acceptedCount.wrappingAdd(count, ordering: .relaxed) }
    func countFailed() { failedCount.wrappingAdd(1, ordering: .relaxed) }
    func countEnded() { runningCount.wrappingSubtract(1, ordering: .relaxed) }
}
