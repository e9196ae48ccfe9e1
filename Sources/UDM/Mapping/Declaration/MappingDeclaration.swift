// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
package import SCIM

/// Reads the lines of the mapping that an operator declares for one resource type: which property carries which attribute, and by which rule.
///
/// The mapping stays bijective (R-10): an attribute has one property, a property one attribute, and what the bridge maps
/// itself is nobody else's.
struct MappingDeclaration {
    static let maximumRules = 256

    /// How a value crosses, by name.
    enum Rule: String, CaseIterable {
        case string
        case boolean
        case invertedBoolean
        case integer
        case integerAsText
        case decimalAsText
        case list
        case firstOfList
        case json
    }

    /// Properties beyond the standard table whose values are not an operator's to give: identity, membership, password.
    private static let reserved: Set<String> = [
        "gidNumber", "groups", "hosts", "memberOf", "nestedGroup", "objectFlag", "overridePWHistory",
        "overridePWLength", "password", "primaryGroup", "sambaRID", "uidNumber", "univentionObjectIdentifier", "users",
    ]

    let standard: MappingTable
    let registry: SchemaRegistry
    /// The rules read so far.
    private(set) var rules: [ResourceType: [MappingRule]] = [:]
    /// Where each property of a type was used first.
    private var uses: [ResourceType: [String: String]] = [:]
    /// How each property is compared, which does not depend on the type.
    private var shapes: [String: PropertyShape] = [:]

    init(standard: MappingTable, registry: SchemaRegistry) {
        self.standard = standard
        self.registry = registry
    }

    mutating func read(_ file: DeclaredObject, _ problems: inout DeclarationProblems) {
        guard let value = file.value("mapping"),
            let mapping = DeclaredObject(
                value, at: file.path(of: "mapping"), keys: ResourceType.allCases.map(\.rawValue), &problems)
        else { return }
        for type in ResourceType.allCases {
            for (value, path) in mapping.elements(type.rawValue, atMost: Self.maximumRules, &problems) {
                guard let rule = read(value, at: path, type, &problems) else { continue }
                rules[type, default: []].append(rule)
            }
        }
    }

    private mutating func read(
        _ value: JSONValue, at path: String, _ type: ResourceType, _ problems: inout DeclarationProblems
    ) -> MappingRule? {
        guard let object = DeclaredObject(value, at: path, keys: ["attribute", "property", "rule"], &problems) else {
            return nil
        }
        let attribute = object.requiredText("attribute", longest: 512, &problems)
            .flatMap { resolve($0, at: object.path(of: "attribute"), type, &problems) }
        let property = object.requiredText("property", longest: 128, &problems)
            .flatMap { claim(property: $0, at: object.path(of: "property"), type, &problems) }
        let hasRule = object.required("rule", &problems) != nil
        let rule = hasRule ? object.choice("rule", of: Rule.allCases, &problems) : nil
        var isPossible = true
        if let attribute, let rule, let demand = rule.demand, !rule.fits(attribute) {
            problems.report("\(rule.rawValue) needs \(demand)", at: object.path(of: "rule"))
            isPossible = false
        }
        if let attribute, let fault = conflict(of: attribute, rule, type) {
            problems.report(fault, at: object.path(of: "attribute"))
            isPossible = false
        }
        guard let attribute, let property, let rule, isPossible else { return nil }
        let result = MappingRule(
            attribute.path, rule.kind(property, ofStandardRule: standardRule(for: attribute.path, type)))
        for (property, shape) in result.shapes where shapes.updateValue(shape, forKey: property) ?? shape != shape {
            problems.report(
                "must not be \(rule.rawValue), because \(property) is a list for one resource type and none for the other",
                at: object.path(of: "rule"))
        }
        return result
    }

    // MARK: Properties

