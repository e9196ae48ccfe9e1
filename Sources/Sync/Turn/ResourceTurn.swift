// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import Metrics
internal import SCIM
internal import Storage
internal import UDM

/// One lease turn: the open jobs of one resource, in revision order, each pushed and recorded before the next.
///
/// A crash between any two lines leaves a lease that runs out with `call_started_at` set; the next holder then reads before it writes.
struct ResourceTurn {
    let lease: ConfirmedLease
    let environment: TurnEnvironment
    let logger: Logger

    private var known: KnownObject?

    init(lease: ConfirmedLease, environment: TurnEnvironment, logger: Logger) throws {
        self.lease = lease
        self.environment = environment
        self.logger = logger
        known = try lease.udmObject.map { object in
            KnownObject(
                dn: object.dn, properties: try JSONValue(parsing: object.properties).objectValue ?? JSONObject())
        }
    }

    private var configuration: SyncConfiguration { environment.configuration }

    /// Works until nothing is left to do, something has to wait, or the lease is gone.
    mutating func run() async throws -> TurnEnd {
        if neverReachedUDM {
            for (index, job) in lease.jobs.enumerated() {
                guard try await record(.cancelled(job: job.id), endsTurn: index == lease.jobs.count - 1) else {
                    return .lost
                }
            }
            return .forget
        }
        for (index, job) in lease.jobs.enumerated() {
            if Task.isCancelled { return .lost }
            let isLast = index == lease.jobs.count - 1
            if let end = try await work(on: job, isLast: isLast) { return end }
        }
        if lease.jobs.isEmpty {
            return try await settleMembers()
        }
        return .forget
    }

    /// A resource that is deleted before its create was ever tried concerns nobody: UDM is not called at all.
    private var neverReachedUDM: Bool {
        guard lease.jobs.count > 1, lease.udmObject == nil, lease.ambiguousSince == nil else { return false }
        return lease.jobs.first?.operation == .create && lease.jobs.last?.operation == .delete
            && lease.jobs.allSatisfy { $0.attempts == 0 && $0.crashes == 0 }
    }

    // MARK: One job

    /// - Returns: How the turn ends, or nil to go on with the next job.
    private mutating func work(on job: LeasedJob, isLast: Bool) async throws -> TurnEnd? {
        let started = ContinuousClock.now
        environment.metrics.waited(lane: job.lane, for: job.dueAt.duration(to: configuration.now()))
        if job.crashes >= configuration.maximumCrashes {
            return try await bury(
                job, JobError(crashes: job.crashes, type: lease.type, id: lease.resourceID), isLast: isLast)
        }
        do {
            let result = try await push(job)
            let stored = try await record(result, endsTurn: isLast)
            environment.metrics.finished(job, outcome: "done", started: started, now: configuration.now())
            environment.reportHealthy()
            return stored ? nil : .lost
        } catch let wait as MemberWait {
            let stored = try await record(
                .retry(job: job.id, dueIn: wait.remaining, error: nil, countsAttempt: false, isAmbiguous: false),
                endsTurn: true)
            return stored ? .waiting(wait.remaining) : .lost
        } catch let error as UDMError {
            // A cancelled call is not an answer of UDM's: the lease is going or the process is stopping.
            if Task.isCancelled { return .lost }
            return try await failed(job, error, started: started, isLast: isLast)
        } catch let error as JobError {
            return try await bury(job, error, isLast: isLast)
        }
    }

    private mutating func push(_ job: LeasedJob) async throws -> JobOutcome.Result {
        let push = Push(
            client: environment.client, mapping: environment.mapping, module: UDMModule(lease.type),
            resourceID: lease.resourceID, requestID: job.requestID, isCareful: lease.ambiguousSince != nil,
            logger: logger)
        if job.operation == .delete {
            try await push.remove(known)
            known = nil
            return .removed(job: job.id)
        }
        guard let text = job.newState else { throw JobError(missingStateOf: job.id) }
        let state = try JSONValue(parsing: text)
        let members = lease.type == .group ? try await members(of: job) : MemberDifference()
        let goal = Push.Goal(
            properties: environment.mapping.properties(
                of: state["resource"]?.objectValue ?? JSONObject(), type: lease.type),
            password: try password(of: job), members: members.delta)
        let object = try await push.bring(known, to: goal)
        known = object
        return .done(job: job.id, udm: object.record, members: members.applied)
    }

