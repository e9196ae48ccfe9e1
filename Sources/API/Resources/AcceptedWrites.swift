// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Queue
internal import SCIM
internal import Storage

/// What follows a committed write: its resource is queued, counted and noted. Nothing here can fail the request.
struct AcceptedWrites: Sendable {
    let queue: WorkQueue?
    let metrics: RequestMetrics
    let logger: Logger

    func note(_ write: AcceptedWrite, _ stored: StoredResource, _ context: WriteContext, job: JobID) {
        note(write, stored.type, stored.id, context, job: job)
    }

    func note(
        _ write: AcceptedWrite, _ type: ResourceType, _ id: ResourceID, _ context: WriteContext, job: JobID
    ) {
        let key = ResourceKey(tenant: context.tenant, type: type.rawValue, id: id.description)
        // A hint: the sweep finds the job in PostgreSQL if Redis does not take it.
        queue?.enqueueDetached([Enqueue(key, lane: .interactive)])
        metrics.writeAccepted(write, type)
        logger.info(
            "A write was accepted",
            metadata: [
                "requestID": "\(context.requestID)", "operation": "\(write.rawValue)", "type": "\(type.rawValue)",
                "resource": "\(id)", "client": "\(context.client)", "job": "\(job)",
            ])
    }
}
