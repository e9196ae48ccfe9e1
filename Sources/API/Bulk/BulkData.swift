// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// The data of an operation as it waits to be carried out: text, which takes a fraction of the memory of the value.
struct BulkData: Sendable {
    private let text: [UInt8]
    private let reader: BulkReferences
    private let method: RequestMethod
    /// The bulkIds that it refers to.
    let references: Set<String>

    init(_ value: JSONValue, of method: RequestMethod, _ reader: BulkReferences) {
        text = value.serialize()
        self.reader = reader
        self.method = method
        var names: Set<String> = []
        _ = reader.resolve(value, of: method) { name in
            names.insert(name)
            return nil
        }
        references = names
    }

    /// Bytes of its text.
    var count: Int { text.count }

    /// With the ids of `ids` in place of its references.
    func value(resolving ids: [String: ResourceID]) throws(SCIMError) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) {
            // It was within the limits of the request when it came.
            value = try JSONValue(parsing: text, limits: JSONLimits(maximumBytes: .max, maximumDepth: .max))
        } catch {
            throw .malformedJSON(error)
        }
        return references.isEmpty ? value : reader.resolve(value, of: method) { ids[$0] }
    }
}
