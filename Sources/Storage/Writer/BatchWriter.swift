// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Logging
internal import Postgres
internal import SCIM
internal import Synchronization

/// Gathers the writes that arrive while a batch is under way, or within a few milliseconds of each other; they are the next one. A lone write goes
/// at once. ``BatchSchedule`` has the rules.
///
/// Writes of one resource, or of one claim, never share a batch, nor are they under way at once: they take effect in the order in which they
/// arrived.
final class BatchWriter: Sendable {
    /// More would only make the first of them wait longer.
    static let largestBatch = 256
    /// In bytes of attributes.
    static let heaviestBatch = 4 << 20
    /// How far behind the front a write is looked for that can overtake those that have to wait.
    static let farthestLook = 4 * largestBatch

    private struct State {
        var schedule: BatchSchedule
        /// When a timer looks at what waits.
        var nextLook: ContinuousClock.Instant?
    }

    private let pipelines: [PostgresPipeline]
    private let announcement: Announcement?
    private let logger: Logger
    private let state: Mutex<State>
    private let timer = DispatchQueue(label: "scim-bridge.writes.timer")

    /// - Parameter announcement: nil: events come with the outcomes of the jobs.
    init(pipelines: [PostgresPipeline], announcement: Announcement? = nil, logger: Logger) {
        self.pipelines = pipelines
        self.announcement = announcement
        self.logger = logger
        state = Mutex(State(schedule: BatchSchedule(connections: pipelines.count)))
    }

    /// Writes not yet answered, those of batches under way apart.
    var waitingCount: Int { state.withLock { $0.schedule.waitingCount } }

    /// Returns when the operation is committed, or known not to be.
    func write(_ operation: WriteOperation) async throws(PostgresError) -> WriteOutcome {
        let now = ContinuousClock.now
        if state.withLock({ $0.schedule.beginAlone(operation, at: now) }) { return try await writeAlone(operation) }
        let result = await withCheckedContinuation { continuation in
            go { schedule in
                schedule.append(
                    PendingWrite(operation: operation, arrivedAt: now) { continuation.resume(returning: $0) })
            }
        }
        return try result.get()
    }

    /// While nobody else writes, the caller's own task is the batch: no other has to be woken. What gathers meanwhile is not its business.
    private func writeAlone(_ operation: WriteOperation) async throws(PostgresError) -> WriteOutcome {
        let answer = LoneAnswer()
        await run([PendingWrite(operation: operation, arrivedAt: .now) { answer.set($0) }], on: pipelines[0])
        go { $0.endAlone(at: .now) }
        return try answer.get()
    }

    /// The same for several, as if one had come right after the other. The results are in their order.
    func write(_ operations: [WriteOperation]) async -> [Result<WriteOutcome, PostgresError>] {
        guard !operations.isEmpty else { return [] }
        let now = ContinuousClock.now
        return await withCheckedContinuation { continuation in
            let answers = WriteAnswers(count: operations.count) { continuation.resume(returning: $0) }
            go { schedule in
                for (index, operation) in operations.enumerated() {
                    schedule.append(
                        PendingWrite(operation: operation, arrivedAt: now) { answers.set($0, at: index) })
                }
            }
        }
    }

    /// Makes a change, and does what follows from it.
    private func go(after change: (inout BatchSchedule) -> Void = { _ in }) {
        let now = ContinuousClock.now
        let step = state.withLock { state -> BatchSchedule.Step in
            change(&state.schedule)
            let step = state.schedule.step(at: now)
            if case .wait(let end) = step {
                if let nextLook = state.nextLook, nextLook <= end { return .none }
                state.nextLook = end
            }
            return step
        }
        switch step {
        case .begin(let connection): Task { await self.drain(connection) }
        case .wait(let end):
            let wait = DispatchTimeInterval.microseconds(Int(now.duration(to: end).microseconds) + 1)
            timer.asyncAfter(deadline: .now() + wait) { self.timeIsUp(end) }
        case .none: break
        }
    }

    private func timeIsUp(_ look: ContinuousClock.Instant) {
        // A look that came later was set before an earlier one took its place.
        state.withLock { if $0.nextLook == look { $0.nextLook = nil } }
        go()
    }

    private func drain(_ connection: Int) async {
        while let batch = state.withLock({ $0.schedule.nextBatch(on: connection, at: .now) }) {
            // What the batch has left may go beside it.
            go()
            await run(batch[...], on: pipelines[connection])
        }
        go()
    }

    /// A new one whenever the number of batches has doubled, for the first hundred thousand or so.
    private var generation: Int {
        let batches = state.withLock { $0.schedule.batchCount }
        return min(Int.bitWidth - batches.leadingZeroBitCount, 18)
    }

    // MARK: - One batch

