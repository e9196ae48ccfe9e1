// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
package import SCIM

extension JobStore {
    /// Stores outcomes, guarded by epoch and token, with everything that belongs to them: job history, event, UDM object, members, failure,
    /// waiting resources, lease. One transaction; when it fails, halves of the batch are tried, so that a bad row fails alone.
    ///
    /// - Parameter outcomes: At most one for each resource.
    /// - Throws: When a single outcome cannot be stored.
    package func record(_ outcomes: [JobOutcome]) async throws -> RecordedOutcomes {
        guard !outcomes.isEmpty else { return RecordedOutcomes() }
        let sorted = outcomes.sorted { $0.lease.resourceID < $1.lease.resourceID }
        do {
            return try await write(sorted)
        } catch let error as PostgresError where error.kind == .server && sorted.count > 1 {
            logger.warning("A batch of outcomes failed and is split", metadata: ["error": "\(error)"])
            let middle = sorted.count / 2
            var recorded = try await record(Array(sorted[..<middle]))
            let rest = try await record(Array(sorted[middle...]))
            recorded.matched.formUnion(rest.matched)
            recorded.wake += rest.wake
            return recorded
        }
    }

    private func write(_ outcomes: [JobOutcome]) async throws -> RecordedOutcomes {
        let rows = OutcomeRows(outcomes)
        var commands = [PostgresCommand(OutcomeStatements.lock, rows.handles + rows.repeats)]
        if rows.hasTerminal { commands.append(PostgresCommand(OutcomeStatements.finish, rows.handles + rows.terminal)) }
        if rows.hasRetry { commands.append(PostgresCommand(OutcomeStatements.retry, rows.handles + rows.retry)) }
        if rows.hasObject { commands.append(PostgresCommand(OutcomeStatements.settle, rows.handles + rows.object)) }
        if rows.hasMembers { commands.append(PostgresCommand(OutcomeStatements.members, rows.handles + rows.members)) }
        if rows.hasRemoval { commands.append(PostgresCommand(OutcomeStatements.remove, rows.handles + rows.removal)) }
        commands.append(PostgresCommand(OutcomeStatements.purgeMembers, rows.handles))
        commands.append(PostgresCommand(OutcomeStatements.settleWaits, rows.handles + rows.settling))
        if rows.hasMissing { commands.append(PostgresCommand(OutcomeStatements.missing, rows.handles + rows.missing)) }
        if rows.hasLater { commands.append(PostgresCommand(OutcomeStatements.membersLater, rows.handles + rows.later)) }
        if rows.hasRefusal {
            commands.append(PostgresCommand(OutcomeStatements.membersRefused, rows.handles + rows.refusal))
        }
        let wakeIndex = commands.count
        commands.append(PostgresCommand(OutcomeStatements.wake, rows.handles + rows.arrived))
        commands.append(PostgresCommand(OutcomeStatements.release, rows.handles + rows.release))

        let results = try await pipeline.transaction(commands)
        var recorded = RecordedOutcomes()
        for row in results[0] { recorded.matched.insert(try row.id(0)) }
        for row in results[wakeIndex] {
            recorded.wake.append(
                WokenResource(
                    resourceID: try row.id(0), tenant: try row.string(1), type: try ResourceType(stored: row.string(2)))
            )
        }
        return recorded
    }
}

/// Outcomes as parallel arrays. Every statement gets the handles first, in `$1` to `$3`, and works on those that are still current.
private struct OutcomeRows {
    let handles: [PostgresParameter]
    /// Job, state, error, attempts to add, DN, whether it carries earlier jobs; null job where the outcome ends none.
    private(set) var terminal: [PostgresParameter] = []
    private(set) var retry: [PostgresParameter] = []
    private(set) var object: [PostgresParameter] = []
    private(set) var members: [PostgresParameter] = []
    private(set) var removal: [PostgresParameter] = []
    private(set) var arrived: [PostgresParameter] = []
    private(set) var release: [PostgresParameter] = []
    private(set) var repeats: [PostgresParameter] = []
    private(set) var settling: [PostgresParameter] = []
    private(set) var missing: [PostgresParameter] = []
    private(set) var later: [PostgresParameter] = []
    private(set) var refusal: [PostgresParameter] = []
    private(set) var hasTerminal = false
    private(set) var hasRetry = false
    private(set) var hasObject = false
    private(set) var hasMembers = false
    private(set) var hasRemoval = false
    private(set) var hasMissing = false
    private(set) var hasLater = false
    private(set) var hasRefusal = false

