// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Filter {
    /// The value that a filter of a value path describes: `type eq "work" and primary eq true` stands for
    /// `{"type": "work", "primary": true}`. nil if it says more, or less, than what sub-attributes are equal to.
    var describedValue: JSONObject? {
        switch self {
        case .compare(let path, .equal, let literal): return [path.leaf.name: literal.value(of: path.leaf)]
        case .and(let terms):
            var described = JSONObject()
            for term in terms {
                guard let part = term.describedValue else { return nil }
                for (name, value) in part {
                    guard described[name] == nil || described[name] == value else { return nil }
                    described[name] = value
                }
            }
            return described
        case .constant, .present, .compare, .or, .not, .value: return nil
        }
    }

    /// Whether it names an attribute that is none.
    var hasConstant: Bool {
        switch self {
        case .constant: true
        case .present, .compare: false
        case .and(let terms), .or(let terms): terms.contains { $0.hasConstant }
        case .not(let filter), .value(_, let filter): filter.hasConstant
        }
    }
}

extension Filter.Literal {
    fileprivate func value(of attribute: SchemaAttribute) -> JSONValue {
        let value: JSONValue =
            switch self {
            case .string(let text): .string(text)
            case .boolean(let value): .bool(value)
            case .number(let number): .number(number)
            case .dateTime(let instant): .string(instant.description)
            }
        return attribute.multiValued ? .array([value]) : value
    }
}
