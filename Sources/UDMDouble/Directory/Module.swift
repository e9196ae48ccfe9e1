// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A type of object, with the properties that the server knows for it.
final class Module: Sendable {
    /// Such as `users/user`.
    let name: String
    /// In the server's messages.
    let title: String
    /// Attribute type of the first component of an object's name.
    let namingAttribute: String
    /// The property that the first component's value comes from.
    let namingProperty: String
    /// Where objects go when no position is given, below the base; empty for the base itself.
    let defaultContainer: String
    let objectClasses: Set<String>
    let properties: [Property]
    /// Those of ``properties`` that must be given, and those that may not change.
    let required: [Property]
    let immutable: [Property]
    /// The start of each property as the member of a JSON object: its name in quotes and the colon.
    let memberStarts: [[UInt8]]
    private let indexes: [String: Int]
    /// LDAP attribute names that filters may use, in lower case.
    private let attributes: [String: Int]

    init(
        name: String, title: String, namingAttribute: String, namingProperty: String, defaultContainer: String,
        objectClasses: Set<String>, attributes: [String: String], properties: [Property]
    ) {
        self.name = name
        self.title = title
        self.namingAttribute = namingAttribute
        self.namingProperty = namingProperty
        self.defaultContainer = defaultContainer
        self.objectClasses = objectClasses
        self.properties = properties
        required = properties.filter(\.isRequired)
        immutable = properties.filter(\.isImmutable)
        memberStarts = properties.map { JSONValue.string($0.name).serialize() + [UInt8(ascii: ":")] }
        var indexes: [String: Int] = [:]
        for (index, property) in properties.enumerated() { indexes[property.name] = index }
        self.indexes = indexes
        self.attributes = attributes.compactMapValues { indexes[$0] }
    }

    func index(of property: String) -> Int? { indexes[property] }

    /// The property that an attribute of a filter means: a UDM name as it is spelled, an LDAP name in any case.
    func index(filtering attribute: String) -> Int? { indexes[attribute] ?? attributes[attribute.lowercased()] }

    var isContainer: Bool { name.hasPrefix("container/") }
}

extension Property.Kind {
    init(_ kind: UDMDouble.Configuration.ExtendedProperty.Kind) {
        self =
            switch kind {
            case .string: .string
            case .boolean: .boolean
            case .integer: .integer
            case .strings: .strings
            }
    }
}

/// The modules of one directory.
struct Schema: Sendable {
    let user: Module
    let group: Module
    let domain: Module
    let base: Module
    let containers: [Module]
    private let byName: [String: Module]

    /// - Parameter extended: properties beyond the standard ones, by module.
    init(extended: [String: [UDMDouble.Configuration.ExtendedProperty]]) {
        func more(_ module: Module) -> [Property] {
            var properties: [Property] = []
            for property in extended[module.name] ?? []
            where module.index(of: property.name) == nil && !properties.contains(where: { $0.name == property.name }) {
                properties.append(Property(name: property.name, kind: Property.Kind(property.kind)))
            }
            return properties
        }
        user = .user(more: more(.user(more: [])))
        group = .group(more: more(.group(more: [])))
        domain = .mailDomain
        base = .container("dc", title: "Container: Domain", objectClass: "domain")
        containers = [
            .container("cn", title: "Container: Container", objectClass: "organizationalRole"),
            .container("ou", title: "Container: Organisational Unit", objectClass: "organizationalUnit"),
        ]
        var byName: [String: Module] = [:]
        for module in [user, group, domain, base] + containers { byName[module.name] = module }
        self.byName = byName
    }

    subscript(name: String) -> Module? { byName[name] }

    var names: [String] { byName.keys.sorted() }
}
