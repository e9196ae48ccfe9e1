// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A filter of RFC 7644 section 3.4.2.2 for the resources of one type: its attributes are looked up and its values fit them.
///
/// What it means, for the evaluator and for SQL alike:
///
/// - A comparison with a multi-valued attribute is true if it is true for one of the values; of a complex attribute without a named sub-attribute
///   the sub-attribute `value` is meant.
/// - `ne` is the opposite of `eq`, also when the attribute has no value. `eq null` is the opposite of `pr`.
/// - Every other comparison with an attribute that has no value is false.
/// - Strings that are not caseExact are compared after ``FoldedCase``, by Unicode scalars.
package indirect enum Filter: Hashable, Sendable {
    /// The operators of RFC 7644 section 3.4.2.2 that take a value; `ne` is ``not(_:)`` of `eq`.
    package enum Comparison: String, CaseIterable, Hashable, Sendable {
        case equal = "eq"
        case contains = "co"
        case startsWith = "sw"
        case endsWith = "ew"
        case greaterThan = "gt"
        case greaterOrEqual = "ge"
        case lessThan = "lt"
        case lessOrEqual = "le"
    }

    /// What an attribute is compared with: of the attribute's type.
    package enum Literal: Hashable, Sendable {
        /// As the client wrote it; also for references, binary values and everything else that is compared as text.
        case string(String)
        case boolean(Bool)
        /// Of an integer or decimal attribute.
        case number(JSONNumber)
        case dateTime(Timestamp)
    }

    /// What names no attribute of the type has no value (RFC 7644 section 3.4.2.1), so its comparisons are decided at once.
    case constant(Bool)
    case present(AttributePath)
    /// `ne` is `not` of `equal`, `eq null` is `not` of `present`.
    case compare(AttributePath, Comparison, Literal)
    /// At least two; a chain `a and b and c` is one node.
    case and([Filter])
    /// At least two.
    case or([Filter])
    case not(Filter)
    /// `emails[type eq "work" and value co "@example.org"]`: true if the inner filter is true for one and the same value of the multi-valued complex
    /// attribute (or for the value of a single-valued one). Paths within it begin with the sub-attribute: they are ``AttributePath`` values whose `attribute` is
    /// that sub-attribute and which have no `subAttribute`. Value paths do not nest.
    case value(AttributePath, Filter)
}
