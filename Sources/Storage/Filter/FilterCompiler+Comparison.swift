// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
internal import SCIM

/// Comparisons of one value. None of them raises an error, whatever is stored.
extension FilterCompiler {
    mutating func condition(_ value: StoredValue, _ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        if case .fixed(let text) = value { return .constant(test.holds(for: .string(text), attribute)) }
        guard case .comparison(let comparison, let literals) = test else { return isPresent(value) }
        switch literals.first {
        case .string: return textCondition(value, attribute, comparison, literals.compactMap(\.text))
        case .boolean: return .any(literals.map { booleanCondition(value, $0) })
        case .number: return .any(literals.map { numberCondition(value, comparison, $0) })
        case .dateTime: return .any(literals.map { instantCondition(value, comparison, $0) })
        case nil: return .never
        }
    }

    private mutating func isPresent(_ value: StoredValue) -> SQLCondition {
        switch value {
        case .member(let object, let key): .sql("(\(object) -> \(key)) IS NOT NULL")
        case .text(let value), .instant(let value), .integer(let value): .sql("(\(value)) IS NOT NULL")
        case .name(let name): .sql("\(name.text) IS NOT NULL")
        case .json, .id, .address, .fixed: .always
        }
    }

    // MARK: Text

    private mutating func textCondition(
        _ value: StoredValue, _ attribute: SchemaAttribute, _ comparison: Filter.Comparison, _ literals: [String]
    ) -> SQLCondition {
        switch value {
        case .id(let id) where attribute.caseExact:
            if let condition = idCondition(id, comparison, literals) { return condition }
        case .address(let type, let id) where attribute.caseExact && comparison == .equal:
            return addressCondition(type, id, literals)
        case .name(let name): return nameCondition(name, attribute, comparison, literals)
        default: break
        }
        let text = text(of: value)
        guard comparison != .equal else { return .sql(equal(text, literals, attribute)) }
        return .any(literals.map { .sql(compare(text, comparison, $0, attribute)) })
    }

    /// nil: only the text can be compared.
    private mutating func idCondition(
        _ id: String, _ comparison: Filter.Comparison, _ literals: [String]
    ) -> SQLCondition? {
        let ids = literals.compactMap { ResourceID(lowercase: $0) }
        if comparison == .equal {
            switch ids.count {
            case 0: return .never
            case 1: return .sql("\(id) = \(parts.bind(.id(ids[0]), as: "uuid"))")
            default: return .sql("\(id) = ANY (\(parts.bind(.ids(ids), as: "uuid[]")))")
            }
        }
        // The order of ids is that of their texts.
        guard let sign = comparison.sign, let first = ids.first else { return nil }
        return .sql("\(id) \(sign) \(parts.bind(.id(first), as: "uuid"))")
    }

    private mutating func addressCondition(_ type: String, _ id: String, _ literals: [String]) -> SQLCondition {
        .any(
            literals.compactMap { parts.resource(at: $0) }.map { found in
                .sql("(\(type) = '\(found.type.rawValue)' AND \(id) = \(parts.bind(.id(found.id), as: "uuid")))")
            })
    }

    /// By the key, which an index has; also by the whole text if the key does not tell all of it.
    private mutating func nameCondition(
        _ name: NamedAttribute, _ attribute: SchemaAttribute, _ comparison: Filter.Comparison, _ literals: [String]
    ) -> SQLCondition {
        let key = "\(SearchKey.key(of: name.text, attribute)) COLLATE \"C\""
        let isWhole = literals.allSatisfy { SearchKey.isWhole($0) }
        switch comparison {
        case .equal:
            let keys = literals.map { SearchKey.key(of: parts.bind(.text($0), as: "text"), attribute) }
            let byKey =
                keys.count == 1 ? "\(key) = \(keys[0])" : "\(key) = ANY (ARRAY[\(keys.joined(separator: ", "))])"
            return isWhole ? .sql(byKey) : .all([.sql(byKey), .sql(equal(name.text, literals, attribute))])
        case .startsWith, .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual:
            guard isWhole, let literal = literals.first else { break }
            let reference = SearchKey.folded(parts.bind(.text(literal), as: "text"), attribute)
            guard let sign = comparison.sign else { return .sql("\(key) \(Self.range(of: reference))") }
            return .sql("\(key) \(sign) \(reference)")
        case .contains, .endsWith:
            return .any(
                literals.map { literal in
                    let condition = SQLCondition.sql(compare(name.text, comparison, literal, attribute))
                    // Shorter texts have no trigrams.
                    guard name.isClaimed, literal.unicodeScalars.count >= 3 else { return condition }
                    return .all([claim(name, Self.pattern(literal, comparison) ?? literal), condition])
                })
        }
        return .any(literals.map { .sql(compare(name.text, comparison, $0, attribute)) })
    }

