// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Logging
internal import Metrics
internal import Postgres
internal import SCIM
internal import Storage
internal import UDM

/// One lease turn: the open jobs of one resource, pushed as a ``TurnPlan`` says, each push recorded before the next.
///
/// A crash between any two lines leaves a lease that runs out with `call_started_at` set; the next holder then reads before it writes.
struct ResourceTurn {
    let lease: ConfirmedLease
    let term: LeaseTerm
    let environment: TurnEnvironment
    let logger: Logger

    /// What UDM holds; nil when nothing was ever pushed.
    var known: KnownObject?
    /// When UDM took the last push of ``known``.
    var synced: Timestamp?
    /// A former call may have had its effect, or may still be running.
    var isCareful: Bool
    /// A job of this turn has become a dead letter.
    var hasBuried = false
    /// States that may have reached UDM without being its last known one; read when the turn is careful.
    var possibleStates: [JSONObject]?
    /// What UDM has refused of the resource before.
    var parked: ParkedAttributes
    /// A group's list may hold a DN that nobody has looked at after it was sent.
    var leavesDoubt = false
    /// Users were brought into the group or out of it by their own `groups`, and no outcome tells of it yet.
    var hasChangedUsers = false
    /// UDM has refused a list of members, some of which have names that it does not take in lists.
    var leavesOutUnlistable = false
    /// UDM was called in this turn, and no outcome has said since what came of it.
    var mayHaveCalled = false
    /// Waits of the resource may have been written in this turn.
    var hasWaited = false

    init(lease: ConfirmedLease, term: LeaseTerm = LeaseTerm(until: nil), environment: TurnEnvironment, logger: Logger) {
        self.lease = lease
        self.term = term
        self.environment = environment
        self.logger = logger
        isCareful = lease.ambiguousSince != nil
        synced = lease.syncedAgo.map { environment.configuration.now().advanced(by: .zero - $0) }
        parked = ParkedAttributes(storedIn: lease.parked)
        known = lease.udmObject.map { object in
            // A record that cannot be read is as good as none: the difference is then made from what UDM says.
            let properties = try? JSONValue(parsing: object.properties, limits: .ownText).objectValue
            return KnownObject(dn: object.dn, properties: properties)
        }
    }

    var configuration: SyncConfiguration { environment.configuration }

    /// Works until nothing is left to do, something has to wait, or the lease is gone.
    mutating func run() async throws -> TurnEnd {
        do {
            return try await work()
        } catch let error as PostgresError {
            if Task.isCancelled { return .lost }
            // PostgreSQL's trouble is no crash of this job's: the lease goes back, and the turn begins anew.
            logger.warning(
                "A turn could not read what it needs; it begins anew",
                metadata: ["resource": "\(lease.resourceID)", "error": "\(error)"])
            return try await giveBack(dueIn: .seconds(1))
        }
    }

