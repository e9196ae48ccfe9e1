// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import SCIM
internal import Storage
internal import UDM

/// A unique value is held by another resource of ours that has open jobs.
struct ValueWait: Error {
    let refusal: UDMError
    let holders: [ResourceID]
}

/// Values that are free as soon as another write has reached UDM: a name whose holder is about to be deleted, an address that moves.
extension ResourceTurn {
    /// Who holds a value that UDM has refused as taken.
    enum Holder {
        /// Somebody who keeps it.
        case somebody
        /// No user or group has it. A name may be locked by UDM itself, for a call that is under way or that was killed.
        case nobody
    }

    /// Looks who holds a value that UDM has refused as taken, and notes whom of ours the resource waits for.
    /// - Throws: ``ValueWait`` when the holder's own jobs may set it free.
    mutating func lookForHolder(
        of wanted: JSONObject, refused error: UDMError, _ push: Push, for job: LeasedJob
    ) async throws -> Holder {
        // Waiting is bounded by the age of the write.
        guard job.acceptedAt.duration(to: configuration.now()) < configuration.maximumAge else { return .somebody }
        let holders = try await push.holders(of: wanted, refused: error)
        let ids = holders.compactMap { $0.identifier.flatMap { ResourceID($0.lowercased()) } }
        hasWaited = true
        let awaited = try await environment.jobs.waitForValue(lease, heldBy: ids)
        if !awaited.isEmpty { throw ValueWait(refusal: error, holders: awaited) }
        return holders.isEmpty ? .nobody : .somebody
    }

    /// Whether what holds a value of the job is no lock: UDM's would have ended since the job was refused for it first.
    func hasOutlivedLocks(_ job: LeasedJob) -> Bool {
        guard let series = FailureSeries(storedIn: job.lastError), series.kind == UDMErrorClass.nameLock.series else {
            return false
        }
        return series.since.duration(to: configuration.now()) > UDMError.nameLockLifetime
    }

    /// Whether the resource was written or deleted since its jobs were leased: whoever has the value now may have it by right, because the newer write
    /// wants it no longer. The next turn takes all of them together.
    func wasWrittenMeanwhile(_ job: LeasedJob) async throws -> Bool {
        // What the lease shows, or leaves out, would be there again in the next turn. A client that writes without end is not waited for without end.
        guard let last = lease.jobs.last, !lease.hasMoreJobs, !lease.hasPauses, last.operation != .delete,
            job.acceptedAt.duration(to: configuration.now()) < configuration.maximumAge
        else { return false }
        return try await environment.jobs.hasJobs(of: lease.resourceID, after: last.id)
    }

    /// Before the next turn takes the newer writes as well: more of them may be coming.
    static let pauseForNewer = Duration.milliseconds(500)

    /// The longest wait for a value: the holder's outcome calls earlier, unless that call is lost.
    private static let longestValueWait = Duration.seconds(60)

    mutating func wait(_ batch: JobBatch, for value: ValueWait) async throws -> Progress {
        var generator = SystemRandomNumberGenerator()
        let job = batch.first
        let series = FailureSeries(
            after: FailureSeries(storedIn: job.lastError), kind: FailureSeries.valueWait, at: configuration.now())
        let wait = min(configuration.backoff.wait(after: series.count, using: &generator), Self.longestValueWait)
        logger.info(
            "A value is held by a resource whose own write is still to come; waiting for it",
            metadata: [
                "resource": "\(lease.resourceID)", "job": "\(job.id)", "requestID": "\(job.requestID)",
                "holders": "\(value.holders.map(\.description).joined(separator: ", "))", "wait": "\(wait)",
            ])
        let details = JobError(
            waitingFor: value.holders, value.refusal, operation: job.operation, type: lease.type, id: lease.resourceID)
        let stored = try await record(
            .waiting(job: job.id, dueIn: wait, error: details.json(series)), endsTurn: true)
        return .ended(stored ? .waiting(wait) : .lost)
    }
}

extension UDMError {
    /// Refused for a value that no object has.
    var ofLock: UDMError {
        var error = self
        error.class = .nameLock
        return error
    }
}

extension FailureSeries {
    /// The kind of a series of waits for a value.
    static let valueWait = "value_wait"
}
