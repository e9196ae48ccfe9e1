// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// The body of a PATCH (RFC 7644 section 3.5.2), before its paths and values are looked at.
///
/// Names of members are read in any case, as everywhere in SCIM; members that mean nothing here are ignored.
package struct PatchRequest: Hashable, Sendable {
    package static let maximumOperations = 1000

    /// At least one.
    package let operations: [PatchOperation]

    /// - Throws: 400 with `invalidSyntax` for what is no message of this kind, 413 for too many operations.
    package init(_ body: JSONValue) throws(SCIMError) {
        guard case .object(let message) = body else { throw .invalidSyntax("The body must be a JSON object") }
        try Self.checkSchemas(of: message)
        guard let value = try MessageMember.value("Operations", of: message), !value.isNull else {
            throw .invalidSyntax("Operations is required")
        }
        guard let list = value.arrayValue ?? PatchTolerance.singleOperationAsList(value) else {
            throw .invalidSyntax("Operations must be an array of objects")
        }
        guard !list.isEmpty else { throw .invalidSyntax("Operations must have at least one operation") }
        guard list.count <= Self.maximumOperations else {
            throw .tooLarge("Operations must have at most \(Self.maximumOperations) operations")
        }
        var operations: [PatchOperation] = []
        operations.reserveCapacity(list.count)
        for (index, operation) in list.enumerated() {
            do throws(SCIMError) {
                operations.append(try PatchOperation(operation))
            } catch {
                throw error.inOperation(index)
            }
        }
        self.operations = operations
    }

    private static func checkSchemas(of message: JSONObject) throws(SCIMError) {
        guard let value = try MessageMember.value("schemas", of: message), !value.isNull else {
            throw .invalidSyntax("schemas is required and must contain \(SchemaURN.patchOp)")
        }
        guard let urns = value.arrayValue ?? Tolerance.singleSchemaAsList(value) else {
            throw .invalidSyntax("schemas must be an array of strings")
        }
        guard urns.contains(where: { $0.stringValue?.equalsIgnoringASCIICase(SchemaURN.patchOp) == true }) else {
            throw .invalidSyntax("schemas must contain \(SchemaURN.patchOp)")
        }
    }
}

/// One operation as the client sent it.
package struct PatchOperation: Hashable, Sendable {
    /// The value of `op`.
    package enum Verb: String, CaseIterable, Hashable, Sendable {
        case add, remove, replace
    }

    package let verb: Verb
    /// nil: the resource itself.
    package let path: String?
    /// nil when the member is missing; `null` is a value.
    package let value: JSONValue?

    package init(_ verb: Verb, path: String? = nil, value: JSONValue? = nil) {
        self.verb = verb
        self.path = path
        self.value = value
    }

    init(_ operation: JSONValue) throws(SCIMError) {
        guard case .object(let operation) = operation else { throw .invalidSyntax("must be an object") }
        guard let name = try MessageMember.value("op", of: operation) else {
            throw .invalidSyntax("op is required and must be add, remove or replace")
        }
        guard let verb = PatchTolerance.verbInAnyCase(name) else {
            throw .invalidSyntax("op must be add, remove or replace")
        }
        var path: String?
        if let value = try MessageMember.value("path", of: operation), !value.isNull {
            guard let text = value.stringValue else { throw .invalidSyntax("path must be a string") }
            path = text
        }
        self.init(verb, path: path, value: try MessageMember.value("value", of: operation))
    }
}

private enum MessageMember {
    /// A member of a message by its name in any case.
    static func value(_ name: String, of message: JSONObject) throws(SCIMError) -> JSONValue? {
        var found: JSONValue?
        for (key, value) in message where key.equalsIgnoringASCIICase(name) {
            guard found == nil else { throw .invalidSyntax("\(name) is given twice") }
            found = value
        }
        return found
    }
}

extension SCIMError {
    /// With the place of the operation in the request, counted from 0 as in `Operations[2]`.
    func inOperation(_ index: Int) -> SCIMError {
        var error = self
        error.detail = "Operations[\(index)]: \(detail)"
        return error
    }
}