    private mutating func work() async throws -> TurnEnd {
        if let wait = askedToWait {
            // Redis may have forgotten it, or a new write may have called the resource earlier than the server wants to be called.
            return try await giveBack(dueIn: wait)
        }
        guard !lease.jobs.isEmpty else {
            if let verification = lease.verification, verification.isDue { return try await verify(verification) }
            return try await settleMembers()
        }
        for job in lease.jobs {
            environment.metrics.waited(lane: job.lane, for: job.dueAt.duration(to: configuration.now()))
        }
        var jobs = lease.jobs[...]
        // A delete beyond the page says all: what lies between need not be read.
        let looksBeyond = lease.hasMoreJobs && !lease.hasPauses
        let deletion = looksBeyond ? try await environment.jobs.deletion(of: lease.resourceID) : nil
        if let deletion { jobs.append(deletion) }
        var isWhole = !lease.hasMoreJobs || deletion != nil
        if let first = jobs.first, lease.isLastTry(of: configuration.maximumCrashes) {
            let isOurs = try await environment.jobs.noteLastTry(
                of: first, under: lease.handle, maximumCrashes: configuration.maximumCrashes)
            guard isOurs else { return .lost }
        }
        var plan = TurnPlan(maximumCrashes: configuration.maximumCrashes)
        while let step = plan.next(jobs, isUntouched: known == nil && !isCareful), let first = jobs.first {
            if Task.isCancelled { return .lost }
            switch step {
            case .bury:
                let error = JobError(crashes: first.crashes, type: lease.type, id: lease.resourceID)
                guard try await bury(first, error, isLast: jobs.count == 1) else { return .lost }
                jobs.removeFirst()
            case .cancel:
                return try await cancel(jobs) ? .forget : .lost
            case .push(let count):
                guard var batch = JobBatch(jobs.prefix(count)) else { return .lost }
                batch.isPartlyRead = batch.carrier.id == deletion?.id
                switch try await work(on: batch, isLast: count == jobs.count) {
                case .settled(let count):
                    plan.settled()
                    jobs.removeFirst(count)
                case .refused(let held):
                    plan.refused(held: held)
                    if deletion != nil, isWhole {
                        jobs.removeLast()
                        isWhole = false
                    }
                case .ended(let end): return end
                }
            }
        }
        // Members of a write that was refused as a whole are not to blame for it; what differs is work for a turn of its own.
        let leavesMembers = lease.type == .group && hasBuried && known != nil
        return isWhole && !leavesMembers ? .forget : .again
    }

    /// How long the server still wants to be left alone.
    private var askedToWait: Duration? {
        let error = lease.jobs.isEmpty ? lease.membersError : lease.jobs.first?.lastError
        guard let until = FailureSeries(storedIn: error)?.notBefore else { return nil }
        let wait = configuration.now().duration(to: until)
        return wait > .zero ? wait : nil
    }

    /// A resource that is deleted before its create was ever tried concerns nobody: UDM is not called at all.
    private mutating func cancel(_ jobs: ArraySlice<LeasedJob>) async throws -> Bool {
        guard let last = jobs.last else { return false }
        let stored = try await record(.cancelled(job: last.id), endsTurn: true)
        for job in jobs {
            environment.metrics.finished(job, outcome: "cancelled", started: .now, now: configuration.now())
        }
        return stored
    }

    // MARK: One push

    /// What a push has come to.
    enum Progress: Sendable {
        /// The first so many jobs are terminal.
        case settled(Int)
        /// The carrier is refused as it is; each job has to be pushed by itself, but for the first `held` ones, which UDM seems to have.
        case refused(held: Int)
        case ended(TurnEnd)
    }

    private mutating func work(on batch: JobBatch, isLast: Bool) async throws -> Progress {
        let started = ContinuousClock.now
        do {
            let pushed = try await UDMTrace.$parent.withValue(batch.carrier.traceParent) { try await push(batch) }
            guard try await recordCarried(batch) else { return .ended(.lost) }
            let stored = try await record(
                pushed.result, endsTurn: isLast, parking: pushed.parking,
                reverts: pushed.parking.isRevertible && mayRevert(batch.jobs))
            parked.apply(pushed.parking)
            for job in batch.jobs {
                let state = job.id == batch.carrier.id ? "done" : "superseded"
                environment.metrics.finished(job, outcome: state, started: started, now: configuration.now())
            }
            return stored ? .settled(batch.count) : .ended(.lost)
        } catch let wait as MemberWait {
            return try await postpone(batch, by: wait.remaining)
        } catch let wait as CreateWait {
            return try await postpone(batch, by: wait.remaining)
        } catch let wait as ValueWait {
            return try await self.wait(batch, for: wait)
        } catch let error as UDMError {
            // A cancelled call is not an answer of UDM's: the lease is going or the process is stopping.
            if Task.isCancelled { return .ended(.lost) }
            return try await failed(batch, error, isLast: isLast)
        } catch let error as PasswordKeyError {
            return batch.count > 1 ? try await refused(batch) : try await failed(batch.first, error, isLast: isLast)
        } catch let error as JobError {
            if batch.count > 1 { return try await refused(batch) }
            return try await bury(batch.first, error, isLast: isLast) ? .settled(1) : .ended(.lost)
        }
    }

