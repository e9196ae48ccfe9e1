// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// What one outcome writes; nil and false where it writes nothing.
struct OutcomeRow {
    private(set) var job: JobID?
    /// Of the job, when the outcome ends it.
    private(set) var state: String?
    private(set) var error: [UInt8]?
    /// The job that carried this one.
    private(set) var carrier: JobID?
    /// To be added to the job's.
    private(set) var attempts: Int64 = 0
    /// Microseconds until the job's next try.
    private(set) var due: Int64?
    private(set) var udm: UDMObjectRecord?
    private(set) var members: AppliedMembers?
    /// Whoever waits for the resource need not wait any longer.
    private(set) var isArrival = false
    private(set) var isRemoval = false
    private(set) var isAmbiguous: Bool
    /// What UDM holds now is known, whatever became of earlier calls.
    private(set) var isKnown = false
    /// Microseconds until members are tried again.
    private(set) var laterDue: Int64?
    /// What was refused for good without a job: `members`, or nothing in particular.
    private(set) var refusal: String?
    private(set) var isWaiting = false
    private(set) var isVerified = false
    /// Microseconds until the second look is tried again.
    private(set) var nextLook: Int64?

    init(_ outcome: JobOutcome) {
        isAmbiguous = outcome.leavesDoubt
        switch outcome.result {
        case .done(let id, let record, let applied):
            (job, state, udm, members) = (id, "done", record, applied)
            (isArrival, isKnown) = (true, true)
        case .removed(let id):
            (job, state) = (id, "done")
            (isArrival, isRemoval, isKnown) = (true, true, true)
        case .superseded(let id, let by):
            (job, state, carrier) = (id, "superseded", by)
        case .cancelled(let id):
            (job, state, isArrival) = (id, "cancelled", true)
            // With all jobs cancelled nothing of the resource remains.
            isRemoval = outcome.merges && outcome.endsTurn
        case .dead(let id, let problem, let careful):
            (job, state, error, attempts) = (id, "dead", problem, 1)
            if careful { isAmbiguous = true }
        case .retry(let id, let wait, let problem, let countsAttempt, let careful):
            (job, error, due, attempts) = (id, problem, wait.microseconds, countsAttempt ? 1 : 0)
            if careful { isAmbiguous = true }
        case .members(let record, let applied):
            (udm, members, isKnown) = (record, applied, true)
        case .membersLater(let wait, let problem, let careful):
            (error, laterDue) = (problem, wait.microseconds)
            if careful { isAmbiguous = true }
        case .membersRefused(let problem, let careful):
            (error, refusal) = (problem, "members")
            if careful { isAmbiguous = true }
        case .waiting(let id, let wait, let problem):
            (job, error, due, isWaiting) = (id, problem, wait.microseconds, true)
        case .verified(let record, let applied, let isGone, let problem):
            (udm, members, isKnown, isVerified, isRemoval) = (record, applied, true, true, isGone)
            // Groups may have waited until it was known what a call had done with a user's groups.
            isArrival = true
            if let problem { (error, refusal) = (problem, "") }
        case .verifyLater(let wait, let careful):
            nextLook = wait.microseconds
            if careful { isAmbiguous = true }
        case .ended:
            break
        }
    }

    /// A try of the job has failed.
    var isFailure: Bool { job != nil && error != nil && (state == nil || state == "dead") }
}
