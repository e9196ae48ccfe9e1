// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The values of a multi-valued attribute while they are changed.
struct ValueList {
    private let attribute: SchemaAttribute
    private(set) var values: [JSONValue]

    init(_ values: [JSONValue], of attribute: SchemaAttribute) {
        self.values = values
        self.attribute = attribute
    }

    // MARK: - Adding and removing by value

    /// Adds values. One that is there already, with all the sub-attributes that are given, changes nothing (RFC 7644
    /// section 3.5.2.1). One with the `value` and `type` of another is that one with other sub-attributes, because no
    /// such pair should be there twice (RFC 7643 section 2.4).
    mutating func include(_ added: [JSONValue], _ effort: inout PatchEffort) throws(SCIMError) {
        try effort.visit(values.count)
        var positions = positionsByKey()
        var preferred: Int?
        for value in added {
            let key = key(of: value)
            let candidates = key.map { positions[$0] ?? [] } ?? Array(values.indices)
            try effort.visit(candidates.count + 1)
            guard !candidates.contains(where: { hasAll(of: value, values[$0]) }) else { continue }
            let position: Int
            if key != nil, let same = candidates.first(where: { canBecome(value, values[$0]) }) {
                position = same
                values[same] = values[same].merging(value)
            } else {
                position = values.count
                values.append(value)
                if let key { positions[key, default: []].append(position) }
            }
            if value["primary"]?.boolValue == true { preferred = position }
        }
        if let preferred { prefer(preferred) }
    }

    /// Removes the values that have the `value` of one of those named, and its `type` if it has one; without `value`,
    /// all the sub-attributes that it has.
    mutating func exclude(_ named: [JSONValue], _ effort: inout PatchEffort) throws(SCIMError) {
        try effort.visit(values.count)
        let positions = positionsByKey()
        var removed: Set<Int> = []
        for value in named {
            if let key = key(of: value) {
                let candidates = positions[key] ?? []
                try effort.visit(candidates.count + 1)
                removed.formUnion(candidates.filter { value["type"] == nil || hasType(of: value, values[$0]) })
            } else {
                try effort.visit(values.count)
                removed.formUnion(values.indices.filter { hasAll(of: value, values[$0]) })
            }
        }
        remove(at: removed)
    }

    // MARK: - Selected values

    /// - Parameter filter: nil selects all.
    func selected(by filter: Filter?, _ effort: inout PatchEffort) throws(SCIMError) -> [Int] {
        try effort.visit(values.count)
        guard let filter else { return Array(values.indices) }
        return values.indices.filter { index in values[index].objectValue.map(filter.matches) ?? false }
    }

    mutating func remove(at positions: some Collection<Int>) {
        let positions = Set(positions)
        guard !positions.isEmpty else { return }
        values = values.indices.filter { !positions.contains($0) }.map { values[$0] }
    }

    mutating func append(_ value: JSONValue) { values.append(value) }

    mutating func replace(at position: Int, with value: JSONValue) { values[position] = value }

    /// Makes a value the preferred one; `primary` of the one that was it becomes false (RFC 7644 section 3.5.2).
    mutating func prefer(_ position: Int) {
        for index in values.indices where index != position {
            guard case .object(var object) = values[index], object["primary"]?.boolValue == true else { continue }
            object["primary"] = false
            values[index] = .object(object)
        }
    }

    // MARK: - Comparison

    /// What finds a value: itself if it is simple, otherwise its `value`; nil if it has none.
    private func key(of value: JSONValue) -> JSONValue? {
        guard attribute.type == .complex else { return value.folded(for: attribute) }
        guard let sub = attribute.subAttribute("value") else { return nil }
        return value[sub.name]?.folded(for: sub)
    }

    private func positionsByKey() -> [JSONValue: [Int]] {
        var positions = [JSONValue: [Int]](minimumCapacity: values.count)
        for (index, value) in values.enumerated() {
            if let key = key(of: value) { positions[key, default: []].append(index) }
        }
        return positions
    }

    /// Whether `value` has every sub-attribute of `other` with the same value.
    private func hasAll(of other: JSONValue, _ value: JSONValue) -> Bool {
        guard case .object(let given) = other else {
            return value.folded(for: attribute) == other.folded(for: attribute)
        }
        return given.allSatisfy { name, part in
            guard let sub = attribute.subAttribute(name) else { return true }
            return value[name]?.folded(for: sub) == part.folded(for: sub)
        }
    }

    /// Whether `value`, which has the key of `other`, has its type as well, and keeps what is immutable.
    private func canBecome(_ other: JSONValue, _ value: JSONValue) -> Bool {
        guard hasType(of: other, value) else { return false }
        return attribute.subAttributes.allSatisfy { sub in
            guard sub.mutability == .immutable, let old = value[sub.name], let new = other[sub.name] else {
                return true
            }
            return old == new
        }
    }

    private func hasType(of other: JSONValue, _ value: JSONValue) -> Bool {
        guard let sub = attribute.subAttribute("type") else { return true }
        return value[sub.name]?.folded(for: sub) == other[sub.name]?.folded(for: sub)
    }
}

extension JSONValue {
    /// As it is compared with other values of the attribute.
    fileprivate func folded(for attribute: SchemaAttribute) -> JSONValue {
        guard case .string(let text) = self, !attribute.caseExact else { return self }
        return .string(FoldedCase.fold(text))
    }

    /// With the members of another object in place of its own.
    fileprivate func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(var object) = self, case .object(let given) = other else { return other }
        for (key, value) in given { object[key] = value }
        return .object(object)
    }
}