    private func password(of job: LeasedJob) throws -> String? {
        guard let sealed = job.secret else { return nil }
        guard let sealer = environment.sealer else { throw JobError(noPasswordKeyFor: job.id) }
        let bytes = try sealer.open(sealed, jobID: job.id, resourceID: lease.resourceID)
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Members

    /// The members to send now.
    /// - Throws: ``MemberWait`` while members are not in UDM yet and the group may still wait for them.
    private func members(of job: LeasedJob) async throws -> MemberDifference {
        let difference = try await currentDifference()
        guard !difference.missing.isEmpty else { return difference }
        let missing = try await environment.jobs.wait(lease, for: difference.missing.map(\.memberID))
        if missing.isEmpty {
            // They arrived between our two looks.
            return try await currentDifference()
        }
        let now = configuration.now()
        let remaining = configuration.memberWait - (job.firstAttemptAt ?? now).duration(to: now)
        if remaining > .zero {
            throw MemberWait(remaining: remaining)
        }
        logger.info(
            "A group is pushed without members that are not in UDM yet",
            metadata: ["missing": "\(missing.count)", "group": "\(lease.resourceID)"])
        return try await currentDifference()
    }

    private func currentDifference() async throws -> MemberDifference {
        MemberDifference(try await environment.jobs.memberDifference(of: lease.resourceID))
    }

    /// A turn without a job: members that a group was pushed without have arrived.
    private mutating func settleMembers() async throws -> TurnEnd {
        guard lease.type == .group, let known else {
            return try await record(.ended, endsTurn: true) ? .forget : .lost
        }
        let difference = try await currentDifference()
        if difference.isEmpty {
            return try await record(.ended, endsTurn: true) ? .forget : .lost
        }
        let push = Push(
            client: environment.client, mapping: environment.mapping, module: .group, resourceID: lease.resourceID,
            requestID: LowercaseUUID.random().description,
            isCareful: lease.ambiguousSince != nil, logger: logger)
        do {
            let object = try await push.bring(
                known,
                to: Push.Goal(properties: known.properties ?? JSONObject(), password: nil, members: difference.delta))
            let stored = try await record(.members(udm: object.record, difference.applied), endsTurn: true)
            return stored ? .forget : .lost
        } catch let error as UDMError {
            if Task.isCancelled { return .lost }
            logger.warning("Late members of a group could not be pushed", metadata: ["error": "\(error)"])
            let wait = configuration.backoff.ceiling(after: 3)
            return try await record(.ended, endsTurn: true) ? .due(wait) : .lost
        }
    }

    // MARK: Failure

    private func failed(
        _ job: LeasedJob, _ error: UDMError, started: ContinuousClock.Instant, isLast: Bool
    ) async throws -> TurnEnd? {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let disposition = Disposition.of(
            error, attempts: job.attempts + 1, age: job.acceptedAt.duration(to: now),
            tried: (job.firstAttemptAt ?? now).duration(to: now), configuration: configuration, using: &generator)
        environment.metrics.attempted(job, error: error)
        environment.report(error)
        let details = JobError(error, job: job, type: lease.type, id: lease.resourceID)
        switch disposition {
        case .dead:
            return try await bury(job, details, isLast: isLast)
        case .hold:
            let wait = UDMBreaker.firstLength
            let stored = try await record(
                .retry(
                    job: job.id, dueIn: wait, error: details.json, countsAttempt: false,
                    isAmbiguous: lease.ambiguousSince != nil), endsTurn: true)
            return stored ? .due(wait) : .lost
        case .retry(let wait, let isAmbiguous):
            logger.info(
                "UDM did not take a write; it will be tried again",
                metadata: [
                    "resource": "\(lease.resourceID)", "job": "\(job.id)", "attempt": "\(job.attempts + 1)",
                    "wait": "\(wait)", "error": "\(error)", "requestID": "\(job.requestID)",
                ])
            let stored = try await record(
                .retry(
                    job: job.id, dueIn: wait, error: details.json, countsAttempt: true,
                    isAmbiguous: isAmbiguous || lease.ambiguousSince != nil), endsTurn: true)
            return stored ? .due(wait) : .lost
        }
    }

    /// Ends a job as a dead letter. Later jobs of the resource go on: each brings UDM to its own state, whatever failed before.
    private func bury(_ job: LeasedJob, _ error: JobError, isLast: Bool) async throws -> TurnEnd? {
        logger.error(
            "A write failed for good and is a dead letter",
            metadata: [
                "resource": "\(lease.resourceID)", "job": "\(job.id)", "operation": "\(job.operation.rawValue)",
                "error": "\(error.detail)", "requestID": "\(job.requestID)",
            ])
        let stored = try await record(.dead(job: job.id, error: error.json), endsTurn: isLast)
        environment.metrics.finished(job, outcome: "dead", started: .now, now: configuration.now())
        return stored ? nil : .lost
    }

    // MARK: Recording

    /// - Returns: Whether the outcome was stored, that is, whether the lease was still ours.
    private func record(_ result: JobOutcome.Result, endsTurn: Bool) async throws -> Bool {
        try await environment.record(JobOutcome(lease: lease.handle, result: result, endsTurn: endsTurn))
    }
}

extension KnownObject {
    /// As PostgreSQL keeps it.
    fileprivate var record: UDMObjectRecord {
        UDMObjectRecord(dn: dn, properties: JSONValue.object(properties ?? JSONObject()).serialize())
    }
}

extension MemberDifference {
    /// What is settled once UDM has taken the difference.
    fileprivate var applied: AppliedMembers {
        AppliedMembers(added: added.map(\.memberID), removed: removed.map(\.memberID))
    }
}

/// A group may still wait for members.
private struct MemberWait: Error {
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
