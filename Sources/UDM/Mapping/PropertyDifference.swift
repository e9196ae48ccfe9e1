// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// What changed in a list: elements that came and elements that went (`scim-udm-mapping` section 4.8).
package struct ListDelta: Hashable, Sendable {
    /// Where new elements go.
    package enum Placement: Hashable, Sendable {
        case start
        case end
    }

    package var added: [JSONValue]
    package var removed: [JSONValue]
    package var comparison: ValueComparison
    package var placement: Placement

    package init(
        added: [JSONValue] = [],
        removed: [JSONValue] = [],
        comparison: ValueComparison = .exact,
        placement: Placement = .end
    ) {
        self.added = added
        self.removed = removed
        self.comparison = comparison
        self.placement = placement
    }

    package var isEmpty: Bool { added.isEmpty && removed.isEmpty }

    /// `current` without what went and with what came, all else in its order; `nil` when nothing changes.
    package func merged(into current: [JSONValue]) -> [JSONValue]? {
        let addedKeys = Set(added.map(comparison.key(of:)))
        let removedKeys = Set(removed.map(comparison.key(of:))).subtracting(addedKeys)
        let kept = removedKeys.isEmpty ? current : current.filter { !removedKeys.contains(comparison.key(of: $0)) }
        let present = Set(kept.map(comparison.key(of:)))
        let missing = added.filter { !present.contains(comparison.key(of: $0)) }
        guard kept.count != current.count || !missing.isEmpty else { return nil }
        return placement == .start ? missing + kept : kept + missing
    }
}

/// The way from one state of an object to another, in UDM's properties.
package struct PropertyDifference: Hashable, Sendable {
    /// To be set; `null` clears.
    package var scalars: JSONObject
    /// Lists replace each other in UDM, so a change of one needs a fresh read, and `If-Match` for it.
    package var lists: [String: ListDelta]

    package init(scalars: JSONObject = JSONObject(), lists: [String: ListDelta] = [:]) {
        self.scalars = scalars
        self.lists = lists
    }

    package var isEmpty: Bool { scalars.isEmpty && lists.isEmpty }

    /// The names of all properties that change.
    package var properties: Set<String> { Set(scalars.keys).union(lists.keys) }

    /// Leaves `properties` out.
    package func without(_ properties: Set<String>) -> PropertyDifference {
        var remaining = self
        for property in properties {
            remaining.scalars[property] = nil
            remaining.lists[property] = nil
        }
        return remaining
    }

    /// The properties of the PATCH: the scalars, and the lists that come out different.
    ///
    /// - Parameter current: All properties of the object as a fresh `GET` gave them; elements that this difference does
    ///   not name stay, in their order. Without ``lists`` it is not looked at.
    package func merged(into current: JSONObject) -> JSONObject {
        var body = scalars
        for property in lists.keys.sorted() {
            guard let list = lists[property]?.merged(into: current.elements(of: property)) else { continue }
            body[property] = .array(list)
        }
        return body
    }
}

extension JSONObject {
    /// The elements of a list, which is null or missing when it has none. Of an attribute that had one value before it became a list, UDM may
    /// still give that value by itself.
    func elements(of property: String) -> [JSONValue] {
        switch self[property] {
        case .array(let elements): elements
        case .null, nil: []
        case let single?: [single]
        }
    }
}
