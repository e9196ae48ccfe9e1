// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// What the leader does for operators: pauses reach Redis, dead letters that a later write has overtaken are settled, attempts of jobs that
/// are no more are removed.
struct OperatorDuties: Sendable {
    let stores: OperatorStores
    let queue: WorkQueue
    let logger: Logger
    /// Asked before each page.
    let isLeader: @Sendable () async -> Bool

    /// Every few seconds.
    func pause() async throws {
        let changed = try await stores.pauses.apply(to: queue)
        if changed > 0 { logger.notice("Pauses were brought to Redis", metadata: ["scopes": "\(changed)"]) }
    }

    /// Every minute: it looks at every dead letter that is not settled.
    func settle() async throws {
        let settled = try await stores.deadLetters.settleOvertaken()
        if settled > 0 {
            logger.info("Later writes went through where dead letters were", metadata: ["settled": "\(settled)"])
        }
    }

    /// Every hour or so; all pages at once, each of them a short statement.
    func prune() async throws {
        var position: JobID?
        repeat {
            guard await isLeader() else { return }
            position = try await stores.attempts.prune(from: position)
        } while position != nil && !Task.isCancelled
    }
}
