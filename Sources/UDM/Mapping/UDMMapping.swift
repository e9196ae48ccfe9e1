// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

/// Turns SCIM resources into UDM's properties and back, and compares two states.
///
/// A state is an object of properties that has every mapped property, `null` or `[]` for none. A property that is not in it
/// is never touched.
package final class UDMMapping: Sendable {
    package let table: MappingTable
    /// Whose `externalId` goes where; `nil`: nobody's.
    package let externalID: ExternalIDMapping?
    /// The optional properties that the directory does not have.
    let disabled: Set<String>
    private let rules: DirectoryRules
    private let shapes: [String: PropertyShape]
    private let users: TypeMapping
    private let groups: TypeMapping

    /// - Parameter optionalProperties: Those of ``MappingTable/optionalProperties`` that the directory has.
    package init(
        rules: DirectoryRules, table: MappingTable = .standard, optionalProperties: Set<String> = [],
        externalID: ExternalIDMapping? = nil
    ) {
        self.table = table
        self.rules = rules
        self.externalID = externalID
        disabled = table.optionalProperties.subtracting(optionalProperties)
        var shapes: [String: PropertyShape] = [:]
        for (property, shape) in (table.users + table.groups).flatMap(\.shapes) { shapes[property] = shape }
        for (property, syntax) in table.syntaxes {
            if let comparison = syntax.comparison { shapes[property]?.comparison = comparison }
        }
        self.shapes = shapes
        users = TypeMapping(.user, table, disabled: disabled)
        groups = TypeMapping(.group, table, disabled: disabled)
    }

    func ofType(_ type: ResourceType) -> TypeMapping {
        switch type {
        case .user: users
        case .group: groups
        }
    }

    /// The state a SCIM resource stands for, without password, identifier, `externalId` and members; values that UDM would
    /// refuse are left out (``state(of:type:)`` names them).
    ///
    /// - Parameter attributes: As validated: canonical names, extensions under their URN.
    package func properties(of attributes: JSONObject, type: ResourceType) -> JSONObject {
        var refused: [String] = []
        return carried(attributes, type: type, refused: &refused)
    }

    /// - Parameter refused: Learns of the values that their property does not take.
    func carried(_ attributes: JSONObject, type: ResourceType, refused: inout [String]) -> JSONObject {
        var properties = JSONObject()
        let mapping = ofType(type)
        properties.reserveCapacity(mapping.properties)
        for rule in mapping.active { rule.write(attributes, to: &properties, rules: rules) }
        for property in mapping.disabled { properties[property] = nil }
        for (property, syntax, attribute) in mapping.syntaxes {
            var isCut = false
            switch properties[property] {
            case .string(let text):
                let carried = syntax.carried(text)
                isCut = carried == nil
                if carried != text { properties[property] = carried.map { .string($0) } ?? .null }
            case .array(let elements) where !elements.isEmpty:
                let carried = elements.compactMap {
                    $0.stringValue.flatMap(syntax.carried).map { JSONValue.string($0) }
                }
                isCut = carried.count < elements.count
                properties[property] = .array((shapes[property]?.comparison ?? .exact).distinct(carried))
            default: break
            }
            if isCut { refused.append("\(attribute) (\(property): \(syntax.demand))") }
        }
        return properties
    }

    /// The state of the `externalId` that the configured client has given a resource, to be joined with
    /// ``properties(of:type:)``; empty when none is mapped.
    package func properties(ofExternalID value: String?, type: ResourceType) -> JSONObject {
        guard let property = externalID?.properties[type] else { return JSONObject() }
        return [property: value.flatMap { $0.isEmpty ? nil : .string($0) } ?? .null]
    }

    /// The SCIM attributes of a UDM object; what SCIM has and UDM has no place for is not in them.
    package func attributes(of properties: JSONObject, type: ResourceType) -> JSONObject {
        var known = properties
        for property in disabled { known[property] = nil }
        var attributes = JSONObject()
        for rule in table.rules(for: type) { rule.read(known, to: &attributes) }
        return attributes
    }

    /// What must change in UDM to come from `old` to `new`.
    ///
    /// - Parameters:
    ///   - old: A state or the properties of a UDM object; `nil` for nothing yet.
    ///   - new: A state. Properties that are only in `old` stay as they are.
    package func difference(from old: JSONObject?, to new: JSONObject) -> PropertyDifference {
        var difference = PropertyDifference()
        for (property, value) in new {
            let shape = shapes[property] ?? PropertyShape()
            let before = old?[property]
            if case .array(let wanted) = value {
                let delta = Self.delta(from: old?.elements(of: property) ?? [], to: wanted, shape: shape)
                if !delta.isEmpty { difference.lists[property] = delta }
            } else if Self.scalarKey(before, shape) != Self.scalarKey(value, shape) {
                difference.scalars[property] = value
            }
        }
        for (property, causes) in table.sentAlong where difference.scalars[property] == nil {
            guard let value = new[property], !value.isNull, causes.contains(where: { difference.scalars[$0] != nil })
            else { continue }
            difference.scalars[property] = value
        }
        return difference
    }

    /// The values that UDM may derive anew from others which `sent` changes: one that it has already counts as not sent.
    ///
    /// - Parameter held: The properties of the object before.
    package func derivedAnew(by sent: JSONObject, from held: JSONObject) -> JSONObject {
        func isChange(_ property: String) -> Bool {
            let shape = shapes[property] ?? PropertyShape()
            return sent.contains(property)
                && Self.scalarKey(sent[property], shape) != Self.scalarKey(held[property], shape)
        }
        var derived = JSONObject()
        for (property, causes) in table.sentAlong {
            guard let value = sent[property], !value.isNull, !isChange(property), causes.contains(where: isChange)
            else { continue }
            derived[property] = value
        }
        return derived
    }

    private static func delta(from old: [JSONValue], to wanted: [JSONValue], shape: PropertyShape) -> ListDelta {
        let oldKeys = Set(old.map(shape.comparison.key(of:)))
        let newKeys = Set(wanted.map(shape.comparison.key(of:)))
        return ListDelta(
            added: wanted.filter { !oldKeys.contains(shape.comparison.key(of: $0)) },
            removed: old.filter { !newKeys.contains(shape.comparison.key(of: $0)) },
            comparison: shape.comparison,
            placement: shape.placement)
    }

    /// No value, null and the empty string are the same to UDM.
    private static func scalarKey(_ value: JSONValue?, _ shape: PropertyShape) -> JSONValue {
        guard let value, value != "" else { return .null }
        return shape.comparison.key(of: value)
    }

    // MARK: Writing

    /// The properties of a create: what has a value, the identifier, and for users a password.
    ///
    /// - Parameter password: The client's; `nil` makes a random one, which alone may pass by UDM's password policies.
    /// - Throws: Class `bug` when a property that UDM requires has no value: the resource should not have been accepted.
    package func createProperties(
        _ properties: JSONObject, type: ResourceType, identifier: LowercaseUUID, password: String? = nil
    ) throws(UDMError) -> JSONObject {
        let module = UDMModule(type)
        for property in Self.requiredProperties(type) where properties[property]?.stringValue ?? "" == "" {
            throw UDMError(.bug, detail: "\(property) has no value, and UDM requires one", module: module)
        }
        var body = JSONObject()
        for (property, value) in properties where !value.isNull && !value.isEmptyArray { body[property] = value }
        body[UDMObject.identifierProperty] = .string(identifier.description)
        if type == .user {
            let credentials = password.map { ["password": .string($0)] } ?? RandomPassword.properties()
            for (property, value) in credentials { body[property] = value }
        }
        return body
    }

    /// The object options that `properties` need, such as `{"pki": true}`; `nil` for none.
    package func options(for properties: JSONObject) -> JSONObject? {
        var options: [String] = []
        for (property, option) in table.requiredOptions {
            if let value = properties[property], !value.isNull, !value.isEmptyArray { options.append(option) }
        }
        return options.isEmpty ? nil : JSONObject(uniqueMembers: Set(options).sorted().map { ($0, true) })
    }

    // MARK: Names

    /// The attribute that a property carries, to say in SCIM's words what UDM refused; `nil` for a property of UDM's own.
    package func attribute(of property: String, type: ResourceType) -> MappedPath? {
        if let attribute = ofType(type).attributes[property] { return attribute }
        if externalID?.properties[type] == property { return MappedPath("externalId") }
        switch (type, property) {
        case (.user, "password"): return MappedPath("password")
        // UDM blames `memberOf` for a circle that came through `nestedGroup`.
        case (.group, MemberDelta.usersProperty), (.group, MemberDelta.groupsProperty), (.group, "memberOf"):
            return MappedPath("members")
        default: return nil
        }
    }

    /// The properties that carry an attribute and may be written.
    package func properties(of attribute: MappedPath, type: ResourceType) -> Set<String> {
        if attribute == MappedPath("externalId") { return Set([externalID?.properties[type]].compactMap(\.self)) }
        let shapes = table.rules(for: type).filter { $0.attribute == attribute }.flatMap(\.shapes)
        return Set(shapes.filter { !$0.shape.isReadOnly }.map(\.property)).subtracting(disabled)
    }
}

extension JSONValue {
    fileprivate var isEmptyArray: Bool { arrayValue?.isEmpty == true }
}
