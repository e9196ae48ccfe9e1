// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Logging
internal import Storage
internal import UDM

/// Writes that were merged into one and refused.
extension ResourceTurn {
    /// The batch is taken apart, but not behind what a call whose answer was lost has brought.
    /// - Parameter error: What UDM said; nil when it was not asked.
    mutating func refused(_ batch: JobBatch, _ error: JobError? = nil) async throws -> Progress {
        guard isCareful else { return .refused(held: 0) }
        do {
            let held = try await held(of: batch)
            if held < batch.count { return .refused(held: held) }
            guard let error else { return .refused(held: held - 1) }
            // UDM fails behind the write, again and again, and has it: to push an earlier one would take it back.
            return try await bury(batch.first, error, isLast: false) ? .settled(1) : .ended(.lost)
        } catch let error as UDMError {
            if Task.isCancelled { return .ended(.lost) }
            // Which of the writes UDM holds is not known, so that none is pushed yet.
            guard let first = JobBatch(batch.jobs.prefix(1)) else { return .ended(.lost) }
            return try await failed(first, error, isLast: false)
        }
    }

    /// How many of the jobs UDM holds, as far as its object tells: up to the newest one whose state comes closest.
    ///
    /// Too many are no harm, for writes may be merged; too few are. A lost call may have left out what was refused before, and others may have changed
    /// the object, so the closest state counts and not an equal one. The last job, with which the batch was refused, is one of them only if no other
    /// is as close.
    private mutating func held(of batch: JobBatch) async throws -> Int {
        let push = try await makePush(UDMModule(lease.type), requestID: batch.carrier.requestID)
        var dn = known?.dn
        if dn == nil { dn = try await push.findOwn() }
        guard let dn, let object = try await push.read(at: dn) else { return 0 }
        let mapping = environment.mapping
        func distance(to state: JSONObject) -> Int {
            mapping.difference(from: object.properties, to: state).properties.count
        }
        var closest = known?.properties.map(distance) ?? .max
        var held = 0
        for (index, job) in batch.jobs.enumerated() {
            guard let state = job.newState.flatMap(mapped) else { continue }
            let distance = distance(to: state)
            let isCloser = index == batch.count - 1 ? distance < closest : distance <= closest
            if isCloser { (closest, held) = (distance, index + 1) }
        }
        logger.info(
            "Writes are refused after a lost answer; so many of them UDM seems to hold",
            metadata: ["resource": "\(lease.resourceID)", "dn": "\(object.dn)", "writes": "\(held)"])
        return held
    }
}
