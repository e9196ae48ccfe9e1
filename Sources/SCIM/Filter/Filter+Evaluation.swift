// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension Filter {
    /// Whether a resource fulfils the filter; for the filter within a value path, whether one value of the attribute does.
    ///
    /// - Parameter resource: Names in the spelling of the schemas, the attributes of an extension under its URN. A list
    ///   and a value alone are both taken for a multi-valued attribute; a value that is not of the attribute's type
    ///   fulfils no comparison.
    package func matches(_ resource: JSONObject) -> Bool {
        switch self {
        case .constant(let value): return value
        case .present(let path): return path.contains(in: resource) { $0.isAssigned }
        case .compare(let path, let comparison, let literal):
            let literal = literal.folded(for: path.leaf)
            return path.contains(in: resource) { comparison.holds(for: $0, literal, path.leaf) }
        case .and(let filters): return filters.allSatisfy { $0.matches(resource) }
        case .or(let filters): return filters.contains { $0.matches(resource) }
        case .not(let filter): return !filter.matches(resource)
        case .value(let path, let filter):
            return path.contains(in: resource) { value in value.objectValue.map(filter.matches) ?? false }
        }
    }
}

extension AttributePath {
    /// The value of the attribute, without regard to the sub-attribute.
    func attributeValue(in resource: JSONObject) -> JSONValue? {
        guard let extensionURN else { return resource[attribute.name] }
        return resource[extensionURN]?[attribute.name]
    }

    /// Whether one of the values at the end of the path satisfies `predicate`.
    fileprivate func contains(in resource: JSONObject, where predicate: (JSONValue) -> Bool) -> Bool {
        guard let value = attributeValue(in: resource) else { return false }
        return value.containsElement { element in
            guard let subAttribute else { return predicate(element) }
            return element[subAttribute.name]?.containsElement(where: predicate) ?? false
        }
    }
}

extension JSONValue {
    /// Whether an element of the list, or the value that is no list, satisfies `predicate`.
    fileprivate func containsElement(where predicate: (JSONValue) -> Bool) -> Bool {
        if case .array(let elements) = self { elements.contains(where: predicate) } else { predicate(self) }
    }

    /// Whether it counts as a value: null, empty lists and objects without values do not (RFC 7643 section 2.5), the
    /// empty string does.
    fileprivate var isAssigned: Bool {
        switch self {
        case .null: false
        case .bool, .number, .string: true
        case .array(let elements): !elements.isEmpty
        case .object(let object): object.contains { !$0.value.isNull }
        }
    }
}

extension Filter.Literal {
    fileprivate func folded(for attribute: SchemaAttribute) -> Self {
        guard case .string(let text) = self, !attribute.caseExact else { return self }
        return .string(FoldedCase.fold(text))
    }
}

extension Filter.Comparison {
    /// `literal` is folded as the attribute demands.
    fileprivate func holds(
        for value: JSONValue, _ literal: Filter.Literal, _ attribute: SchemaAttribute
    ) -> Bool {
        switch (literal, value) {
        case (.string(let literal), .string(let value)):
            return holds(for: attribute.caseExact ? value : FoldedCase.fold(value), literal)
        case (.boolean(let literal), .bool(let value)): return self == .equal && value == literal
        case (.number(let literal), .number(let value)): return holdsInOrder(value, literal)
        case (.dateTime(let literal), .string(let value)):
            return Timestamp(iso8601: value).map { holdsInOrder($0, literal) } ?? false
        default: return false
        }
    }

    private func holdsInOrder<Value: Comparable>(_ value: Value, _ literal: Value) -> Bool {
        switch self {
        case .equal: value == literal
        case .greaterThan: value > literal
        case .greaterOrEqual: value >= literal
        case .lessThan: value < literal
        case .lessOrEqual: value <= literal
        case .contains, .startsWith, .endsWith: false
        }
    }

    /// By the bytes of UTF-8, which order as the scalars do, and not by Swift's canonical equivalence.
    private func holds(for value: String, _ literal: String) -> Bool {
        switch self {
        case .equal: value.utf8.elementsEqual(literal.utf8)
        case .contains: ByteSearch.contains(literal.utf8, in: value.utf8)
        case .startsWith: value.utf8.starts(with: literal.utf8)
        case .endsWith: value.utf8.reversed().starts(with: literal.utf8.reversed())
        case .greaterThan: literal.utf8.lexicographicallyPrecedes(value.utf8)
        case .greaterOrEqual: !value.utf8.lexicographicallyPrecedes(literal.utf8)
        case .lessThan: value.utf8.lexicographicallyPrecedes(literal.utf8)
        case .lessOrEqual: !literal.utf8.lexicographicallyPrecedes(value.utf8)
        }
    }
}
