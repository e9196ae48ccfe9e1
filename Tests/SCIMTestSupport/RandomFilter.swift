// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

/// Random filters and random resources whose values come from the same small pools, so that many comparisons hold.
package enum RandomFilter {
    /// The standard schemas and one extension of User with an attribute of every type.
    package static let registry = SchemaRegistry(
        core: [.user: .user, .group: .group],
        extensions: [
            .user: [.init(.enterpriseUser), .init(.univentionUser), .init(demo), .init(.sync)],
            .group: [.init(.univentionGroup), .init(.sync)],
        ])

    package static let demo = Schema(
        id: "urn:example:params:scim:schemas:extension:demo:2.0:User", name: "Demo", description: "Demo",
        attributes: [
            SchemaAttribute("badge", "caseExact", caseExact: true),
            SchemaAttribute("remote", "Boolean", type: .boolean),
            SchemaAttribute("floor", "Integer", type: .integer),
            SchemaAttribute("height", "Decimal", type: .decimal),
            SchemaAttribute("hired", "Date and time", type: .dateTime),
            SchemaAttribute("page", "Reference", type: .reference, referenceTypes: ["external"]),
            SchemaAttribute("key", "Binary", type: .binary, caseExact: true),
            SchemaAttribute("tags", "Many strings", multiValued: true),
            SchemaAttribute("levels", "Many numbers", type: .decimal, multiValued: true),
            SchemaAttribute(
                "desk", "Complex without value", type: .complex,
                subAttributes: [
                    SchemaAttribute("room", "String"), SchemaAttribute("number", "Integer", type: .integer),
                ]),
        ])

    // MARK: Filters

    /// A filter that the parser can return, nested at most `depth` deep.
    package static func filter(
        for type: ResourceType, registry: SchemaRegistry = registry, depth: Int = 4,
        using generator: inout some RandomNumberGenerator
    ) -> Filter {
        filter(amongst: paths(of: type, registry), depth: depth, using: &generator)
    }

    /// Every attribute of the type that a filter may name, and every sub-attribute.
    package static func paths(of type: ResourceType, _ registry: SchemaRegistry = registry) -> [AttributePath] {
        let core = registry.coreSchema(for: type).attributes + SchemaRegistry.commonAttributes
        let owners: [(urn: String?, attributes: [SchemaAttribute])] =
            [(nil, core)] + registry.extensions(for: type).map { ($0.schema.id, $0.schema.attributes) }
        return owners.flatMap { owner in
            owner.attributes.filter { $0.returned != .never }.flatMap { attribute in
                [AttributePath(extensionURN: owner.urn, attribute: attribute)]
                    + attribute.subAttributes.map {
                        AttributePath(extensionURN: owner.urn, attribute: attribute, subAttribute: $0)
                    }
            }
        }
    }

    private static func filter(
        amongst paths: [AttributePath], depth: Int, using generator: inout some RandomNumberGenerator
    ) -> Filter {
        switch depth > 0 ? Int.random(in: 0..<10, using: &generator) : 9 {
        case 0, 1: return .and(filters(amongst: paths, depth: depth - 1, using: &generator))
        case 2, 3: return .or(filters(amongst: paths, depth: depth - 1, using: &generator))
        case 4: return .not(filter(amongst: paths, depth: depth - 1, using: &generator))
        case 5, 6:
            let complex = paths.filter { $0.leaf.type == .complex }
            guard let path = complex.randomElement(using: &generator) else { break }
            let inner = path.attribute.subAttributes.map { AttributePath(attribute: $0) }
            return .value(path, filter(amongst: inner, depth: depth - 1, using: &generator))
        default: break
        }
        if Int.random(in: 0..<40, using: &generator) == 0 { return .constant(.random(using: &generator)) }
        guard let path = paths.randomElement(using: &generator) else { return .constant(false) }
        guard path.leaf.type != .complex, Int.random(in: 0..<6, using: &generator) > 0 else { return .present(path) }
        return .compare(
            path, comparisons(of: path.leaf).randomElement(using: &generator) ?? .equal,
            literal(of: path.leaf, using: &generator))
    }

    private static func filters(
        amongst paths: [AttributePath], depth: Int, using generator: inout some RandomNumberGenerator
    ) -> [Filter] {
        var filters: [Filter] = []
        for _ in 0..<Int.random(in: 2...4, using: &generator) {
            filters.append(filter(amongst: paths, depth: depth, using: &generator))
        }
        return filters
    }

    private static func comparisons(of attribute: SchemaAttribute) -> [Filter.Comparison] {
        switch attribute.type {
        case .string, .reference: Filter.Comparison.allCases
        case .binary: [.equal, .contains, .startsWith, .endsWith]
        case .decimal, .integer, .dateTime: [.equal, .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual]
        case .boolean, .complex: [.equal]
        }
    }

    private static func literal(
        of attribute: SchemaAttribute, using generator: inout some RandomNumberGenerator
    ) -> Filter.Literal {
        switch value(of: attribute, using: &generator) {
        case .bool(let value): return .boolean(value)
        case .number(let value): return .number(value)
        case .string(let text):
            guard attribute.type == .dateTime else {
                return .string(Bool.random(using: &generator) ? text : piece(of: text, using: &generator))
            }
            return .dateTime(Timestamp(iso8601: text) ?? Timestamp(microsecondsSinceEpoch: 0))
        case .null, .array, .object: return .boolean(true)
        }
    }

    /// Some of the scalars in a row, possibly none.
    private static func piece(of text: String, using generator: inout some RandomNumberGenerator) -> String {
        let scalars = Array(text.unicodeScalars)
        let start = Int.random(in: 0...scalars.count, using: &generator)
        var piece = String.UnicodeScalarView()
        piece.append(contentsOf: scalars[start..<Int.random(in: start...scalars.count, using: &generator)])
        return String(piece)
    }

    // MARK: Resources

    /// A complete resource: spelled as in the schemas, extensions under their URN, each attribute missing half the time.
    package static func resource(
        _ type: ResourceType, registry: SchemaRegistry = registry, using generator: inout some RandomNumberGenerator
    ) -> JSONObject {
        var resource = attributes(of: type, registry: registry, withReadOnly: true, using: &generator)
        for attribute in SchemaRegistry.commonAttributes where attribute.name != "schemas" {
            resource[attribute.name] = values(of: attribute, withReadOnly: true, using: &generator)
        }
        let urns = resource.keys.filter { $0.hasPrefix("urn:") }
        resource["schemas"] = .array(([type.coreSchema] + urns).map { .string($0) })
        return resource
    }

    /// As the attributes of a ``ValidatedResource`` are: without the common ones, and without readOnly ones unless
    /// they are wanted.
    package static func attributes(
        of type: ResourceType, registry: SchemaRegistry = registry, withReadOnly: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> JSONObject {
        var result = object(
            of: registry.coreSchema(for: type).attributes, withReadOnly: withReadOnly, using: &generator)
        for schema in registry.extensions(for: type).map(\.schema) where Bool.random(using: &generator) {
            let values = object(of: schema.attributes, withReadOnly: withReadOnly, using: &generator)
            if !values.isEmpty { result[schema.id] = .object(values) }
        }
        return result
    }

    private static func object(
        of attributes: [SchemaAttribute], withReadOnly: Bool, using generator: inout some RandomNumberGenerator
    ) -> JSONObject {
        var object = JSONObject()
        for attribute in attributes.shuffled(using: &generator) where attribute.returned != .never {
            guard withReadOnly || attribute.mutability != .readOnly, Bool.random(using: &generator) else { continue }
            object[attribute.name] = values(of: attribute, withReadOnly: withReadOnly, using: &generator)
        }
        return object
    }

    /// nil when there would be none.
    private static func values(
        of attribute: SchemaAttribute, withReadOnly: Bool, using generator: inout some RandomNumberGenerator
    ) -> JSONValue? {
        var values: [JSONValue] = []
        for _ in 0..<(attribute.multiValued ? Int.random(in: 1...3, using: &generator) : 1) {
            if attribute.type == .complex {
                let object = object(
                    of: attribute.subAttributes, withReadOnly: withReadOnly, using: &generator)
                if !object.isEmpty { values.append(.object(object)) }
            } else {
                values.append(value(of: attribute, using: &generator))
            }
        }
        return attribute.multiValued && !values.isEmpty ? .array(values) : values.first
    }

    // MARK: Values

    /// One value of an attribute that is not complex.
    private static func value(
        of attribute: SchemaAttribute, using generator: inout some RandomNumberGenerator
    ) -> JSONValue {
        switch attribute.type {
        case .boolean: return .bool(.random(using: &generator))
        case .integer: return .number(integers.randomElement(using: &generator) ?? 0)
        case .decimal: return .number((integers + decimals).randomElement(using: &generator) ?? 0)
        case .dateTime: return .string(instants.randomElement(using: &generator) ?? "")
        case .reference: return .string(references.randomElement(using: &generator) ?? "")
        case .binary: return .string(["", "TUlJ", "TQ==", "tuLJ", "+/+/"].randomElement(using: &generator) ?? "")
        case .string, .complex:
            return .string((texts + attribute.canonicalValues).randomElement(using: &generator) ?? "")
        }
    }

    private static let integers: [JSONNumber] = [
        -1, 0, 1, 2, 10, 9_007_199_254_740_992, 9_007_199_254_740_993, 9_223_372_036_854_775_807,
        -9_223_372_036_854_775_808,
    ]

    private static let decimals = ["1.0", "10e-1", "1e1", "0.1", "0.10000000000000001", "-0.5", "1.5e300", "2e-300"]
        .compactMap { JSONNumber(literal: $0) }

    private static let instants = [
        "2026-11-21T09:15:29Z", "2026-11-21T10:15:29+01:00", "2026-11-21T09:15:29.001Z", "2026-11-21T09:15:29.000001Z",
        "2026-12-31T24:00:00Z", "2027-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
    ]

    private static let references = [
        "https://host.test/a", "https://HOST.test/A", "../Users/1", "urn:x:%25_y", "https://müller.test/",
    ]

    /// With what LIKE, JSON, SQL and paths treat specially, with letters whose case is not simple, and with texts that
    /// are equal for Unicode and different by scalars.
    private static let texts = [
        "", "a", "A", "ab", "aB", "b", "%", "_", "a%", "a_b", "\\", "\\%", "a\\", "'", "''", "\"", "$1", "?", "*", "{}",
        "[a]", "(a)", ".", "null", "true", "1", " ", " a ", "\t", "\n", "\u{1}", "\u{7F}", "é", "É", "e\u{301}",
        "E\u{301}", "ß", "ẞ", "SS", "Σ", "σ", "ς", "Ǆ", "ǅ", "ǆ", "İ", "ı", "𐐀", "𐐨", "😀", "\u{FFFD}", "\u{FFFF}",
        "\u{10FFFF}",
        "Ж", "ж", "ﬀ", "Å", "\u{212B}", "a@b.example", "A@B.EXAMPLE", "urn:x:a.b", "work", "Work",
        "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000A",
    ]
}
