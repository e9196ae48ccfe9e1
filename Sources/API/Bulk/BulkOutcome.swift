// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// What became of one operation of a bulk request: an element of `Operations` in the response (RFC 7644 section 3.7.3).
struct BulkOutcome: Sendable {
    let method: RequestMethod?
    let bulkID: String?
    /// What the operation was for. A create that failed has no address; the others have theirs whatever becomes of them (RFC 7644 section 3.7.3).
    let target: (type: ResourceType, id: ResourceID)?
    let result: Result<Written, SCIMError>

    /// What is left of a ``WriteAnswer``. The resource itself would be kept until the last operation has ended.
    struct Written: Sendable {
        let type: ResourceType
        let id: ResourceID
        let revision: Int64?
        let status: Int
        let job: JobID?

        init(_ answer: WriteAnswer) {
            type = answer.type
            id = answer.id
            revision = answer.stored?.revision
            status = answer.status
            job = answer.job
        }
    }

    init(_ step: BulkStep, _ result: Result<WriteAnswer, SCIMError>) {
        method = step.operation.method
        bulkID = step.operation.bulkID
        target = method == .post ? nil : (step.type, step.id)
        self.result = result.map(Written.init)
    }

    /// Of an operation that was never begun.
    init(_ operation: BulkRequest.Operation, _ error: SCIMError) { self.init(.success(operation), error) }

    init(_ operation: Result<BulkRequest.Operation, BulkRequest.Unreadable>, _ error: SCIMError) {
        switch operation {
        case .success(let operation):
            method = operation.method
            bulkID = operation.bulkID
            target = BulkStep.resource(named: operation)
        case .failure(let unreadable):
            method = unreadable.method
            bulkID = unreadable.bulkID
            target = nil
        }
        result = .failure(error)
    }

    /// - Parameter location: The address of a resource.
    func json(location: (ResourceType, ResourceID) -> String) -> JSONValue {
        var json = JSONObject()
        if let method { json["method"] = .string(method.name) }
        if let bulkID { json["bulkId"] = .string(bulkID) }
        switch result {
        case .success(let written):
            json["location"] = .string(location(written.type, written.id))
            if let revision = written.revision { json["version"] = .string(ResourceRenderer.etag(revision)) }
            json["status"] = .string(String(written.status))
        case .failure(let error):
            if let target { json["location"] = .string(location(target.type, target.id)) }
            json["status"] = .string(String(error.status))
            json["response"] = error.json
        }
        return .object(json)
    }
}
