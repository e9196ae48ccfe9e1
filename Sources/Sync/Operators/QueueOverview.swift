// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Queue
internal import Redis
package import SCIM
package import Storage

/// The queue at a glance: what PostgreSQL holds, and where Redis has it.
package struct QueueOverview: Sendable {
    package let at: Timestamp
    package let statistics: QueueStatistics
    package let figures: BacklogStore.Figures
    package let pauses: [PauseStore.Pause]
    /// Nil while Redis does not answer.
    package let depth: QueueDepth?
    /// What the workers know of UDM; nil while Redis does not answer.
    package let limits: CallLimitOverview?
    /// Why there is no depth.
    package let redisProblem: String?

    /// Counts in PostgreSQL and asks Redis, which may be away.
    package static func read(database: Database, queue: WorkQueue, now: Timestamp = .now()) async throws
        -> QueueOverview
    {
        let statistics = try await database.jobs.statistics()
        let figures = try await database.operators.backlog.figures()
        let pauses = try await database.operators.pauses.list()
        var (depth, limits): (QueueDepth?, CallLimitOverview?)
        var problem: String?
        do throws(RedisError) {
            depth = try await queue.depth()
            limits = try await queue.callLimits()
        } catch {
            problem = error.message
        }
        return QueueOverview(
            at: now, statistics: statistics, figures: figures, pauses: pauses, depth: depth, limits: limits,
            redisProblem: problem)
    }
}
