// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Postgres
internal import SCIM

/// Outcomes as parallel arrays. Every statement gets the handles first, in `$1` to `$3`, and works on those that are still current. What
/// belongs to a statement that is not needed is empty.
struct OutcomeRows {
    let handles: [PostgresParameter]
    /// Job, state, error, attempts to add, DN, whether earlier jobs end with it, the job that carried it; null job where the outcome ends none.
    private(set) var terminal: [PostgresParameter] = []
    private(set) var retry: [PostgresParameter] = []
    private(set) var object: [PostgresParameter] = []
    private(set) var members: [PostgresParameter] = []
    private(set) var removal: [PostgresParameter] = []
    let arrived: [PostgresParameter]
    let release: [PostgresParameter]
    let repeats: [PostgresParameter]
    let settling: [PostgresParameter]
    private(set) var leaving: [PostgresParameter] = []
    private(set) var missing: [PostgresParameter] = []
    private(set) var awaited: [PostgresParameter] = []
    private(set) var later: [PostgresParameter] = []
    private(set) var refusal: [PostgresParameter] = []
    let waiting: [PostgresParameter]
    private(set) var verified: [PostgresParameter] = []
    private(set) var parked: [PostgresParameter] = []
    private(set) var unparked: [PostgresParameter] = []
    private(set) var failures: [PostgresParameter] = []
    private(set) var reverted: [PostgresParameter] = []

    init(_ outcomes: [JobOutcome]) {
        let rows = outcomes.map { OutcomeRow($0) }
        let jobs = PostgresParameter.ids(rows.map(\.job))
        let states = PostgresParameter.textArray(rows.map(\.state))
        let errors = PostgresParameter.jsonArray(rows.map(\.error))
        let attempts = PostgresParameter.intArray(rows.map(\.attempts))
        let dns = PostgresParameter.textArray(rows.map { $0.udm?.dn })
        let removals = PostgresParameter.boolArray(rows.map(\.isRemoval))
        let known = PostgresParameter.boolArray(rows.map(\.isKnown))

        handles = JobStore.handles(outcomes.map(\.lease))
        arrived = [.boolArray(rows.map(\.isArrival)), .boolArray(rows.map { $0.state != nil })]
        release = [
            .boolArray(outcomes.map(\.endsTurn)), .boolArray(rows.map(\.isAmbiguous)), known, removals,
        ]
        repeats = [jobs, removals]
        settling = [known, .boolArray(outcomes.map { $0.endsTurn && $0.result.looksAtAllMembers })]
        waiting = [.boolArray(rows.map(\.isWaiting))]
        if rows.contains(where: { $0.state != nil }) {
            terminal = [
                jobs, states, errors, attempts, dns, .boolArray(outcomes.map(\.merges)), .ids(rows.map(\.carrier)),
            ]
        }
        if rows.contains(where: { $0.due != nil }) {
            retry = [jobs, .intArray(rows.map(\.due)), errors, attempts]
        }
        if rows.contains(where: { $0.udm != nil }) {
            object = [dns, .jsonArray(rows.map { $0.udm?.properties }), jobs]
        }
        if rows.contains(where: \.isRemoval) { removal = [removals] }
        if rows.contains(where: { $0.laterDue != nil }) { later = [.intArray(rows.map(\.laterDue)), errors] }
        if rows.contains(where: { $0.refusal != nil }) { refusal = [.textArray(rows.map(\.refusal)), errors] }
        if rows.contains(where: \.isFailure) { failures = [jobs, states, errors, attempts] }
        if rows.contains(where: { $0.isVerified || $0.nextLook != nil }) {
            verified = [.boolArray(rows.map(\.isVerified)), .intArray(rows.map(\.nextLook))]
        }
        if outcomes.contains(where: \.leavesMembers) { leaving = [.boolArray(outcomes.map(\.leavesMembers))] }
        if outcomes.contains(where: \.reverts) {
            reverted = [
                jobs, .boolArray(outcomes.map(\.reverts)),
                .jsonArray(outcomes.map { Self.list($0.parking.refused.map(\.name)) }),
            ]
        }
        apply(rows, to: outcomes)
        wait(outcomes)
        park(outcomes, jobs: jobs, dns: dns)
    }

    /// A row for each member that came, went, or could not be set.
    private mutating func apply(_ rows: [OutcomeRow], to outcomes: [JobOutcome]) {
        var groups: [ResourceID] = []
        var memberIDs: [ResourceID] = []
        var additions: [Bool] = []
        var missingOf: [ResourceID] = []
        var targets: [ResourceID] = []
        for (row, outcome) in zip(rows, outcomes) {
            guard let applied = row.members else { continue }
            let resource = outcome.lease.resourceID
            for member in applied.missing {
                missingOf.append(resource)
                targets.append(member)
            }
            // In the order of their ids: so are the locks.
            let changed = applied.added.map { ($0, true) } + applied.removed.map { ($0, false) }
            for (member, isAddition) in changed.sorted(by: { $0.0 < $1.0 }) {
                groups.append(resource)
                memberIDs.append(member)
                additions.append(isAddition)
            }
        }
        if !groups.isEmpty { members = [.ids(groups), .ids(memberIDs), .boolArray(additions)] }
        if !missingOf.isEmpty { missing = [.ids(missingOf), .ids(targets)] }
    }

    /// A row for each resource that another one waits for.
    private mutating func wait(_ outcomes: [JobOutcome]) {
        guard outcomes.contains(where: { !$0.awaited.isEmpty }) else { return }
        awaited = [
            .ids(outcomes.flatMap { outcome in outcome.awaited.map { _ in outcome.lease.resourceID } }),
            .ids(outcomes.flatMap(\.awaited)),
        ]
    }

    /// JSON text of a list; nil for none.
    private static func list(_ names: [String]) -> [UInt8]? {
        names.isEmpty ? nil : JSONValue.array(names.map { .string($0) }).serialize()
    }

    private mutating func park(_ outcomes: [JobOutcome], jobs: PostgresParameter, dns: PostgresParameter) {
        var resources: [ResourceID] = []
        var attributes: [Parking.Attribute] = []
        var clearedOf: [ResourceID] = []
        var cleared: [String] = []
        for outcome in outcomes {
            for attribute in outcome.parking.refused {
                resources.append(outcome.lease.resourceID)
                attributes.append(attribute)
            }
            for attribute in outcome.parking.cleared {
                clearedOf.append(outcome.lease.resourceID)
                cleared.append(attribute)
            }
        }
        if !resources.isEmpty {
            parked = [
                jobs, .ids(outcomes.map(\.parking.eventID)), .jsonArray(outcomes.map(\.parking.event)), dns,
                .ids(resources), .textArray(attributes.map(\.name)), .jsonArray(attributes.map(\.error)),
                .jsonArray(attributes.map(\.refused)),
            ]
        }
        if !clearedOf.isEmpty { unparked = [.ids(clearedOf), .textArray(cleared)] }
    }
}
