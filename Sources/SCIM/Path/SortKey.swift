// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// What the resources of one type are sorted by: the parameter `sortBy` of RFC 7644 section 3.4.2.3.
///
/// - Of a multi-valued attribute the primary value counts, if there is one, otherwise the first.
/// - Text is compared as in filters: after ``FoldedCase`` unless caseExact, by Unicode scalars. false precedes true.
/// - A resource that has no value at the path comes last in ascending order and first in descending order.
package struct SortKey: Hashable, Sendable {
    /// Ends at an attribute that is not complex.
    package let path: AttributePath

    /// Parses the value of the query parameter.
    ///
    /// Of a complex attribute its `value` is meant; one without, such as `name`, has to be named with a sub-attribute.
    ///
    /// - Returns: nil for an attribute that the type does not have: then no resource of the type has a value (RFC 7644
    ///   section 3.4.2.1), and a query over several types may still sort those that have it.
    /// - Throws: 400 with `invalidValue` for what is no path or cannot be sorted by.
    package static func parse(
        _ sortBy: String, for type: ResourceType, registry: SchemaRegistry
    ) throws(SCIMError) -> SortKey? {
        guard sortBy.utf8.count <= Filter.maximumBytes else {
            throw refusal("is longer than \(Filter.maximumBytes) bytes")
        }
        switch AttributePath.meaning(of: sortBy, for: type, registry) {
        case .undefined: return nil
        case .malformed(let reason, let offset): throw refusal("is malformed at byte \(offset): \(reason)")
        case .schema(let schema): throw refusal("is the schema \(schema.id); name one of its attributes")
        case .attribute(let path):
            guard path.attribute.returned != .never, path.leaf.returned != .never else {
                throw refusal("is \(path), which is never returned")
            }
            guard let simple = path.simple else {
                throw refusal("is \(path), which is complex; name one of its sub-attributes")
            }
            return SortKey(path: simple)
        }
    }

    /// The value that a resource is sorted by.
    ///
    /// - Parameter resource: As in ``Filter/matches(_:)``.
    package func value(in resource: JSONObject) -> JSONValue? {
        var value = path.attributeValue(in: resource)
        if case .array(let elements)? = value {
            value = elements.first { $0["primary"]?.boolValue == true } ?? elements.first
        }
        if let subAttribute = path.subAttribute { value = value?[subAttribute.name] }
        return value?.isNull == true ? nil : value
    }

    private static func refusal(_ reason: String) -> SCIMError { .invalidValue(attribute: "sortBy", reason: reason) }
}
