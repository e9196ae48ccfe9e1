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
    /// Looks who holds a value that UDM has refused as taken.
    ///
    /// - Parameter looks: How often, this time included.
    /// - Returns: Whether the write is to be tried again at once. Otherwise the value belongs to somebody who keeps it.
    /// - Throws: ``ValueWait`` when the holder's own jobs may set it free.
    mutating func mayBeFree(
        _ error: UDMError, _ wanted: JSONObject, _ push: Push, _ job: LeasedJob, looks: Int
    ) async throws -> Bool {
        // Waiting is bounded by the age of the write.
        guard job.acceptedAt.duration(to: configuration.now()) < configuration.maximumAge else { return false }
        let holders = try await push.holders(of: wanted, refused: error)
        let ids = holders.compactMap { $0.identifier.flatMap { ResourceID($0.lowercased()) } }
        hasWaited = true
        let awaited = try await environment.jobs.waitForValue(lease, heldBy: ids)
        if !awaited.isEmpty { throw ValueWait(refusal: error, holders: awaited) }
        // The holder may have let go of it between UDM's refusal and our look; once, because nobody else's will go by waiting.
        return looks == 1
    }

    /// Whether a resource that UDM has never had was deleted since its jobs were leased: whoever has the value now has it by right, and the next turn
    /// finds that nobody wants the create any more.
    func wasDeletedMeanwhile() async throws -> Bool {
        // What the lease shows, or leaves out, would be there again in the next turn.
        guard known == nil, !isCareful, !lease.hasMoreJobs, !lease.hasPauses, lease.jobs.last?.operation != .delete
        else { return false }
        return try await environment.jobs.deletion(of: lease.resourceID) != nil
    }

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

extension FailureSeries {
    /// The kind of a series of waits for a value.
    static let valueWait = "value_wait"
}
