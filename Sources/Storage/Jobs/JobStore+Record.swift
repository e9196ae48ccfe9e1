// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import SCIM

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
        func add(_ statement: PostgresStatement, _ parameters: [PostgresParameter], if isNeeded: Bool = true) {
            if isNeeded { commands.append(PostgresCommand(statement, rows.handles + parameters)) }
        }
        add(OutcomeStatements.finish, rows.terminal, if: rows.hasTerminal)
        add(OutcomeStatements.retry, rows.retry, if: rows.hasRetry)
        add(OutcomeStatements.settle, rows.object, if: rows.hasObject)
        add(OutcomeStatements.members, rows.members, if: rows.hasMembers)
        add(OutcomeStatements.remove, rows.removal, if: rows.hasRemoval)
        add(OutcomeStatements.verified, rows.verified, if: rows.hasVerified)
        let hasMembers = outcomes.contains(where: \.hasMembers)
        add(OutcomeStatements.purgeMembers, [], if: hasMembers)
        add(OutcomeStatements.settleWaits, rows.settling, if: hasMembers)
        add(OutcomeStatements.leaveMembers, rows.leaving, if: rows.hasLeaving)
        add(OutcomeStatements.endValueWaits, rows.waiting, if: outcomes.contains(where: \.hasWaits))
        add(OutcomeStatements.missing, rows.missing, if: rows.hasMissing)
        add(OutcomeStatements.awaited, rows.awaited, if: rows.hasAwaited)
        add(OutcomeStatements.membersLater, rows.later, if: rows.hasLater)
        add(OutcomeStatements.refusedLate, rows.refusal, if: rows.hasRefusal)
        add(OutcomeStatements.unpark, rows.unparked, if: rows.hasUnparked)
        add(OutcomeStatements.park, rows.parked, if: rows.hasParked)
        add(OutcomeStatements.revert, rows.reverted, if: rows.hasReverted)
        let wakeIndex = commands.count
        commands.append(PostgresCommand(OutcomeStatements.wake, rows.handles + rows.arrived))
        add(AttemptStore.recording, rows.failures, if: rows.hasFailure)
        add(OutcomeStatements.release, rows.release + [.length(verifyAfter)])

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