    /// So many jobs end in one transaction, which has a lease's share of time. The event of a group's job lists its members before and after.
    private static let jobsPerOutcome: [ResourceType: Int] = [.user: 1000, .group: 20]

    /// The carrier has reached UDM: of very many jobs that it carried the first ones end before it does.
    /// - Returns: Whether the lease was still ours.
    private mutating func recordCarried(_ batch: JobBatch) async throws -> Bool {
        let size = Self.jobsPerOutcome[lease.type, default: 1]
        var earlier = batch.jobs.dropLast().map(\.id)
        if batch.isPartlyRead {
            earlier = try await environment.jobs.openJobs(of: lease.resourceID, before: batch.carrier.id)
        }
        while earlier.count > size {
            let end = JobOutcome.Result.superseded(job: earlier[size - 1], by: batch.carrier.id)
            guard try await record(end, endsTurn: false) else { return false }
            earlier.removeFirst(size)
        }
        return true
    }

    /// Waits without an attempt.
    private mutating func postpone(_ batch: JobBatch, by wait: Duration) async throws -> Progress {
        let stored = try await record(
            .retry(job: batch.first.id, dueIn: wait, error: nil, countsAttempt: false, isAmbiguous: false),
            endsTurn: true)
        return .ended(stored ? .waiting(wait) : .lost)
    }

    // MARK: Recording

    /// A refused compensation is not compensated, or two states would be tried in turn for ever; a client's write that it carried is.
    func mayRevert(_ jobs: some Sequence<LeasedJob>) -> Bool {
        configuration.revertsRefusals && jobs.contains { $0.client != Compensation.client }
    }

    /// - Returns: Whether the outcome was stored, that is, whether the lease was still ours.
    mutating func record(
        _ result: JobOutcome.Result, endsTurn: Bool, parking: Parking = Parking(), reverts: Bool = false,
        awaited: [ResourceID] = []
    ) async throws -> Bool {
        // What a job carried are all open jobs before it.
        let merges =
            switch result {
            case .done, .removed, .cancelled, .superseded: true
            case .dead, .retry, .waiting, .members, .membersLater, .membersRefused, .verified, .verifyLater, .ended:
                false
            }
        // Also when Redis forgets that the turn is to be followed by another one.
        var leavesMembers = false
        if case .dead = result { leavesMembers = endsTurn && lease.type == .group && known != nil }
        Failpoint.strike("turn.before-outcome")
        let stored = try await environment.record(
            JobOutcome(
                lease: lease.handle, result: result, endsTurn: endsTurn, merges: merges, parking: parking,
                reverts: reverts, leavesDoubt: leavesDoubt || hasChangedUsers, hasMembers: lease.type == .group,
                hasWaits: lease.isUnsettled || hasWaited, leavesMembers: leavesMembers, awaited: awaited))
        Failpoint.strike("turn.recorded")
        if stored { (leavesDoubt, hasChangedUsers) = (false, false) }
        // What the call came to is recorded with its carrier.
        if case .superseded = result { return stored }
        mayHaveCalled = false
        return stored
    }

    func giveBack(dueIn wait: Duration) async throws -> TurnEnd {
        Failpoint.strike("turn.before-give-back")
        try await environment.giveBack(lease.handle, mayHaveCalled)
        Failpoint.strike("turn.given-back")
        return .due(wait)
    }
}

/// A group may still wait for members.
struct MemberWait: Error {
    let remaining: Duration
}

/// How a turn leaves its resource key in Redis.
enum TurnEnd: Equatable, Sendable {
    /// No open work was left.
    case forget
    /// More work at once.
    case again
    case due(Duration)
    /// The resource waits for others, at most this long.
    case waiting(Duration)
    /// The lease is gone or its state unknown: nothing may be said about the key.
    case lost
}
