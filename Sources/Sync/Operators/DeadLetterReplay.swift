// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Queue
package import SCIM
package import Storage

/// Has resources pushed again: one at once, or all whose dead letters fulfil a filter, at a rate that UDM can bear.
package struct DeadLetterReplay: Sendable {
    private let database: Database
    private let queue: WorkQueue
    /// Waits for a time; a parameter so that tests need not.
    private let wait: @Sendable (Duration) async throws -> Void

    private static let pageSize = 200

    package init(
        database: Database, queue: WorkQueue,
        wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.database = database
        self.queue = queue
        self.wait = wait
    }

    // MARK: One

    /// What came of one replay.
    package struct One: Sendable {
        package let subject: ResourceSubject
        package let result: ReplayResult
        /// Why Redis does not know of it yet; the sweep finds it within seconds.
        package let redisProblem: String?
    }

    /// - Parameter id: Of a job, open or finished, or of a resource.
    /// - Returns: nil when there is nothing with this id.
    package func replay(
        _ id: LowercaseUUID, by actor: String, lane: Lane = .interactive
    ) async throws -> One? {
        guard let subject = try await database.operators.subjects.find(id) else { return nil }
        return try await replay(subject, lane: lane, by: actor)
    }

    /// Has a resource pushed again; with `repair` the difference is made from UDM's own state.
    package func replay(
        _ subject: ResourceSubject, lane: Lane = .interactive, by actor: String, repair: RepairFindings? = nil
    ) async throws -> One {
        let result = try await database.operators.replays.replay(
            subject, lane: lane.rawValue, by: actor, repair: repair)
        switch result {
        case .queued, .alreadyOpen:
            let problem = await queue.problem(enqueuing: subject, lane: lane)
            return One(subject: subject, result: result, redisProblem: problem)
        case .gone, .busy: return One(subject: subject, result: result, redisProblem: nil)
        }
    }

    // MARK: Many

    /// How far a replay by filter is.
    package struct Progress: Sendable, Equatable {
        /// Dead letters looked at; several of one resource are settled by one job.
        package var letters = 0
        /// New jobs.
        package var queued = 0
        /// Resources with an open write, which was hastened.
        package var alreadyOpen = 0
        /// Resources that are no more.
        package var gone = 0
        /// Jobs that Redis has not heard of; the sweep finds them.
        package var notEnqueued = 0

        package init() {}
    }

    /// Replays what is dead now, the oldest first; what dies while it runs is left for the next time.
    ///
    /// - Parameters:
    ///   - rate: Resources a second at most; nil: as fast as it goes.
    ///   - progress: Called after each resource.
    package func replay(
        _ filter: BacklogFilter, rate: Double?, by actor: String, now: Timestamp = .now(),
        progress: (Progress) -> Void = { _ in }
    ) async throws -> Progress {
        var filter = filter
        filter.until = min(filter.until ?? now, now)
        var sum = Progress()
        var seen: Set<ResourceID> = []
        var pace = Pace(rate: rate)
        var position: String?
        while true {
            let page = try await database.operators.deadLetters.list(
                filter, order: .oldestFirst, after: position, limit: Self.pageSize)
            for letter in page.entries {
                sum.letters += 1
                guard seen.insert(letter.resourceID).inserted else { continue }
                if let length = pace.next() { try await wait(length) }
                let subject = ResourceSubject(
                    tenant: letter.tenant, type: letter.type, id: letter.resourceID, job: letter.id)
                let one = try await replay(subject, lane: .bulk, by: actor)
                switch one.result {
                case .queued: sum.queued += 1
                case .alreadyOpen: sum.alreadyOpen += 1
                case .gone: sum.gone += 1
                case .busy: break
                }
                if one.redisProblem != nil { sum.notEnqueued += 1 }
                progress(sum)
            }
            guard let next = page.next else { return sum }
            position = next
        }
    }
}

/// Spreads steps evenly over time, without making up for a late one by a burst.
struct Pace {
    private let interval: Duration?
    private var due: ContinuousClock.Instant?

    /// - Parameter rate: Steps a second; nil: no limit.
    init(rate: Double?) { interval = rate.map { .seconds(1 / $0) } }

    /// How long the next step has to wait; nil: not at all.
    mutating func next(now: ContinuousClock.Instant = .now) -> Duration? {
        guard let interval else { return nil }
        let start = max(due ?? now, now)
        due = start.advanced(by: interval)
        return start > now ? now.duration(to: start) : nil
    }
}

extension ResourceSubject {
    package var key: ResourceKey { ResourceKey(tenant: tenant, type: type.rawValue, id: id.description) }
}
