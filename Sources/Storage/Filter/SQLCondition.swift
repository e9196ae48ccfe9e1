// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A condition of a WHERE clause, as far as it is not decided without the database.
///
/// The SQL may be NULL where it is not true: AND and OR do not mind, and ``negated`` takes NULL for false, as filters do.
enum SQLCondition: Equatable {
    case always
    case never
    /// Stands beside AND and OR without parentheses.
    case sql(String)

    static func all(_ conditions: [SQLCondition]) -> SQLCondition {
        joined(conditions, by: " AND ", neutral: .always, decisive: .never)
    }

    static func any(_ conditions: [SQLCondition]) -> SQLCondition {
        joined(conditions, by: " OR ", neutral: .never, decisive: .always)
    }

    static func constant(_ value: Bool) -> SQLCondition { value ? .always : .never }

    var negated: SQLCondition {
        switch self {
        case .always: .never
        case .never: .always
        case .sql(let text): .sql("(\(text)) IS NOT TRUE")
        }
    }

    /// ` AND …` behind another condition, nothing if it always holds.
    var conjunct: String {
        switch self {
        case .always: ""
        case .never: " AND false"
        case .sql(let text): " AND \(text)"
        }
    }

    private static func joined(
        _ conditions: [SQLCondition], by word: String, neutral: SQLCondition, decisive: SQLCondition
    ) -> SQLCondition {
        var texts: [String] = []
        for condition in conditions where condition != neutral {
            guard case .sql(let text) = condition else { return decisive }
            texts.append(text)
        }
        switch texts.count {
        case 0: return neutral
        case 1: return .sql(texts[0])
        default: return .sql("(\(texts.joined(separator: word)))")
        }
    }
}
