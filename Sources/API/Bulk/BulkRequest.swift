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
        let data: BulkData?
    }

    /// What an operation says of itself although it cannot be carried out: its outcome says the same (RFC 7644 section 3.7.3).
    struct Unreadable: Error {
        let method: RequestMethod?
        let bulkID: String?
        let error: SCIMError

        init(_ value: JSONValue, _ error: SCIMError) {
            let object = value.objectValue
            method = (object?.member("method")?.stringValue).map { RequestMethod(name: $0.uppercased()) }
            bulkID = object?.member("bulkId")?.stringValue
            self.error = error
        }
    }

    let operations: [Result<Operation, Unreadable>]
    /// How many operations may fail before the rest is left undone; nil: all of them.
    let failOnErrors: Int?

    /// - Parameters:
    ///   - body: The message without its operations.
    ///   - operations: nil if there is no such array.
    /// - Throws: 400 `invalidSyntax` for what is no bulk request.
    init(_ body: JSONObject, operations: [Result<Operation, Unreadable>]?) throws(SCIMError) {
        try BulkRequest.checkSchemas(of: body)
        guard let operations, body.member("Operations") == nil else {
            throw .invalidSyntax("Operations must be an array of bulk operations")
        }
        guard !operations.isEmpty else { throw .invalidSyntax("Operations must have at least one operation") }
        failOnErrors = try BulkRequest.failOnErrors(body.member("failOnErrors"))
        self.operations = operations
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
    init(_ value: JSONValue, at index: Int, _ references: BulkReferences) throws(SCIMError) {
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
        // Of a DELETE it means nothing.
        self.init(
            method: method, path: path, bulkID: bulkID, version: try text("version"),
            data: method == .delete ? nil : data.map { BulkData($0, of: method, references) })
    }
}

extension JSONObject {
    /// A member of a message by its name in any case.
    func member(_ name: String) -> JSONValue? {
        self[name] ?? first { $0.key.equalsIgnoringASCIICase(name) }?.value
    }
}
