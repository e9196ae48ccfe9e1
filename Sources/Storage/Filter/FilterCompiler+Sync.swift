// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// The extension `SchemaURN.sync`, whose values are derived. What only few resources can fulfil is looked for among these.
extension FilterCompiler {
    mutating func syncAttribute(_ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        switch attribute.name {
        case "status": return status(attribute, test)
        case "pendingRevisions":
            guard case .comparison = test else { return .always }
            let condition = condition(.integer(SyncColumns.pendingRevisions), attribute, test)
            guard !test.holds(for: 0, attribute) else { return condition }
            return .all([Self.isAmong("SELECT resource_id FROM job"), condition])
        case "nextAttempt":
            return .all([
                Self.isAmong("SELECT resource_id FROM job"),
                condition(.instant(SyncColumns.nextAttempt), attribute, test),
            ])
        case "syncedRevision":
            guard case .comparison = test else { return .always }
            return condition(.integer(SyncColumns.syncedRevision), attribute, test)
        case "lastAttempt": return condition(.instant(SyncColumns.lastAttempt), attribute, test)
        default: return .never
        }
    }

    /// Whatever the comparison is, it holds for some of the statuses and not for the others.
    private func status(_ attribute: SchemaAttribute, _ test: Test) -> SQLCondition {
        let statuses = SyncStatus.Status.allCases.filter { test.holds(for: .string($0.rawValue), attribute) }
        guard !statuses.isEmpty else { return .never }
        guard statuses.count < SyncStatus.Status.allCases.count else { return .always }
        let names = statuses.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let condition = SQLCondition.sql("(\(SyncColumns.status)) IN (\(names))")
        var sources: [String] = []
        for status in statuses {
            guard let source = SyncColumns.source(of: status) else { return condition }
            if !sources.contains(source) { sources.append(source) }
        }
        return .all([Self.isAmong(sources.joined(separator: " UNION ALL ")), condition])
    }

    mutating func parkedAttributes(_ selection: Selection) -> SQLCondition {
        let failure = parts.name("f")
        let condition = condition(selection, in: .parkedAttribute(failure))
        guard condition != .never else { return .never }
        return .sql(
            """
            EXISTS (SELECT FROM sync_failure \(failure) \
            WHERE \(failure).resource_id = r.id AND \(failure).attribute <> ''\(condition.conjunct))
            """)
    }

    mutating func syncError(_ selection: Selection) -> SQLCondition {
        let error = SyncColumns.error
        let isShown = SQLCondition.sql(
            "coalesce(\(error) ->> 'status', \(error) ->> 'scimType', \(error) ->> 'detail') IS NOT NULL")
        return .all([Self.isAmong(SyncColumns.sourceOfErrors), isShown, condition(selection, in: .syncError)])
    }

    /// - Parameter source: Selects ids of resources.
    private static func isAmong(_ source: String) -> SQLCondition { .sql("r.id IN (\(source))") }
}
