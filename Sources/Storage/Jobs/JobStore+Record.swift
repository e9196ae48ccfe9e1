// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import SCIM

extension JobStore {
    /// Stores outcomes, guarded by epoch and token, with everything that belongs to them: job history, event, UDM object, members, failure,
    /// waiting resources, lease. One transaction; when it fails, halves of the batch are tried, so that a bad row fails alone.
    ///
    /// Several such transactions may be under way. What they have in common are members, of a group in the one and removed from UDM in the other, which
    /// are not always locked in one order: of two that wait for each other PostgreSQL ends one, which is repeated as a whole.
    ///
    /// - Parameters:
    ///   - outcomes: At most one for each resource.
    ///   - connection: Below ``outcomeConnections``. Transactions on one connection wait for each other.
    /// - Throws: When a single outcome cannot be stored.
    package func record(_ outcomes: [JobOutcome], on connection: Int = 0) async throws -> RecordedOutcomes {
        guard !outcomes.isEmpty else { return RecordedOutcomes() }
        let sorted = outcomes.sorted { $0.lease.resourceID < $1.lease.resourceID }
        do {
            return try await writeAnew(sorted, on: self.outcomes[connection])
        } catch let error as PostgresError where error.kind == .server && sorted.count > 1 {
            logger.warning("A batch of outcomes failed and is split", metadata: ["error": "\(error)"])
            let middle = sorted.count / 2
            var recorded = try await record(Array(sorted[..<middle]), on: connection)
            let rest = try await record(Array(sorted[middle...]), on: connection)
            recorded.matched.formUnion(rest.matched)
            recorded.wake += rest.wake
            return recorded
        }
    }

    /// A transaction that PostgreSQL has ended to let another one go on has changed nothing.
    private func writeAnew(
        _ outcomes: [JobOutcome], on pipeline: PostgresPipeline
    ) async throws -> RecordedOutcomes {
        for _ in 1..<Self.deadlockTries {
            do {
                return try await write(outcomes, on: pipeline)
            } catch let error as PostgresError where error.isDeadlock {
                logger.notice(
                    "Outcomes and others waited for each other; they are stored anew",
                    metadata: ["outcomes": "\(outcomes.count)", "error": "\(error)"])
            }
        }
        return try await write(outcomes, on: pipeline)
    }

    private static let deadlockTries = 3

    private func write(
        _ outcomes: [JobOutcome], on pipeline: PostgresPipeline
    ) async throws -> RecordedOutcomes {
        let rows = OutcomeRows(outcomes)
        var commands = [PostgresCommand(OutcomeStatements.lock, rows.handles + rows.repeats)]
        func add(_ statement: PostgresStatement, _ parameters: [PostgresParameter], if isNeeded: Bool) {
            if isNeeded { commands.append(PostgresCommand(statement, rows.handles + parameters)) }
        }
        /// Unless nothing belongs to it.
        func add(_ statement: PostgresStatement, _ parameters: [PostgresParameter]) {
            add(statement, parameters, if: !parameters.isEmpty)
        }
        add(OutcomeStatements.settle, rows.object)
        add(OutcomeStatements.finish, rows.terminal)
        add(OutcomeStatements.retry, rows.retry)
        add(OutcomeStatements.members, rows.members)
        add(OutcomeStatements.remove, rows.removal)
        add(OutcomeStatements.verified, rows.verified)
        let hasMembers = outcomes.contains(where: \.hasMembers)
        add(OutcomeStatements.purgeMembers, [], if: hasMembers)
        add(OutcomeStatements.settleWaits, rows.settling, if: hasMembers)
        add(OutcomeStatements.leaveMembers, rows.leaving)
        add(OutcomeStatements.endValueWaits, rows.waiting, if: outcomes.contains(where: \.hasWaits))
        add(OutcomeStatements.missing, rows.missing)
        add(OutcomeStatements.awaited, rows.awaited)
        add(OutcomeStatements.membersLater, rows.later)
        add(OutcomeStatements.refusedLate, rows.refusal)
        add(OutcomeStatements.unpark, rows.unparked)
        add(OutcomeStatements.park, rows.parked)
        add(OutcomeStatements.revert, rows.reverted)
        let wakeIndex = commands.count
        commands.append(PostgresCommand(OutcomeStatements.wake, rows.handles + rows.arrived))
        add(AttemptStore.recording, rows.failures)
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
