// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// An LDAP search filter (RFC 4515), evaluated with LDAP's three values: a comparison with an attribute that is not
/// known is neither true nor false, and finds nothing even when negated.
indirect enum Filter: Equatable {
    case and([Filter])
    case or([Filter])
    case not(Filter)
    case present(String)
    case equal(String, String)
    case substrings(String, first: String?, middle: [String], last: String?)
    case atLeast(String, String)
    case atMost(String, String)

    /// Also without parentheses around the whole, as the server takes it. Nil if it is broken.
    init?(_ text: String) {
        let trimmed = text.drop { $0 == " " }
        var parser = FilterParser(trimmed.hasPrefix("(") ? String(trimmed) : "(\(trimmed))")
        guard let filter = parser.parse() else { return nil }
        self = filter
    }

    /// A value of `query[…]`, in which `*` is a wildcard.
    init(property: String, pattern: String) {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1 {
            self = .equal(property, pattern)
        } else if parts.allSatisfy(\.isEmpty) {
            self = .present(property)
        } else {
            self = Self.substrings(property, parts: parts)
        }
    }

    static func substrings(_ attribute: String, parts: [String]) -> Filter {
        .substrings(
            attribute, first: parts.first.flatMap { $0.isEmpty ? nil : $0 },
            middle: parts.dropFirst().dropLast().filter { !$0.isEmpty },
            last: parts.last.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// - Parameter values: the values of an attribute, nil if the directory does not know it.
    func matches(_ values: (String) -> [String]?) -> Bool? {
        switch self {
        case .and(let filters):
            let results = filters.map { $0.matches(values) }
            return results.contains(false) ? false : results.contains(nil) ? nil : true
        case .or(let filters):
            let results = filters.map { $0.matches(values) }
            return results.contains(true) ? true : results.contains(nil) ? nil : false
        case .not(let filter): return filter.matches(values).map { !$0 }
        case .present(let attribute): return values(attribute).map { !$0.isEmpty }
        case .equal(let attribute, let value):
            let wanted = value.lowercased()
            return values(attribute)?.contains { $0.lowercased() == wanted }
        case .substrings(let attribute, let first, let middle, let last):
            return values(attribute)?.contains {
                Self.contains($0.lowercased(), first: first, middle: middle, last: last)
            }
        case .atLeast(let attribute, let value):
            return values(attribute)?.contains { Self.isOrdered(value, $0) }
        case .atMost(let attribute, let value):
            return values(attribute)?.contains { Self.isOrdered($0, value) }
        }
    }

    /// Comparisons that every match fulfils, for the choice of an index.
    var requiredEqualities: [(attribute: String, value: String)] {
        switch self {
        case .equal(let attribute, let value): [(attribute, value)]
        case .and(let filters): filters.flatMap(\.requiredEqualities)
        default: []
        }
    }

    private static func isOrdered(_ low: String, _ high: String) -> Bool {
        if let low = Int64(low), let high = Int64(high) { return low <= high }
        return low.lowercased() <= high.lowercased()
    }

    private static func contains(_ value: String, first: String?, middle: [String], last: String?) -> Bool {
        var rest = Substring(value)
        if let first = first?.lowercased() {
            guard rest.hasPrefix(first) else { return false }
            rest = rest.dropFirst(first.count)
        }
        if let last = last?.lowercased() {
            guard rest.hasSuffix(last) else { return false }
            rest = rest.dropLast(last.count)
        }
        for part in middle.map({ $0.lowercased() }) {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
