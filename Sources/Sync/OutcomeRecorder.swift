// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Executors
internal import Logging
internal import Metrics
internal import Storage

/// Gathers the outcomes of all slots and writes them in few transactions.
///
/// A lone outcome is written at once. What arrives while a transaction is under way is the next one, so that batches grow with the load and
/// nobody waits for others to come. A second transaction goes beside a slow one when a batch is full or its first outcome has waited for 20 ms.
/// With batches of one (strict mode) nearly always several are under way, each on a connection of its own, so that they wait for the disk together.
///
/// Each slot waits for its own outcome, so no more are waiting than the process has slots, and a resource has one at a time: outcomes of one resource
/// come in their order, those of several in any.
actor OutcomeRecorder {
    private let executor = DispatchExecutor(label: "sync.outcomes")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private struct Waiting {
        let outcome: JobOutcome
        let continuation: CheckedContinuation<Bool, any Error>
    }

    private let jobs: JobStore
    private let logger: Logger
    /// Outcomes in one transaction.
    private let batchLimit: Int
    /// Called with the resources that an outcome made workable.
    private let wake: @Sendable ([WokenResource]) -> Void
    /// Called once after a transaction that may have written events.
    private let told: @Sendable () -> Void
    private var waiting: [Waiting] = []
    private var idle: IdleConnections
    private var isTimed = false
    private let stale = Counter(label: "scim_stale_outcomes_total")
    private static let longestWait = Duration.milliseconds(20)

    init(
        jobs: JobStore, batchLimit: Int, logger: Logger, wake: @escaping @Sendable ([WokenResource]) -> Void,
        told: @escaping @Sendable () -> Void
    ) {
        self.jobs = jobs
        self.batchLimit = max(1, batchLimit)
        self.logger = logger
        idle = IdleConnections(count: jobs.outcomeConnections)
        self.wake = wake
        self.told = told
    }

    /// - Returns: Whether the lease was still ours, that is, whether the outcome was stored.
    func record(_ outcome: JobOutcome) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(Waiting(outcome: outcome, continuation: continuation))
            writeWhatIsDue()
        }
    }

    private func writeWhatIsDue() {
        while !waiting.isEmpty, idle.areAll || waiting.count >= batchLimit, let connection = idle.take() {
            writeBatch(on: connection)
        }
        if !waiting.isEmpty, !isTimed {
            isTimed = true
            executor.dispatchQueue.asyncAfter(deadline: .now() + Self.longestWait.inSeconds) {
                self.assumeIsolated { recorder in
                    recorder.isTimed = false
                    if !recorder.waiting.isEmpty, let connection = recorder.idle.take() {
                        recorder.writeBatch(on: connection)
                    }
                    recorder.writeWhatIsDue()
                }
            }
        }
    }

    private func writeBatch(on connection: Int) {
        let batch = Array(waiting.prefix(batchLimit))
        waiting.removeFirst(batch.count)
        Task {
            let isSound = await write(batch, on: connection)
            idle.put(connection, isSound: isSound)
            writeWhatIsDue()
        }
    }

    /// - Returns: Whether PostgreSQL has stored what could be stored. After an error of its own the connection is sound, too, and taken last all the same.
    private func write(_ batch: [Waiting], on connection: Int) async -> Bool {
        do {
            let recorded = try await jobs.record(batch.map(\.outcome), on: connection)
            if batch.contains(where: { $0.outcome.result.mayTell }) { told() }
            for entry in batch {
                let matched = recorded.matched.contains(entry.outcome.lease.resourceID)
                if !matched {
                    stale.increment()
                    logger.warning(
                        "An outcome came after its lease had ended and was not stored",
                        metadata: [
                            "resource": "\(entry.outcome.lease.resourceID)", "epoch": "\(entry.outcome.lease.epoch)",
                        ])
                }
                entry.continuation.resume(returning: matched)
            }
            if !recorded.wake.isEmpty { wake(recorded.wake) }
            return true
        } catch {
            for entry in batch { entry.continuation.resume(throwing: error) }
            return false
        }
    }
}

/// Connections without a transaction. The first ones are taken first, so that the others are opened only when they are needed; one that has failed is
/// the last to be taken.
struct IdleConnections {
    private let count: Int
    private var idle: [Int]

    init(count: Int) {
        self.count = count
        idle = Array(0..<count)
    }

    /// Whether none has a transaction.
    var areAll: Bool { idle.count == count }

    mutating func take() -> Int? { idle.isEmpty ? nil : idle.removeFirst() }

    /// - Parameter isSound: PostgreSQL has answered on it.
    mutating func put(_ connection: Int, isSound: Bool) {
        let place = isSound ? idle.firstIndex { $0 > connection } : nil
        idle.insert(connection, at: place ?? idle.endIndex)
    }
}
