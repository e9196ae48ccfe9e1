// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// What follows committed writes: their resources are queued, counted and noted. Nothing here can fail the request.
struct AcceptedWrites: Sendable {
    let queue: WorkQueue?
    let metrics: RequestMetrics
    let logger: Logger

    /// - Parameter answers: Those that changed nothing are passed over.
    func note(_ answers: [WriteAnswer], _ context: WriteContext) {
        let lane = Lane(rawValue: context.lane) ?? .interactive
        Failpoint.strike("api.committed")
        // A hint: the sweep finds the jobs in PostgreSQL if Redis does not take it.
        queue?.enqueueDetached(
            answers.filter { $0.job != nil }.map { answer in
                let key = ResourceKey(
                    tenant: context.tenant, type: answer.type.rawValue, id: answer.id.description)
                return Enqueue(key, lane: lane)
            })
        Failpoint.strike("api.enqueued")
        for answer in answers {
            guard let write = answer.accepted, let job = answer.job else { continue }
            metrics.writeAccepted(write, answer.type)
            logger.info(
                "A write was accepted",
                metadata: [
                    "requestID": "\(context.requestID)", "operation": "\(write.rawValue)",
                    "type": "\(answer.type.rawValue)", "resource": "\(answer.id)", "client": "\(context.client)",
                    "job": "\(job)",
                ])
        }
    }
}
