// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// What became of one operation of a bulk request: an element of `Operations` in the response (RFC 7644 section 3.7.3).
struct BulkOutcome: Sendable {
    let method: RequestMethod?
    let bulkID: String?
    let result: Result<WriteAnswer, SCIMError>

    init(_ operation: BulkRequest.Operation, _ result: Result<WriteAnswer, SCIMError>) {
        method = operation.method
        bulkID = operation.bulkID
        self.result = result
    }

    init(_ operation: BulkRequest.Operation, _ error: SCIMError) { self.init(operation, .failure(error)) }

    /// Of an operation that could not even be read.
    init(_ operation: Result<BulkRequest.Operation, SCIMError>, _ error: SCIMError) {
        let operation = try? operation.get()
        method = operation?.method
        bulkID = operation?.bulkID
        result = .failure(error)
    }

    /// - Parameter location: The address of a resource.
    func json(location: (ResourceType, ResourceID) -> String) -> JSONValue {
        var json = JSONObject()
        if let method { json["method"] = .string(method.name) }
        if let bulkID { json["bulkId"] = .string(bulkID) }
        switch result {
        case .success(let answer):
            json["location"] = .string(location(answer.type, answer.id))
            if let stored = answer.stored { json["version"] = .string(ResourceRenderer.etag(stored.revision)) }
            json["status"] = .string(String(answer.status))
        case .failure(let error):
            json["status"] = .string(String(error.status))
            json["response"] = error.json
        }
        return .object(json)
    }
}