    init(_ outcomes: [JobOutcome]) {
        handles = JobStore.handles(outcomes.map(\.lease))
        var jobs: [JobID?] = []
        var states: [String?] = []
        var errors: [[UInt8]?] = []
        var attempts: [Int64?] = []
        var dues: [Int64?] = []
        var dns: [String?] = []
        var properties: [[UInt8]?] = []
        var arrivals: [Bool] = []
        var removals: [Bool] = []
        var ambiguous: [Bool] = []
        var known: [Bool] = []
        var laterDues: [Int64?] = []
        var refusals: [Bool] = []
        var waiting: [ResourceID] = []
        var targets: [ResourceID] = []
        var groups: [ResourceID] = []
        var memberIDs: [ResourceID] = []
        var additions: [Bool] = []

        for outcome in outcomes {
            let resource = outcome.lease.resourceID
            var job: JobID?
            var state: String?
            var error: [UInt8]?
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
            var isRefusal = false
            switch outcome.result {
            case .done(let id, let record, let members):
                (job, state, udm, applied, isArrival) = (id, "done", record, members, true)
                isKnown = true
            case .removed(let id):
                (job, state, isArrival, isRemoval) = (id, "done", true, true)
                isKnown = true
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
                (error, isRefusal, isAmbiguous) = (problem, true, careful)
            case .ended:
                break
            }
            jobs.append(job)
            states.append(state)
            errors.append(error)
            attempts.append(counted)
            dues.append(due)
            dns.append(udm?.dn)
            properties.append(udm?.properties)
            arrivals.append(isArrival)
            removals.append(isRemoval)
            ambiguous.append(isAmbiguous)
            known.append(isKnown)
            laterDues.append(laterDue)
            refusals.append(isRefusal)
            for member in applied.missing {
                waiting.append(resource)
                targets.append(member)
            }
            for member in applied.added {
                groups.append(resource)
                memberIDs.append(member)
                additions.append(true)
            }
            for member in applied.removed {
                groups.append(resource)
                memberIDs.append(member)
                additions.append(false)
            }
            hasTerminal = hasTerminal || state != nil
            hasRetry = hasRetry || due != nil
            hasObject = hasObject || udm != nil
            hasRemoval = hasRemoval || isRemoval
            hasLater = hasLater || laterDue != nil
            hasRefusal = hasRefusal || isRefusal
        }
        hasMembers = !groups.isEmpty
        hasMissing = !waiting.isEmpty
        terminal = [
            .ids(jobs), .textArray(states), .jsonArray(errors), .intArray(attempts), .textArray(dns),
            .boolArray(outcomes.map(\.merges)),
        ]
        retry = [.ids(jobs), .intArray(dues), .jsonArray(errors), .intArray(attempts)]
        object = [.textArray(dns), .jsonArray(properties), .ids(jobs)]
        members = [.ids(groups), .ids(memberIDs), .boolArray(additions)]
        removal = [.boolArray(removals)]
        arrived = [.boolArray(arrivals)]
        release = [
            .boolArray(outcomes.map(\.endsTurn)), .boolArray(ambiguous), .boolArray(known), .boolArray(removals),
        ]
        repeats = [.ids(jobs), .boolArray(removals)]
        settling = [.boolArray(known)]
        missing = [.ids(waiting), .ids(targets)]
        later = [.intArray(laterDues), .jsonArray(errors)]
        refusal = [.boolArray(refusals), .jsonArray(errors)]
    }
}
