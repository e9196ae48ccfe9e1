// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Logging
internal import Metrics
internal import Storage

/// Gathers the outcomes of all slots and writes them in one transaction: what arrives while a transaction is in flight is the next one.
///
/// The number of callers is bounded by the slots of the process, so the buffer is too.
actor OutcomeRecorder {
    private let executor = DispatchExecutor(label: "sync.outcomes")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private struct Waiting {
        let outcome: JobOutcome
        let continuation: CheckedContinuation<Bool, any Error>
    }

    private let jobs: JobStore
    private let logger: Logger
    /// Called with the resources that an outcome made workable.
    private let wake: @Sendable ([WokenResource]) -> Void
    private var waiting: [Waiting] = []
    private var isWriting = false
    private let stale = Counter(label: "scim_stale_outcomes_total")
    private static let batchLimit = 64

    init(jobs: JobStore, logger: Logger, wake: @escaping @Sendable ([WokenResource]) -> Void) {
        self.jobs = jobs
        self.logger = logger
        self.wake = wake
    }

    /// - Returns: Whether the lease was still ours, that is, whether the outcome was stored.
    func record(_ outcome: JobOutcome) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append(Waiting(outcome: outcome, continuation: continuation))
            if !isWriting {
                isWriting = true
                Task { await self.write() }
            }
        }
    }

    private func write() async {
        while !waiting.isEmpty {
            let batch = Array(waiting.prefix(Self.batchLimit))
            waiting.removeFirst(batch.count)
            await write(batch)
        }
        isWriting = false
    }

    private func write(_ batch: [Waiting]) async {
        do {
            let recorded = try await jobs.record(batch.map(\.outcome))
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
        } catch {
            for entry in batch { entry.continuation.resume(throwing: error) }
        }
    }
}
