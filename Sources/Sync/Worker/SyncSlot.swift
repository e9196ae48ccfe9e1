// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Logging
internal import Storage

/// A place in which one leased resource is worked on. UDM is awaited, so a slot costs no thread; its code runs on one of a few dispatch
/// queues that the cooperative pool's load cannot delay.
actor SyncSlot {
    nonisolated let number: Int
    private let executor: DispatchExecutor
    private let environment: TurnEnvironment
    private let logger: Logger

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(number: Int, executor: DispatchExecutor, environment: TurnEnvironment, logger: Logger) {
        self.number = number
        self.executor = executor
        self.environment = environment
        self.logger = logger
    }

    func work(on lease: ConfirmedLease, for term: LeaseTerm) async -> TurnEnd {
        do {
            var turn = ResourceTurn(lease: lease, term: term, environment: environment, logger: logger)
            return try await turn.run()
        } catch is CancellationError {
            return .lost
        } catch {
            // The outcome could not be stored. The lease runs out, and the next holder reads first.
            logger.error(
                "A turn ended without an outcome",
                metadata: ["resource": "\(lease.resourceID)", "error": "\(String(reflecting: error))"])
            return .lost
        }
    }
}