    private func run(_ writes: ArraySlice<PendingWrite>, on pipeline: PostgresPipeline) async {
        let batch = WriteBatch(writes.map(\.operation), locking: .skips, generation: generation)
        do throws(PostgresError) {
            let events = announcement?.command(writes.map(\.operation.jobID)).map { [$0] } ?? []
            // Until it is over, no other may touch what it touches.
            let results = try await pipeline.transaction(batch.commands + events, isCancellable: false)
            let outcomes = try batch.outcomes(Array(results.prefix(batch.commands.count)))
            answerStale(writes, outcomes)
            for (write, outcome) in zip(writes, outcomes) { write.answer(.success(outcome)) }
        } catch {
            await recover(writes, error, on: pipeline)
        }
    }

    /// One bad operation fails alone: halves until it stands by itself. What failed as a whole was rolled back as a whole.
    private func recover(
        _ writes: ArraySlice<PendingWrite>, _ error: PostgresError, on pipeline: PostgresPipeline
    ) async {
        guard writes.count > 1, error.concernsContent else {
            for write in writes { write.answer(Self.answer(error)) }
            return
        }
        logger.debug(
            "A batch of writes is repeated by halves",
            metadata: ["writes": "\(writes.count)", "error": "\(error.message)"])
        let middle = writes.startIndex + writes.count / 2
        await run(writes[..<middle], on: pipeline)
        await run(writes[middle...], on: pipeline)
    }

    private static func answer(_ error: PostgresError) -> Result<WriteOutcome, PostgresError> {
        if error.isUniqueViolation { return .success(.collision) }
        return error.isLockTrouble ? .success(.contended) : .failure(error)
    }

    /// Writes that wait with an older revision of what was just written cannot match any more.
    private func answerStale(_ writes: ArraySlice<PendingWrite>, _ outcomes: [WriteOutcome]) {
        var revisions: [ResourceID: Int64] = [:]
        for (write, outcome) in zip(writes, outcomes) {
            guard case .written(let revision, _, _) = outcome else { continue }
            if case .create = write.operation.action { continue }
            revisions[write.operation.id] = revision
        }
        guard !revisions.isEmpty else { return }
        let stale = state.withLock { $0.schedule.takeStale(revisions) }
        for write in stale { write.answer(.success(.unmatched)) }
    }
}

struct PendingWrite: Sendable {
    let operation: WriteOperation
    let arrivedAt: ContinuousClock.Instant
    /// Called once.
    let answer: @Sendable (Result<WriteOutcome, PostgresError>) -> Void
}

/// The answer of a write that its own caller brings to the database.
private final class LoneAnswer: Sendable {
    private let answer = Mutex<Result<WriteOutcome, PostgresError>?>(nil)

    func set(_ answer: Result<WriteOutcome, PostgresError>) { self.answer.withLock { $0 = answer } }

    func get() throws(PostgresError) -> WriteOutcome {
        guard let answer = answer.withLock({ $0 }) else {
            throw PostgresError(kind: .decoding, message: "a write has no answer")
        }
        return try answer.get()
    }
}

/// Gathers the answers of writes that belong together; the last one to arrive hands them all over.
private final class WriteAnswers: Sendable {
    private struct State {
        var answers: [Result<WriteOutcome, PostgresError>?]
        var missing: Int
    }

    private let state: Mutex<State>
    private let whenAll: @Sendable ([Result<WriteOutcome, PostgresError>]) -> Void

    init(count: Int, whenAll: @escaping @Sendable ([Result<WriteOutcome, PostgresError>]) -> Void) {
        state = Mutex(State(answers: Array(repeating: nil, count: count), missing: count))
        self.whenAll = whenAll
    }

    func set(_ answer: Result<WriteOutcome, PostgresError>, at index: Int) {
        let all = state.withLock { state -> [Result<WriteOutcome, PostgresError>]? in
            state.answers[index] = answer
            state.missing -= 1
            return state.missing == 0 ? state.answers.compactMap { $0 } : nil
        }
        if let all { whenAll(all) }
    }
}

extension PostgresError {
    /// A row or value that the statement needs is locked elsewhere, or two transactions waited for each other.
    var isLockTrouble: Bool { isDeadlock || ["55P03", "40001"].contains(sqlState) }

    /// Two transactions waited for each other, and the server has ended this one.
    var isDeadlock: Bool { sqlState == "40P01" }

    /// The server refused what the statement holds, which may be one row of it, and rolled it back.
    var concernsContent: Bool {
        guard kind == .server, !mayHaveCommitted, let sqlState else { return false }
        // Data, integrity, rollback, size limits, our own functions; not: out of disk, shutting down, no such table.
        return isLockTrouble || ["22", "23", "40", "54", "P0"].contains(String(sqlState.prefix(2)))
    }
}
