// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage
internal import UDM

/// What every turn of a process shares: one object, because each turn and each step of it holds it.
final class TurnEnvironment: Sendable {
    let configuration: SyncConfiguration
    let client: UDMClient
    let mapping: UDMMapping
    let jobs: JobStore
    /// Opens sealed passwords; nil when no key is configured.
    let sealer: SecretSealer?
    let metrics: SyncMetrics
    let leftOut: LeftOutLog
    /// Stores an outcome for as long as the lease lasts; see ``OutcomeRecorder/record(_:)``.
    let record: @Sendable (JobOutcome) async throws -> Bool
    /// Hands a lease back without an outcome, for as long as it lasts; the flag says whether UDM may have been called.
    let giveBack: @Sendable (LeaseHandle, Bool) async throws -> Void
    /// Leases of users, for turns of groups.
    let lender: Lender

    init(
        configuration: SyncConfiguration, client: UDMClient, mapping: UDMMapping, jobs: JobStore, sealer: SecretSealer?,
        metrics: SyncMetrics, leftOut: LeftOutLog, record: @escaping @Sendable (JobOutcome) async throws -> Bool,
        giveBack: @escaping @Sendable (LeaseHandle, Bool) async throws -> Void, lender: Lender
    ) {
        self.configuration = configuration
        self.client = client
        self.mapping = mapping
        self.jobs = jobs
        self.sealer = sealer
        self.metrics = metrics
        self.leftOut = leftOut
        self.record = record
        self.giveBack = giveBack
        self.lender = lender
    }
}
