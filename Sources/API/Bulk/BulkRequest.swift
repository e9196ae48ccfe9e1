// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// The message of RFC 7644 section 3.7.
struct BulkRequest: Sendable {
    /// One operation as it was sent. What is wrong with it is its own error, not the request's.
    struct Operation: Sendable {
        let method: RequestMethod
        /// Relative, such as `/Users` or `/Users/bulkId:qwerty`.
        let path: String
        let bulkID: String?
        /// The entity tag of the expected revision, as in `If-Match`.
        let version: String?
        let data: JSONValue?
    }

    let operations: [Result<Operation, SCIMError>]
    /// How many operations may fail before the rest is left undone; nil: all of them.
    let failOnErrors: Int?

    /// - Throws: 400 `invalidSyntax` for what is no bulk request, 413 for more operations than `limit`.
    init(_ body: JSONValue, limit: Int) throws(SCIMError) {
        guard let body = body.objectValue else { throw .invalidSyntax("The body must be a JSON object") }
        try BulkRequest.checkSchemas(of: body)
        guard let operations = body.member("Operations")?.arrayValue else {
            throw .invalidSyntax("Operations must be an array of bulk operations")
        }
        guard !operations.isEmpty else { throw .invalidSyntax("Operations must have at least one operation") }
        guard operations.count <= limit else {
            throw .tooLarge("The request has \(operations.count) operations; at most \(limit) are taken at a time")
        }
        failOnErrors = try BulkRequest.failOnErrors(body.member("failOnErrors"))
        var bulkIDs: Set<String> = []
        self.operations = operations.enumerated().map { index, operation in
            do throws(SCIMError) {
                let operation = try Operation(operation, at: index)
                if operation.method == .post, let bulkID = operation.bulkID, !bulkIDs.insert(bulkID).inserted {
                    throw SCIMError.invalidValue(
                        attribute: "Operations[\(index)].bulkId", reason: "is the bulkId of an earlier operation too")
                }
                return .success(operation)
            } catch {
                return .failure(error)
            }
        }
    }

    private static func checkSchemas(of body: JSONObject) throws(SCIMError) {
        let schemas = body.member("schemas")?.arrayValue ?? []
        guard schemas.contains(where: { $0.stringValue?.equalsIgnoringASCIICase(SchemaURN.bulkRequest) ?? false })
        else {
            throw .invalidSyntax("schemas must contain \(SchemaURN.bulkRequest)")
        }
    }

    private static func failOnErrors(_ value: JSONValue?) throws(SCIMError) -> Int? {
        guard let value, !value.isNull else { return nil }
        guard let number = value.integerValue, number >= 1 else {
            throw .invalidValue(attribute: "failOnErrors", reason: "must be a whole number from 1 on")
        }
        return Int(clamping: number)
    }
}

extension BulkRequest.Operation {
    fileprivate init(_ value: JSONValue, at index: Int) throws(SCIMError) {
        guard let object = value.objectValue else {
            throw .invalidSyntax("Operations[\(index)] must be an object")
        }
        func text(_ name: String) throws(SCIMError) -> String? {
            guard let value = object.member(name), !value.isNull else { return nil }
            guard let text = value.stringValue else {
                throw .invalidSyntax("Operations[\(index)].\(name) must be a string")
            }
            return text
        }
        guard let name = try text("method") else { throw .invalidSyntax("Operations[\(index)].method is required") }
        let method = RequestMethod(name: name.uppercased())
        switch method {
        case .post, .put, .patch, .delete: break
        case .get, .head, .other:
            throw .invalidSyntax("Operations[\(index)].method must be POST, PUT, PATCH or DELETE")
        }
        guard let path = try text("path") else { throw .invalidSyntax("Operations[\(index)].path is required") }
        // The RFC wants one with every POST. Without it nothing can refer to the operation, and nothing else is unclear.
        let bulkID = try text("bulkId")
        let data = object.member("data")
        if method != .delete, data?.objectValue == nil {
            throw .invalidSyntax("Operations[\(index)].data must be an object")
        }
        self.init(method: method, path: path, bulkID: bulkID, version: try text("version"), data: data)
    }
}

extension JSONObject {
    /// A member of a message by its name in any case.
    func member(_ name: String) -> JSONValue? {
        self[name] ?? first { $0.key.equalsIgnoringASCIICase(name) }?.value
    }
}
