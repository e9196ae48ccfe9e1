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

/// One lease turn: the open jobs of one resource, in revision order, each pushed and recorded before the next.
///
/// A crash between any two lines leaves a lease that runs out with `call_started_at` set; the next holder then reads before it writes.
struct ResourceTurn {
    let lease: ConfirmedLease
    let term: LeaseTerm
    let environment: TurnEnvironment
    let logger: Logger

    /// What UDM holds; nil when nothing was ever pushed.
    private var known: KnownObject?
    /// A former call may have had its effect, or may still be running.
    private var isCareful: Bool
    /// States that may have reached UDM although their jobs failed for good; read when the turn is careful.
    private var possibleStates: [JSONObject]?
    /// UDM was called in this turn, and no outcome has said since what came of it.
    private var mayHaveCalled = false

    init(lease: ConfirmedLease, term: LeaseTerm = LeaseTerm(until: nil), environment: TurnEnvironment, logger: Logger) {
        self.lease = lease
        self.term = term
        self.environment = environment
        self.logger = logger
        isCareful = lease.ambiguousSince != nil
        known = lease.udmObject.map { object in
            // A record that cannot be read is as good as none: the difference is then made from what UDM says.
            let properties = try? JSONValue(parsing: object.properties, limits: .ownText).objectValue
            return KnownObject(dn: object.dn, properties: properties)
        }
    }