    /// The keys that begin with a text, in the order of "C": the greatest of them goes on with the last of all characters up to its end. A range,
    /// because a plan for any values uses no index for `starts_with`.
    private static func range(of beginning: String) -> String {
        "BETWEEN \(beginning) AND \(beginning) || repeat(chr(1114111), \(SearchKey.length))"
    }

    /// Whether the resource has a claim like this, by trigrams. It may be another one than that of the attribute.
    private mutating func claim(_ name: NamedAttribute, _ pattern: String) -> SQLCondition {
        let reference = parts.bind(.text(FoldedCase.fold(pattern)), as: "text")
        let holders = """
            SELECT c.resource_id FROM unique_claim c \
            WHERE c.tenant = \(StatementParts.tenant) AND c.kind = '\(UniqueClaim.Kind.name.rawValue)' \
            AND c.value LIKE \(reference)
            """
        guard let largest = parts.largestSearch else { return .sql("\(name.row).id IN (\(holders))") }
        // An array, whose elements the index looks up one by one: a join would compare each with each where the statistics have not seen the table
        // grow. Two of them would be combined by the index, each with each again.
        return .sql("\(name.row).id = ANY (ARRAY(SELECT id FROM \(parts.addSearch(holders, upTo: largest))))")
    }

    /// Whether the SQL text is one of `literals`.
    mutating func equal(_ text: String, _ literals: [String], _ attribute: SchemaAttribute) -> String {
        let references = literals.map { SearchKey.folded(parts.bind(.text($0), as: "text"), attribute) }
        let left = "\(SearchKey.folded(text, attribute)) COLLATE \"C\""
        guard references.count != 1 else { return "\(left) = \(references[0])" }
        return "\(left) = ANY (ARRAY[\(references.joined(separator: ", "))]::text[])"
    }

    private mutating func compare(
        _ text: String, _ comparison: Filter.Comparison, _ literal: String, _ attribute: SchemaAttribute
    ) -> String {
        let left = "\(SearchKey.folded(text, attribute)) COLLATE \"C\""
        let bound = Self.pattern(literal, comparison) ?? literal
        let right = SearchKey.folded(parts.bind(.text(bound), as: "text"), attribute)
        switch comparison {
        case .contains, .endsWith: return "\(left) LIKE \(right)"
        case .startsWith: return "starts_with(\(left), \(right))"
        case .equal, .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual:
            return "\(left) \(comparison.sign ?? "=") \(right)"
        }
    }

    /// For LIKE; nil for comparisons without a pattern.
    private static func pattern(_ literal: String, _ comparison: Filter.Comparison) -> String? {
        switch comparison {
        case .contains: "%\(escaped(literal))%"
        case .endsWith: "%\(escaped(literal))"
        case .equal, .startsWith, .greaterThan, .greaterOrEqual, .lessThan, .lessOrEqual: nil
        }
    }

