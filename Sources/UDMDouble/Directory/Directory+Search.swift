// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What a search asks for.
struct Search {
    enum Scope: String {
        case sub
        case one
        case base
        case baseAndOne = "base+one"
    }

    var module: Module
    var filter: Filter?
    /// Name of an existing object.
    var position: DistinguishedName
    var scope = Scope.sub
    var includesHidden = true
}

extension Directory {
    /// The matching objects in the order of their creation.
    func find(_ search: Search) -> [Entry] {
        candidates(search)
            .filter { $0.module === search.module && isInScope($0, search) && isVisible($0, search) }
            .filter { entry in
                guard let filter = search.filter else { return true }
                return filter.matches { self.values(of: $0, in: entry) } == true
            }
            .sorted { $0.ordinal < $1.ordinal }
    }

    /// All objects, or fewer if an index knows those that a filter can match.
    private func candidates(_ search: Search) -> [Entry] {
        let isNamed = search.module === schema.user || search.module === schema.group
        for (attribute, value) in search.filter?.requiredEqualities ?? [] {
            switch attribute.lowercased() {
            case "univentionobjectidentifier": return identifiers[value.lowercased()].map { [$0] } ?? []
            case "entryuuid": return byUUID[value.lowercased()].map { [$0] } ?? []
            case "uid", "username", "cn", "name":
                if isNamed { return names[value.lowercased()].map { [$0] } ?? [] }
            default: break
            }
        }
        return Array(entries.values)
    }

    private func isInScope(_ entry: Entry, _ search: Search) -> Bool {
        let base = search.position.key
        switch search.scope {
        case .sub: return entry.key == base || entry.key.hasSuffix("," + base)
        case .one: return entry.parentKey == base
        case .base: return entry.key == base
        case .baseAndOne: return entry.key == base || entry.parentKey == base
        }
    }

    private func isVisible(_ entry: Entry, _ search: Search) -> Bool {
        search.includesHidden || !entry.texts("objectFlag").contains("hidden")
    }

    /// The values of an attribute as a filter compares them.
    private func values(of attribute: String, in entry: Entry) -> [String]? {
        switch attribute.lowercased() {
        case "objectclass": return Array(entry.module.objectClasses)
        case "entryuuid": return [entry.uuid]
        case "entrydn": return [entry.dn]
        default: break
        }
        guard let index = entry.module.index(filtering: attribute) else { return nil }
        let property = entry.module.properties[index]
        switch property.source {
        case .hidden: return []
        case .derived: return Self.texts(derived(property.name, of: entry))
        case .stored:
            if property.kind.isBoolean {
                let isSet = entry.values[index] == true
                return isSet ? ["1", "true"] : ["0", "false"]
            }
            return Self.texts(entry.values[index] ?? .null)
        }
    }

    private static func texts(_ value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .number(let number): [number.literal]
        case .array(let elements): elements.flatMap(texts)
        case .object(let object): object.values.flatMap(texts)
        case .null, .bool: []
        }
    }
}

extension Property.Kind {
    var isBoolean: Bool { if case .boolean = self { true } else { false } }
    var isList: Bool {
        switch self {
        case .strings, .complexes: true
        default: false
        }
    }
}