    private var configuration: SyncConfiguration { environment.configuration }

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
        return lease.hasMoreJobs ? .again : .forget
    }

    /// How long the server still wants to be left alone.
    private var askedToWait: Duration? {
        let error = lease.jobs.isEmpty ? lease.membersError : lease.jobs.first?.lastError
        guard let until = FailureSeries(storedIn: error)?.notBefore else { return nil }
        let wait = configuration.now().duration(to: until)
        return wait > .zero ? wait : nil
    }

    /// A resource that is deleted before its create was ever tried concerns nobody: UDM is not called at all.
    private var neverReachedUDM: Bool {
        guard lease.jobs.count > 1, !lease.hasMoreJobs, lease.udmObject == nil, lease.ambiguousSince == nil else {
            return false
        }
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
        } catch let error as PasswordKeyError {
            return try await failed(job, error, isLast: isLast)
        } catch let error as JobError {
            return try await bury(job, error, isLast: isLast)
        }
    }

    private mutating func push(_ job: LeasedJob) async throws -> JobOutcome.Result {
        let push = try await makePush(UDMModule(lease.type), requestID: job.requestID)
        if job.operation == .delete {
            mayHaveCalled = true
            try await push.remove(known)
            known = nil
            arrived()
            return .removed(job: job.id)
        }
        guard let text = job.newState else { throw JobError(missingStateOf: job.id) }
        var goal = Push.Goal(
            properties: try await properties(in: text, of: job), password: try password(of: job), members: MemberDelta()
        )
        guard lease.type == .group else {
            mayHaveCalled = true
            let object = try await push.bring(known, to: goal).object
            known = object
            arrived()
            return .done(job: job.id, udm: object.record, members: AppliedMembers())
        }
        var members = memberPush(try await members(), push)
        mayHaveCalled = true
        try await members.look()
        goal.members = members.initial
        let brought = try await push.bring(known, to: goal)
        known = brought.object
        try await settle(&members, in: brought)
        arrived()
        return .done(job: job.id, udm: (known ?? brought.object).record, members: members.applied)
    }

    private mutating func makePush(_ module: UDMModule, requestID: String) async throws -> Push {
        if isCareful && possibleStates == nil {
            let states = try await environment.jobs.buriedStates(of: lease.resourceID, after: lease.syncedRevision)
            possibleStates = states.compactMap { mapped($0) }
        }
        return Push(
            client: environment.client, mapping: environment.mapping, module: module, resourceID: lease.resourceID,
            requestID: requestID, term: term, isCareful: isCareful,
            possibleStates: isCareful ? possibleStates ?? [] : [],
            logger: logger)
    }

    /// UDM's state is known now, whatever became of earlier calls.
    private mutating func arrived() {
        isCareful = false
        possibleStates = []
    }

    private func properties(in state: [UInt8], of job: LeasedJob) async throws -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: state, limits: .ownText)
        } catch {
            throw JobError(unreadableStateOf: job.id, error)
        }
        return try await properties(of: value["resource"]?.objectValue ?? JSONObject())
    }

    private func mapped(_ state: [UInt8]) -> JSONObject? {
        guard let value = try? JSONValue(parsing: state, limits: .ownText),
            let resource = value["resource"]?.objectValue
        else { return nil }
        return environment.mapping.properties(of: resource, type: lease.type)
    }

    private func properties(of attributes: JSONObject) async throws -> JSONObject {
        let mapping = environment.mapping
        environment.leftOut.note(
            mapping.leftOut(of: attributes, type: lease.type), type: lease.type, id: lease.resourceID, logger: logger)
        var properties = mapping.properties(of: attributes, type: lease.type)
        guard let externalID = mapping.externalID, externalID.properties[lease.type] != nil else { return properties }
        let value = try await environment.jobs.externalID(of: lease.resourceID, client: externalID.client)
        for (property, value) in mapping.properties(ofExternalID: value, type: lease.type) {
            properties[property] = value
        }
        return properties
    }

    private func password(of job: LeasedJob) throws -> String? {
        guard let sealed = job.secret else { return nil }
        guard let sealer = environment.sealer else { throw PasswordKeyError(reason: "PASSWORD_KEY_FILE is not set") }
        do throws(SecretError) {
            let bytes = try sealer.open(sealed, jobID: job.id, resourceID: lease.resourceID)
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw PasswordKeyError(reason: "\(error)")
        }
    }

    // MARK: Members

    /// The members to send now.
    /// - Throws: ``MemberWait`` while members are not in UDM yet and the group may still wait for them.
    private func members() async throws -> MemberDifference {
        let difference = try await currentDifference()
        guard !difference.missing.isEmpty else { return difference }
        Failpoint.strike("turn.before-wait")
        let awaited = try await environment.jobs.wait(lease, for: difference.missing.map(\.memberID))
        Failpoint.strike("turn.waits")
        // A member whose own write has failed does not come by itself.
        if let youngest = awaited.filter(\.hasOpenJob).map(\.waited).min(), youngest < configuration.memberWait {
            throw MemberWait(remaining: configuration.memberWait - youngest)
        }
        if !awaited.isEmpty {
            logger.info(
                "A group is pushed without members that are not in UDM yet",
                metadata: ["missing": "\(awaited.count)", "group": "\(lease.resourceID)"])
        }
        // Some may have arrived between our two looks.
        return try await currentDifference()
    }

    private func currentDifference() async throws -> MemberDifference {
        MemberDifference(try await environment.jobs.memberDifference(of: lease.resourceID))
    }

    private func memberPush(_ difference: MemberDifference, _ push: Push) -> MemberPush {
        let (jobs, group) = (environment.jobs, lease.resourceID)
        return MemberPush(difference, of: group, push: push) { try await jobs.isMember($0, of: group) }
    }

    /// Settles the members in UDM's group, and keeps what was settled even when the rest could not be.
    private mutating func settle(_ members: inout MemberPush, in brought: Push.Brought) async throws {
        let (lease, environment) = (lease.handle, environment)
        let store: MemberPush.Store = { settled in
            let outcome = JobOutcome(
                lease: lease, result: .members(udm: brought.object.record, settled), endsTurn: false)
            guard try await environment.record(outcome) else { throw CancellationError() }
            Failpoint.strike("turn.members-stored")
        }
        do {
            let dn = try await members.settle(in: brought, store)
            known?.dn = dn
        } catch let error as UDMError {
            await learn(members)
            if !Task.isCancelled, brought.isCreated || !members.applied.isEmpty { try await store(members.applied) }
            throw error
        }
        await learn(members)
    }

    private func learn(_ members: MemberPush) async {
        do {
            try await environment.jobs.learn(members.learned)
        } catch {
            // Only hints: the next push finds the same again.
            logger.debug("DNs of members were not kept", metadata: ["error": "\(error)"])
        }
    }

    /// A turn without a job: members that a group was pushed without have arrived.
    private mutating func settleMembers() async throws -> TurnEnd {
        guard lease.type == .group, let object = known else {
            return try await record(.ended, endsTurn: true) ? .forget : .lost
        }
        let difference = try await currentDifference()
        if difference.isEmpty {
            return try await record(.ended, endsTurn: true) ? .forget : .lost
        }
        let push = try await makePush(.group, requestID: LowercaseUUID.random().description)
        var members = memberPush(difference, push)
        do {
            mayHaveCalled = true
            try await members.look()
            try await settle(&members, in: Push.Brought(object: object, isCreated: false, fresh: nil))
            let stored = try await record(
                .members(udm: (known ?? object).record, members.applied), endsTurn: true)
            environment.reportHealthy()
            return stored ? .forget : .lost
        } catch let error as UDMError {
            if Task.isCancelled { return .lost }
            return try await membersFailed(error)
        }
    }

    private mutating func membersFailed(_ error: UDMError) async throws -> TurnEnd {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let former = FailureSeries(storedIn: lease.membersError)
        let series = FailureSeries(after: former, kind: error.class.series, retryAfter: error.retryAfter, at: now)
        let disposition = Disposition.of(
            error, attempts: series.count, series: series, accepted: series.first, now: now,
            configuration: configuration, using: &generator)
        environment.report(error)
        let details = JobError(error, operation: .modify, type: lease.type, id: lease.resourceID)
        let metadata: Logger.Metadata = [
            "group": "\(lease.resourceID)", "attempt": "\(series.count)", "error": "\(error)",
        ]
        switch disposition {
        case .dead:
            logger.error("Late members of a group are refused for good", metadata: metadata)
            let result = JobOutcome.Result.membersRefused(
                error: details.json(), isAmbiguous: error.class == .unknownOutcome)
            return try await record(result, endsTurn: true) ? .forget : .lost
        case .hold:
            let wait = UDMBreaker.firstLength
            let result = JobOutcome.Result.membersLater(
                dueIn: wait, error: details.json(former ?? series), isAmbiguous: false)
            return try await record(result, endsTurn: true) ? .due(wait) : .lost
        case .retry(let wait, let isAmbiguous):
            logger.warning("Late members of a group could not be pushed; they will be tried again", metadata: metadata)
            let result = JobOutcome.Result.membersLater(
                dueIn: wait, error: details.json(series), isAmbiguous: isAmbiguous)
            return try await record(result, endsTurn: true) ? .due(wait) : .lost
        }
    }

    // MARK: Failure

    private mutating func failed(
        _ job: LeasedJob, _ error: UDMError, started: ContinuousClock.Instant, isLast: Bool
    ) async throws -> TurnEnd? {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let former = FailureSeries(storedIn: job.lastError)
        let series = FailureSeries(after: former, kind: error.class.series, retryAfter: error.retryAfter, at: now)
        let disposition = Disposition.of(
            error, attempts: job.attempts + 1, series: series, accepted: job.acceptedAt, now: now,
            configuration: configuration, using: &generator)
        environment.metrics.attempted(job, error: error)
        environment.report(error)
        let details = JobError(error, operation: job.operation, type: lease.type, id: lease.resourceID)
        switch disposition {
        case .dead:
            return try await bury(job, details, isAmbiguous: error.class == .unknownOutcome, isLast: isLast)
        case .hold:
            // No attempt: the series goes on where it was.
            let wait = UDMBreaker.firstLength
            let stored = try await record(
                .retry(
                    job: job.id, dueIn: wait, error: details.json(former), countsAttempt: false, isAmbiguous: false),
                endsTurn: true)
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
                    job: job.id, dueIn: wait, error: details.json(series), countsAttempt: true,
                    isAmbiguous: isAmbiguous), endsTurn: true)
            return stored ? .due(wait) : .lost
        }
    }

    /// The key may be with another worker, or come with a restart: tried as long as the age allows. UDM was not called.
    private mutating func failed(_ job: LeasedJob, _ error: PasswordKeyError, isLast: Bool) async throws -> TurnEnd? {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let isExpired = job.acceptedAt.duration(to: now) >= configuration.maximumAge
        let details = JobError(error, job: job.id, retryable: !isExpired)
        if isExpired { return try await bury(job, details, isLast: isLast) }
        let wait = configuration.backoff.wait(after: job.attempts + 1, using: &generator)
        logger.error(
            "A password cannot be opened; the write waits for a worker that has its key",
            metadata: ["resource": "\(lease.resourceID)", "job": "\(job.id)", "reason": "\(error.reason)"])
        let series = FailureSeries(
            after: FailureSeries(storedIn: job.lastError), kind: PasswordKeyError.series, at: now)
        let stored = try await record(
            .retry(
                job: job.id, dueIn: wait, error: details.json(series), countsAttempt: true, isAmbiguous: false),
            endsTurn: true)
        return stored ? .due(wait) : .lost
    }

    /// Ends a job as a dead letter. Later jobs of the resource go on: each brings UDM to its own state, whatever failed before.
    private mutating func bury(
        _ job: LeasedJob, _ error: JobError, isAmbiguous: Bool = false, isLast: Bool
    ) async throws -> TurnEnd? {
        logger.error(
            "A write failed for good and is a dead letter",
            metadata: [
                "resource": "\(lease.resourceID)", "job": "\(job.id)", "operation": "\(job.operation.rawValue)",
                "error": "\(error.detail)", "requestID": "\(job.requestID)",
            ])
        let stored = try await record(
            .dead(job: job.id, error: error.json(), isAmbiguous: isAmbiguous), endsTurn: isLast)
        environment.metrics.finished(job, outcome: "dead", started: .now, now: configuration.now())
        if isAmbiguous { isCareful = true }
        // The state of this job is one of those that UDM may hold.
        if isCareful { possibleStates = nil }
        return stored ? nil : .lost
    }

    // MARK: Recording

    /// - Returns: Whether the outcome was stored, that is, whether the lease was still ours.
    private mutating func record(_ result: JobOutcome.Result, endsTurn: Bool) async throws -> Bool {
        Failpoint.strike("turn.before-outcome")
        let stored = try await environment.record(
            JobOutcome(lease: lease.handle, result: result, endsTurn: endsTurn))
        Failpoint.strike("turn.recorded")
        mayHaveCalled = false
        return stored
    }

    private func giveBack(dueIn wait: Duration) async throws -> TurnEnd {
        Failpoint.strike("turn.before-give-back")
        try await environment.giveBack(lease.handle, mayHaveCalled)
        Failpoint.strike("turn.given-back")
        return .due(wait)
    }
}

extension KnownObject {
    /// As PostgreSQL keeps it.
    fileprivate var record: UDMObjectRecord {
        UDMObjectRecord(dn: dn, properties: JSONValue.object(properties ?? JSONObject()).serialize())
    }
}

extension AppliedMembers {
    fileprivate var isEmpty: Bool { added.isEmpty && removed.isEmpty && missing.isEmpty }
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