    /// The escape character of LIKE is the backslash.
    private static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "%" || scalar == "_" || scalar == "\\" { escaped.append("\\") }
            escaped.append(scalar)
        }
        return String(escaped)
    }

    /// Of every kind of value; within parentheses where that is needed.
    mutating func text(of value: StoredValue) -> String {
        switch value {
        case .member(let object, let key): "(\(object) ->> \(key))"
        case .json(let value): "(\(value) #>> '{}')"
        case .text(let text): "(\(text))"
        case .name(let name): name.text
        case .id(let value), .instant(let value), .integer(let value): "(\(value))::text"
        case .address(let type, let id):
            "(\(parts.bindBaseURL()) || CASE \(type) WHEN 'User' THEN '/Users/' ELSE '/Groups/' END || \(id))"
        case .fixed(let text): parts.bind(.text(text), as: "text")
        }
    }

    // MARK: Other types

    private func booleanCondition(_ value: StoredValue, _ literal: Filter.Literal) -> SQLCondition {
        guard case .boolean(let bool) = literal, let json = value.json else { return .never }
        return .sql("\(json) = '\(bool)'::jsonb")
    }

    private mutating func numberCondition(
        _ value: StoredValue, _ comparison: Filter.Comparison, _ literal: Filter.Literal
    ) -> SQLCondition {
        guard case .number(let number) = literal, let sign = comparison.sign, let left = Self.number(value) else {
            return .never
        }
        return .sql("\(left) \(sign) \(parts.bind(.text(number.literal), as: "numeric"))")
    }

    /// `numeric`; nil for what is no number.
    static func number(_ value: StoredValue) -> String? {
        if case .integer(let number) = value { return "(\(number))::numeric" }
        return value.json.map { "CASE jsonb_typeof(\($0)) WHEN 'number' THEN \($0)::numeric END" }
    }

    private mutating func instantCondition(
        _ value: StoredValue, _ comparison: Filter.Comparison, _ literal: Filter.Literal
    ) -> SQLCondition {
        guard case .dateTime(let instant) = literal, let sign = comparison.sign else { return .never }
        if case .instant(let column) = value { return shownInstantCondition(column, comparison, instant) }
        guard value.json != nil else { return .never }
        return .sql("instant(\(text(of: value))) \(sign) \(parts.bind(.time(instant), as: "timestamptz"))")
    }

    /// The column has microseconds and clients see milliseconds: who asks for what came later than the time that it was shown must not get the
    /// same again.
    private mutating func shownInstantCondition(
        _ column: String, _ comparison: Filter.Comparison, _ instant: Timestamp
    ) -> SQLCondition {
        let shown = instant.startOfMillisecond
        let isShown = shown == instant
        let next = Timestamp(microsecondsSinceEpoch: shown.microsecondsSinceEpoch + 1000)
        switch comparison {
        case .equal:
            guard isShown else { return .never }
            return .all([since(column, shown), before(column, next)])
        case .greaterThan: return since(column, next)
        case .greaterOrEqual: return since(column, isShown ? shown : next)
        case .lessThan: return before(column, isShown ? shown : next)
        case .lessOrEqual: return before(column, next)
        case .contains, .startsWith, .endsWith: return .never
        }
    }

    private mutating func since(_ column: String, _ instant: Timestamp) -> SQLCondition {
        .sql("\(column) >= \(parts.bind(.time(instant), as: "timestamptz"))")
    }

    private mutating func before(_ column: String, _ instant: Timestamp) -> SQLCondition {
        .sql("\(column) < \(parts.bind(.time(instant), as: "timestamptz"))")
    }
}

extension Filter.Comparison {
    /// The operator of SQL for what has an order; nil for comparisons of parts of a text.
    var sign: String? {
        switch self {
        case .equal: "="
        case .greaterThan: ">"
        case .greaterOrEqual: ">="
        case .lessThan: "<"
        case .lessOrEqual: "<="
        case .contains, .startsWith, .endsWith: nil
        }
    }
}

extension Timestamp {
    fileprivate var startOfMillisecond: Timestamp {
        let rest = microsecondsSinceEpoch % 1000
        return Timestamp(microsecondsSinceEpoch: microsecondsSinceEpoch - (rest < 0 ? rest + 1000 : rest))
    }
}