    /// The property, unless it is taken: by another attribute of the type, or by the bridge, for whatever type.
    ///
    /// - Returns: nil, with the problem noted, for one that cannot be used.
    mutating func claim(
        property: String, at path: String, _ type: ResourceType, _ problems: inout DeclarationProblems
    ) -> String? {
        let isName =
            property.unicodeScalars.first.map { $0.isASCII && $0.properties.isAlphabetic } ?? false
            && property.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
                default: false
                }
            }
        guard isName else {
            problems.report("must be the name of a UDM property: letters, digits, - and _, first a letter", at: path)
            return nil
        }
        let own = (standard.users + standard.groups).flatMap(\.shapes).contains { $0.property == property }
        guard !own, !Self.reserved.contains(property) else {
            problems.report("must not be \(property), which the bridge sets itself", at: path)
            return nil
        }
        if let first = uses[type]?[property] {
            problems.report("is the property of \(first) already; one property carries one attribute", at: path)
            return nil
        }
        uses[type, default: [:]][property] = path
        return property
    }

    // MARK: Attributes

    /// What a path leads to, in the spelling of the schemas.
    struct Target {
        let path: MappedPath
        let attribute: SchemaAttribute
        let subAttribute: SchemaAttribute?

        var leaf: SchemaAttribute { subAttribute ?? attribute }
    }

    private func resolve(
        _ text: String, at path: String, _ type: ResourceType, _ problems: inout DeclarationProblems
    ) -> Target? {
        guard let parsed = MappedPath(parsing: text) else {
            problems.report("must be an attribute path such as nickName or urn:example:myapp:1.0:User:size", at: path)
            return nil
        }
        let core = registry.coreSchema(for: type)
        let urn = parsed.schema.flatMap { $0.equalsIgnoringASCIICase(core.id) ? nil : $0 }
        let schema =
            urn.map { urn in
                registry.extensions(for: type).map(\.schema).first { $0.id.equalsIgnoringASCIICase(urn) }
            } ?? core
        guard let schema, let attribute = schema.attribute(parsed.attribute) else {
            let isCommon =
                urn == nil
                && SchemaRegistry.commonAttributes.contains { $0.name.equalsIgnoringASCIICase(parsed.attribute) }
            problems.report(
                isCommon
                    ? "must not be \(parsed.attribute), which the bridge keeps itself"
                    : "names no attribute that a \(type.rawValue) has", at: path)
            return nil
        }
        var subAttribute: SchemaAttribute?
        if let name = parsed.subAttribute {
            subAttribute = attribute.subAttribute(name)
            guard subAttribute != nil, !attribute.multiValued else {
                problems.report(
                    attribute.multiValued
                        ? "names a sub-attribute of a multi-valued attribute, which has a value in every element"
                        : "names no sub-attribute of \(attribute.name)", at: path)
                return nil
            }
        }
        let target = Target(
            path: MappedPath(attribute.name, subAttribute?.name, in: schema === core ? nil : schema.id),
            attribute: attribute, subAttribute: subAttribute)
        guard attribute.mutability != .readOnly, target.leaf.mutability != .readOnly else {
            problems.report("is readOnly, so no client gives it a value", at: path)
            return nil
        }
        return target
    }

    private func standardRule(for path: MappedPath, _ type: ResourceType) -> MappingRule? {
        standard.rules(for: type).first { $0.attribute.overlaps(path) }
    }

    /// Why the attribute cannot have this property; nil when it can.
    private func conflict(of target: Target, _ rule: Rule?, _ type: ResourceType) -> String? {
        if target.leaf.mutability == .writeOnly || (type == .group && target.path == MappedPath("members")) {
            return "is mapped by the bridge itself"
        }
        if rules[type, default: []].contains(where: { $0.attribute.overlaps(target.path) }) {
            return "is mapped already; one attribute has one property"
        }
        guard let standard = standardRule(for: target.path, type) else { return nil }
        // A list that goes by `type` leaves the other types to somebody else.
        if case .valuesByType(_, scheme: nil) = standard.kind, rule == .json { return nil }
        let properties = standard.shapes.map(\.property)
        let optional = properties.filter(self.standard.optionalProperties.contains)
        let advice = optional.isEmpty ? "" : "; to use that, name it in optionalProperties"
        return "is mapped by the bridge itself to \(properties.joined(separator: ", "))\(advice)"
    }
}

extension MappingDeclaration.Rule {
    /// What an attribute must be for the rule; nil for one that takes all.
    fileprivate var demand: String? {
        switch self {
        case .string: "an attribute of type string, reference, dateTime or binary with one value"
        case .boolean, .invertedBoolean: "an attribute of type boolean with one value"
        case .integer, .integerAsText: "an attribute of type integer with one value"
        case .decimalAsText: "an attribute of type decimal with one value"
        case .list: "a multi-valued attribute of type string, reference, dateTime or binary"
        case .firstOfList: "an attribute of type string, reference, dateTime or binary with one value"
        case .json: nil
        }
    }

    fileprivate func fits(_ target: MappingDeclaration.Target) -> Bool {
        let leaf = target.leaf
        let isText =
            switch leaf.type {
            case .string, .reference, .dateTime, .binary: true
            case .boolean, .decimal, .integer, .complex: false
            }
        switch self {
        case .string, .firstOfList: return isText && !leaf.multiValued
        case .boolean, .invertedBoolean: return leaf.type == .boolean && !leaf.multiValued
        case .integer, .integerAsText: return leaf.type == .integer && !leaf.multiValued
        case .decimalAsText: return leaf.type == .decimal && !leaf.multiValued
        case .list: return isText && leaf.multiValued
        case .json: return true
        }
    }

    fileprivate func kind(_ property: String, ofStandardRule standard: MappingRule?) -> MappingRule.Kind {
        switch self {
        case .string: return .string(property)
        case .boolean: return .boolean(property, inverted: false, missing: nil)
        case .invertedBoolean: return .boolean(property, inverted: true, missing: nil)
        case .integer: return .integer(property)
        case .integerAsText, .decimalAsText: return .numberText(property)
        case .list: return .strings(property)
        case .firstOfList: return .firstOf(property)
        case .json:
            guard case .valuesByType(let types, scheme: _)? = standard?.kind else { return .json(property) }
            return .otherTypesJSON(property, than: Set(types.map(\.type)))
        }
    }
}

extension MappedPath {
    /// The same attribute, or one is a sub-attribute of the other.
    fileprivate func overlaps(_ other: MappedPath) -> Bool {
        schema == other.schema && attribute == other.attribute
            && (subAttribute == nil || other.subAttribute == nil || subAttribute == other.subAttribute)
    }
}
