// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// What becomes of jobs that UDM did not take.
extension ResourceTurn {
    mutating func failed(_ batch: JobBatch, _ error: UDMError, isLast: Bool) async throws -> Progress {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        // What passes is trouble of the job that waits longest: its tries and its age count, and it is the one that waits for the next try.
        let job = batch.first
        let former = FailureSeries(storedIn: job.lastError)
        let series = FailureSeries(after: former, kind: error.class.series, retryAfter: error.retryAfter, at: now)
        let disposition = Disposition.of(
            error, attempts: job.attempts + 1, series: series, accepted: job.acceptedAt, now: now,
            configuration: configuration, using: &generator)
        environment.metrics.attempted(batch.carrier, error: error)
        let details = JobError(error, operation: job.operation, type: lease.type, id: lease.resourceID)
        switch disposition {
        case .dead where batch.count > 1 && error.judgesTheWrite:
            logger.info(
                "Writes that were merged into one are refused; they are pushed one by one",
                metadata: [
                    "resource": "\(lease.resourceID)", "jobs": "\(batch.count)", "error": "\(error)",
                    "requestID": "\(batch.carrier.requestID)",
                ])
            return try await refused(batch, details)
        case .dead:
            let isOnly = isLast && batch.count == 1
            let isAmbiguous = error.class == .unknownOutcome
            let isRefused = error.class == .permanent
            let isStored = try await bury(
                job, details, isAmbiguous: isAmbiguous, isRefused: isRefused, isLast: isOnly)
            return isStored ? .settled(1) : .ended(.lost)
        case .hold:
            // No attempt: the series goes on where it was.
            let wait = UDMBreaker.firstLength
            let stored = try await record(
                .retry(
                    job: job.id, dueIn: wait, error: details.json(former), countsAttempt: false,
                    isAmbiguous: false),
                endsTurn: true)
            return .ended(stored ? .due(wait) : .lost)
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
            return .ended(stored ? .due(wait) : .lost)
        }
    }

    /// The key may be with another worker, or come with a restart: tried as long as the age allows. UDM was not called.
    mutating func failed(_ job: LeasedJob, _ error: PasswordKeyError, isLast: Bool) async throws -> Progress {
        var generator = SystemRandomNumberGenerator()
        let now = configuration.now()
        let isExpired = job.acceptedAt.duration(to: now) >= configuration.maximumAge
        let details = JobError(error, job: job.id, retryable: !isExpired)
        if isExpired { return try await bury(job, details, isLast: isLast) ? .settled(1) : .ended(.lost) }
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
        return .ended(stored ? .due(wait) : .lost)
    }

    /// Ends a job as a dead letter. Later jobs of the resource go on: each brings UDM to its own state, whatever failed before.
    /// - Parameter isRefused: By UDM, so that it may be undone in SCIM.
    /// - Returns: Whether it was stored.
    mutating func bury(
        _ job: LeasedJob, _ error: JobError, isAmbiguous: Bool = false, isRefused: Bool = false, isLast: Bool
    ) async throws -> Bool {
        logger.error(
            "A write failed for good and is a dead letter",
            metadata: [
                "resource": "\(lease.resourceID)", "job": "\(job.id)", "operation": "\(job.operation.rawValue)",
                "error": "\(error.detail)", "requestID": "\(job.requestID)",
            ])
        let stored = try await record(
            .dead(job: job.id, error: error.json(), isAmbiguous: isAmbiguous), endsTurn: isLast,
            reverts: isRefused && mayRevert([job]))
        environment.metrics.finished(job, outcome: "dead", started: .now, now: configuration.now())
        hasBuried = true
        if isAmbiguous { isCareful = true }
        // The state of this job is one of those that UDM may hold.
        if isCareful { possibleStates = nil }
        return stored
    }
}

extension UDMError {
    /// Whether another state of the same resource might be taken: the refusal is about what was sent, not about UDM's health.
    fileprivate var judgesTheWrite: Bool {
        switch self.class {
        case .permanent, .notFound, .bug, .nameLock, .transient(_?): true
        case .transient(nil), .unknownOutcome, .preconditionFailed, .authentication: false
        }
    }
}
