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
    private(set) var arrived: [PostgresParameter] = []
    private(set) var release: [PostgresParameter] = []
    private(set) var repeats: [PostgresParameter] = []
    private(set) var settling: [PostgresParameter] = []
    private(set) var leaving: [PostgresParameter] = []
    private(set) var missing: [PostgresParameter] = []
    private(set) var awaited: [PostgresParameter] = []
    private(set) var later: [PostgresParameter] = []
    private(set) var refusal: [PostgresParameter] = []
    private(set) var waiting: [PostgresParameter] = []
    private(set) var verified: [PostgresParameter] = []
    private(set) var parked: [PostgresParameter] = []
    private(set) var unparked: [PostgresParameter] = []
    private(set) var failures: [PostgresParameter] = []
    private(set) var hasTerminal = false
    private(set) var hasRetry = false
    private(set) var hasObject = false
    private(set) var hasMembers = false
    private(set) var hasRemoval = false
    private(set) var hasMissing = false
    private(set) var hasAwaited = false
    private(set) var hasLater = false
    private(set) var hasRefusal = false
    private(set) var hasVerified = false
    private(set) var hasParked = false
    private(set) var hasUnparked = false
    private(set) var hasFailure = false
    private(set) var hasLeaving = false
    private(set) var reverted: [PostgresParameter] = []
    private(set) var hasReverted = false

    init(_ outcomes: [JobOutcome]) {
        handles = JobStore.handles(outcomes.map(\.lease))
        var jobs: [JobID?] = []
        var states: [String?] = []
        var errors: [[UInt8]?] = []
        var superseding: [JobID?] = []
        var attempts: [Int64?] = []
        var dues: [Int64?] = []
        var dns: [String?] = []
        var properties: [[UInt8]?] = []
        var arrivals: [Bool] = []
        var removals: [Bool] = []
        var ambiguous: [Bool] = []
        var known: [Bool] = []
        var laterDues: [Int64?] = []
        var refusals: [String?] = []
        var waits: [Bool] = []
        var looks: [Bool] = []
        var nextLooks: [Int64?] = []
        var missingOf: [ResourceID] = []
        var targets: [ResourceID] = []
        var groups: [ResourceID] = []
        var memberIDs: [ResourceID] = []
        var additions: [Bool] = []

        for outcome in outcomes {
            let resource = outcome.lease.resourceID
            var job: JobID?
            var state: String?
            var error: [UInt8]?
            var by: JobID?
            var counted: Int64 = 0
            var due: Int64?
            var udm: UDMObjectRecord?
            var applied = AppliedMembers()
            var isArrival = false
            var isRemoval = false
            var isAmbiguous = false
            // What UDM holds now is known, whatever became of earlier calls.
            var isKnown = false
            var laterDue: Int64?
            var refusal: String?
            var isWaiting = false
            var isVerified = false
            var nextLook: Int64?
            switch outcome.result {
            case .done(let id, let record, let members):
                (job, state, udm, applied, isArrival) = (id, "done", record, members, true)
                isKnown = true
            case .removed(let id):
                (job, state, isArrival, isRemoval) = (id, "done", true, true)
                isKnown = true
            case .superseded(let id, let carrier):
                (job, state, by) = (id, "superseded", carrier)
            case .cancelled(let id):
                // Whoever waits for it need not wait any longer. With all jobs cancelled nothing of the resource remains.
                (job, state, isArrival, isRemoval) = (id, "cancelled", true, outcome.merges && outcome.endsTurn)
            case .dead(let id, let problem, let careful):
                (job, state, error, counted, isAmbiguous) = (id, "dead", problem, 1, careful)
            case .retry(let id, let wait, let problem, let countsAttempt, let careful):
                (job, error, due, isAmbiguous) = (id, problem, wait.microseconds, careful)
                counted = countsAttempt ? 1 : 0
            case .members(let record, let members):
                (udm, applied, isKnown) = (record, members, true)
            case .membersLater(let wait, let problem, let careful):
                (error, laterDue, isAmbiguous) = (problem, wait.microseconds, careful)
            case .membersRefused(let problem, let careful):
                (error, refusal, isAmbiguous) = (problem, "members", careful)
            case .waiting(let id, let wait, let problem):
                (job, error, due, isWaiting) = (id, problem, wait.microseconds, true)
            case .verified(let record, let members, let isGone, let problem):
                (udm, applied, isKnown, isVerified, isRemoval) = (record, members, true, true, isGone)
                // Groups may have waited until it was known what a call had done with a user's groups.
                isArrival = true
                if let problem { (error, refusal) = (problem, "") }
            case .verifyLater(let wait, let careful):
                (nextLook, isAmbiguous) = (wait.microseconds, careful)
            case .ended:
                break
            }
            jobs.append(job)
            states.append(state)
            errors.append(error)
            superseding.append(by)
            attempts.append(counted)
            dues.append(due)
            dns.append(udm?.dn)
            properties.append(udm?.properties)
            arrivals.append(isArrival)
            removals.append(isRemoval)
            ambiguous.append(isAmbiguous || outcome.leavesDoubt)
            known.append(isKnown)
            laterDues.append(laterDue)
            refusals.append(refusal)
            waits.append(isWaiting)
            looks.append(isVerified)
            nextLooks.append(nextLook)
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
            hasTerminal = hasTerminal || state != nil
            hasRetry = hasRetry || due != nil
            hasObject = hasObject || udm != nil
            hasRemoval = hasRemoval || isRemoval
            hasLater = hasLater || laterDue != nil
            hasRefusal = hasRefusal || refusal != nil
            hasFailure = hasFailure || (job != nil && error != nil && (state == nil || state == "dead"))
            hasVerified = hasVerified || isVerified || nextLook != nil
        }
        hasMembers = !groups.isEmpty
        hasMissing = !missingOf.isEmpty
        terminal = [
            .ids(jobs), .textArray(states), .jsonArray(errors), .intArray(attempts), .textArray(dns),
            .boolArray(outcomes.map(\.merges)), .ids(superseding),
        ]
        if hasRetry { retry = [.ids(jobs), .intArray(dues), .jsonArray(errors), .intArray(attempts)] }
        if hasObject { object = [.textArray(dns), .jsonArray(properties), .ids(jobs)] }
        if hasMembers { members = [.ids(groups), .ids(memberIDs), .boolArray(additions)] }
        if hasRemoval { removal = [.boolArray(removals)] }
        arrived = [.boolArray(arrivals), .boolArray(states.map { $0 != nil })]
        release = [
            .boolArray(outcomes.map(\.endsTurn)), .boolArray(ambiguous), .boolArray(known), .boolArray(removals),
        ]
        repeats = [.ids(jobs), .boolArray(removals)]
        settling = [
            .boolArray(known), .boolArray(outcomes.map { $0.endsTurn && $0.result.looksAtAllMembers }),
        ]
        hasLeaving = outcomes.contains(where: \.leavesMembers)
        leaving = [.boolArray(outcomes.map(\.leavesMembers))]
        if hasMissing { missing = [.ids(missingOf), .ids(targets)] }
        hasAwaited = outcomes.contains { !$0.awaited.isEmpty }
        if hasAwaited {
            awaited = [
                .ids(outcomes.flatMap { outcome in outcome.awaited.map { _ in outcome.lease.resourceID } }),
                .ids(outcomes.flatMap(\.awaited)),
            ]
        }
        if hasLater { later = [.intArray(laterDues), .jsonArray(errors)] }
        if hasRefusal { refusal = [.textArray(refusals), .jsonArray(errors)] }
        waiting = [.boolArray(waits)]
        if hasFailure { failures = [.ids(jobs), .textArray(states), .jsonArray(errors), .intArray(attempts)] }
        if hasVerified { verified = [.boolArray(looks), .intArray(nextLooks)] }
        park(outcomes, jobs: .ids(jobs), dns: .textArray(dns))
        hasReverted = outcomes.contains(where: \.reverts)
        if hasReverted {
            reverted = [
                .ids(jobs), .boolArray(outcomes.map(\.reverts)),
                .jsonArray(outcomes.map { Self.list($0.parking.refused.map(\.name)) }),
            ]
        }
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
        hasParked = !resources.isEmpty
        hasUnparked = !clearedOf.isEmpty
        if hasParked {
            parked = [
                jobs, .ids(outcomes.map(\.parking.eventID)), .jsonArray(outcomes.map(\.parking.event)), dns,
                .ids(resources), .textArray(attributes.map(\.name)), .jsonArray(attributes.map(\.error)),
                .jsonArray(attributes.map(\.refused)),
            ]
        }
        if hasUnparked { unparked = [.ids(clearedOf), .textArray(cleared)] }
    }
}
