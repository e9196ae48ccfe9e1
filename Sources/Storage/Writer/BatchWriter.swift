// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import SCIM
internal import Synchronization

/// Gathers the writes that arrive while a batch is under way; they are the next one. There is no timer: a lone write goes at once.
///
/// Each connection has a batch under way at most. One connection is one process in PostgreSQL, which keeps one core busy, so that what has
/// gathered meanwhile goes beside it on another connection, once it is worth a batch.
///
/// Writes of one resource, or of one claim, never share a batch, nor are they under way at once: they take effect in the order in which they
/// arrived.
final class BatchWriter: Sendable {
    /// More would only make the first of them wait longer.
    static let largestBatch = 256
    /// So many have to wait for a second batch to go beside the first: small ones cost more for each write.
    static let worthBatch = 8
    /// In bytes of attributes.
    static let heaviestBatch = 4 << 20
    /// How far behind the front a write is looked for that can overtake those that have to wait.
    static let farthestLook = 4 * largestBatch

    private struct State {
        var queue = WriteQueue()
        /// By connection: what the batch touches that is under way there.
        var underWay: [Int: WriteFootprint] = [:]
        /// A lone write is. It ends where its request is answered, and that thread may be busy with something else.
        var isAlone = false
        var batches = 0

        /// The connection for a further batch; nil when what waits goes with the next one of another.
        mutating func takeConnection(of count: Int) -> Int? {
            guard underWay.isEmpty || isAlone || queue.count >= BatchWriter.worthBatch,
                let connection = (0..<count).first(where: { underWay[$0] == nil })
            else { return nil }
            underWay[connection] = WriteFootprint()
            return connection
        }

        /// Whether nobody else writes or waits; the first connection is taken then.
        mutating func beginAlone(_ operation: WriteOperation) -> Bool {
            guard underWay.isEmpty, queue.count == 0 else { return false }
            var footprint = WriteFootprint()
            footprint.insert(operation)
            underWay[0] = footprint
            isAlone = true
            batches += 1
            return true
        }

        /// Whether others wait, who have the connection now.
        mutating func endAlone() -> Bool {
            isAlone = false
            if queue.count > 0 { return true }
            underWay[0] = nil
            return false
        }
    }

    private let pipelines: [PostgresPipeline]
    private let announcement: Announcement?
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter announcement: nil: events come with the outcomes of the jobs.
    init(pipelines: [PostgresPipeline], announcement: Announcement? = nil, logger: Logger) {
        precondition(!pipelines.isEmpty, "writes need a connection")
        self.pipelines = pipelines
        self.announcement = announcement
        self.logger = logger
    }

    /// Writes not yet answered, those of batches under way apart.
    var waitingCount: Int { state.withLock { $0.queue.count } }

    /// Returns when the operation is committed, or known not to be.
    func write(_ operation: WriteOperation) async throws(PostgresError) -> WriteOutcome {
        if state.withLock({ $0.beginAlone(operation) }) { return try await writeAlone(operation) }
        let result = await withCheckedContinuation { continuation in
            let connection = state.withLock { state in
                state.queue.append(PendingWrite(operation: operation) { continuation.resume(returning: $0) })
                return state.takeConnection(of: pipelines.count)
            }
            if let connection { Task { await self.drain(connection) } }
        }
        return try result.get()
    }

    /// While nobody else writes, the caller's own task is the batch: no other has to be woken. What gathers meanwhile is not its business.
    private func writeAlone(_ operation: WriteOperation) async throws(PostgresError) -> WriteOutcome {
        let answer = LoneAnswer()
        await run([PendingWrite(operation: operation) { answer.set($0) }], on: pipelines[0])
        if state.withLock({ $0.endAlone() }) { Task { await self.drain(0) } }
        return try answer.get()
    }

    /// The same for several, as if one had come right after the other. The results are in their order.
    func write(_ operations: [WriteOperation]) async -> [Result<WriteOutcome, PostgresError>] {
        guard !operations.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let answers = WriteAnswers(count: operations.count) { continuation.resume(returning: $0) }
            let connection = state.withLock { state in
                for (index, operation) in operations.enumerated() {
                    state.queue.append(PendingWrite(operation: operation) { answers.set($0, at: index) })
                }
                return state.takeConnection(of: pipelines.count)
            }
            if let connection { Task { await self.drain(connection) } }
        }
    }

    private func drain(_ connection: Int) async {
        while let batch = nextBatch(connection) {
            await run(batch[...], on: pipelines[connection])
        }
    }

    /// What waits for a batch on another connection goes on when that one has ended.
    private func nextBatch(_ connection: Int) -> [PendingWrite]? {
        state.withLock { state in
            state.underWay[connection] = nil
            let batch = state.queue.takeBatch(beside: Array(state.underWay.values))
            guard !batch.isEmpty else { return nil }
            state.underWay[connection] = WriteFootprint(batch)
            state.batches += 1
            return batch
        }
    }

    /// A new one whenever the number of batches has doubled, for the first hundred thousand or so.
    private var generation: Int {
        let batches = state.withLock { $0.batches }
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
        let stale = state.withLock { $0.queue.takeStale(revisions) }
        for write in stale { write.answer(.success(.unmatched)) }
    }
}

struct PendingWrite: Sendable {
    let operation: WriteOperation
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
