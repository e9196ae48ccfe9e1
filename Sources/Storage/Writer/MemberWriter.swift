// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import Synchronization

/// Gathers the changes of members that arrive while a transaction is under way; they are the next one. Changes of one group share a statement, so
/// that dozens of them at the same time cost little more than one, and none of them fails because of another.
///
/// A group that is locked elsewhere is waited for on a connection of the exclusive pool, one for all changes of it; they are gathered meanwhile, and
/// nothing else waits with them.
final class MemberWriter: Sendable {
    /// In operations, and in members.
    static let largestBatch = 256
    static let mostChanges = 1000

    private struct State {
        var waiting: [PendingMemberChange] = []
        var isDraining = false
        /// What waits for a group that is locked elsewhere.
        var held: [GroupKey: [PendingMemberChange]] = [:]
    }

    private let pipeline: PostgresPipeline
    private let exclusive: ExclusiveWriter
    private let logger: Logger
    private let state = Mutex(State())

    init(pipeline: PostgresPipeline, exclusive: ExclusiveWriter, logger: Logger) {
        self.pipeline = pipeline
        self.exclusive = exclusive
        self.logger = logger
    }

    /// Returns when the operation is committed, or known not to be. Never answers `contended`.
    func write(_ operation: MemberOperation) async throws -> MemberOutcome {
        let result = await withCheckedContinuation { continuation in
            let mustStart = state.withLock { state in
                let pending = PendingMemberChange(operation: operation) { continuation.resume(returning: $0) }
                if state.held[pending.key] != nil {
                    state.held[pending.key]?.append(pending)
                    return false
                }
                state.waiting.append(pending)
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if mustStart { Task { await self.drain() } }
        }
        return try result.get()
    }

    // MARK: - Together

    private func drain() async {
        while let batch = nextBatch() { await run(batch[...]) }
    }

    private func nextBatch() -> [PendingMemberChange]? {
        state.withLock { state in
            let batch = Self.takeBatch(from: &state.waiting)
            if batch.isEmpty { state.isDraining = false }
            return batch.isEmpty ? nil : batch
        }
    }

    /// In order, without those that are about a member of an earlier one.
    static func takeBatch(from waiting: inout [PendingMemberChange]) -> [PendingMemberChange] {
        var batch: [PendingMemberChange] = []
        var left: [PendingMemberChange] = []
        var taken: Set<MemberKey> = []
        var end = 0
        for pending in waiting {
            guard batch.count < largestBatch, taken.count < mostChanges else { break }
            end += 1
            var isFree = true
            for change in pending.operation.changes
            where !taken.insert(MemberKey(group: pending.key, member: change.member)).inserted {
                isFree = false
            }
            if isFree { batch.append(pending) } else { left.append(pending) }
        }
        waiting.replaceSubrange(..<end, with: left)
        return batch
    }

    private func run(_ batch: ArraySlice<PendingMemberChange>) async {
        let groups = Dictionary(grouping: batch, by: \.key).sorted { $0.key < $1.key }.map(\.value)
        let commands = groups.map {
            PostgresCommand(MemberStatements.change, MemberStatements.parameters($0.map(\.operation)))
        }
        do throws(PostgresError) {
            let events = exclusive.announcement?.command(batch.map(\.operation.jobID)).map { [$0] } ?? []
            let results = try await pipeline.transaction(
                [PostgresCommand(MemberStatements.keepPlans)] + commands + events)
            var outcomes: [[MemberOutcome]] = []
            for (group, result) in zip(groups, results.dropFirst()) {
                outcomes.append(try MemberStatements.outcomes(group.map(\.operation), result))
            }
            for (group, outcomes) in zip(groups, outcomes) {
                for (pending, outcome) in zip(group, outcomes) { settle(pending, outcome) }
            }
        } catch {
            await recover(batch, error)
        }
    }

    /// One bad operation fails alone: halves until it stands by itself. What failed as a whole was rolled back as a whole.
    private func recover(_ batch: ArraySlice<PendingMemberChange>, _ error: PostgresError) async {
        guard batch.count > 1, error.concernsContent else {
            for pending in batch {
                if error.isLockTrouble { hold(pending) } else { pending.answer(.failure(error)) }
            }
            return
        }
        logger.debug(
            "Changes of members are repeated by halves",
            metadata: ["operations": "\(batch.count)", "error": "\(error.message)"])
        let middle = batch.startIndex + batch.count / 2
        await run(batch[..<middle])
        await run(batch[middle...])
    }

    private func settle(_ pending: PendingMemberChange, _ outcome: MemberOutcome) {
        if case .contended = outcome { hold(pending) } else { pending.answer(.success(outcome)) }
    }

    // MARK: - Behind a lock

    private func hold(_ pending: PendingMemberChange) {
        let isFirst = state.withLock { state in
            defer { state.held[pending.key, default: []].append(pending) }
            return state.held[pending.key] == nil
        }
        if isFirst { Task { await self.wait(for: pending.key) } }
    }

    private func wait(for key: GroupKey) async {
        while state.withLock({ state in
            if state.held[key]?.isEmpty == true { state.held[key] = nil }
            return state.held[key] != nil
        }) {
            // The transaction may be tried again, with the same changes.
            let batch = Mutex<[PendingMemberChange]>([])
            @Sendable func taken() -> [PendingMemberChange] {
                batch.withLock { batch in
                    if batch.isEmpty { batch = takeHeld(key) }
                    return batch
                }
            }
            do {
                let outcomes = try await exclusive.transaction { [exclusive] connection in
                    _ = try await connection.execute(MemberStatements.lockGroup, [.text(key.tenant), .id(key.group)])
                    // Everything that has come while the lock was waited for.
                    let operations = taken().map(\.operation)
                    let result = try await connection.execute(
                        MemberStatements.change, MemberStatements.parameters(operations))
                    try await exclusive.announce(operations.map(\.jobID), on: connection)
                    return try MemberStatements.outcomes(operations, result)
                }
                for (pending, outcome) in zip(taken(), outcomes) { settle(pending, outcome) }
            } catch {
                // Nobody got the lock: all that wait for it have waited long enough.
                for pending in taken() { pending.answer(.failure(error)) }
            }
        }
    }

    private func takeHeld(_ key: GroupKey) -> [PendingMemberChange] {
        state.withLock { state in
            guard var held = state.held[key] else { return [] }
            let batch = Self.takeBatch(from: &held)
            state.held[key] = held
            return batch
        }
    }
}

struct PendingMemberChange: Sendable {
    let operation: MemberOperation
    /// Called once.
    let answer: @Sendable (Result<MemberOutcome, any Error>) -> Void

    var key: GroupKey { GroupKey(tenant: operation.tenant, group: operation.group) }
}
