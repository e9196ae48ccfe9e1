// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres

/// What operators see and change, one part per concern. Nothing here is in the way of clients or workers: lists have a pool with a time limit,
/// changes are single transactions.
package struct OperatorStores: Sendable {
    package let subjects: SubjectStore
    package let deadLetters: DeadLetterStore
    package let backlog: BacklogStore
    package let inspection: InspectionStore
    package let verification: VerificationStore
    package let replays: ReplayStore
    package let pauses: PauseStore
    package let envelopes: EnvelopeStore
    package let attempts: AttemptStore
    package let audit: AuditLog

    init(lists: PostgresPool, exclusive: PostgresPool, reader: PostgresPipeline) {
        subjects = SubjectStore(lists: lists)
        deadLetters = DeadLetterStore(lists: lists, exclusive: exclusive)
        backlog = BacklogStore(lists: lists)
        inspection = InspectionStore(lists: lists)
        verification = VerificationStore(lists: lists)
        replays = ReplayStore(exclusive: exclusive)
        pauses = PauseStore(exclusive: exclusive, reader: reader)
        envelopes = EnvelopeStore(exclusive: exclusive, reader: reader)
        attempts = AttemptStore(exclusive: exclusive)
        audit = AuditLog(exclusive: exclusive)
    }
}
