// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// Which of the open jobs of a resource a lease turn takes together (queue-patterns section 8, "Coalescing").
///
/// What a job wants is its state, so the newest state says all: a create with changes is one create, changes are one change, and whatever
/// ends in a delete is one delete. The last job carries the others.
///
/// | way | when |
/// |---|---|
/// | together | at first |
/// | one by one | the carrier was refused: so only the guilty one dies |
///
/// Jobs whose leases ended in crashes stay together: one of those leases may have sent the newest state, and UDM must not go back behind it (I-3).
struct TurnPlan: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        /// The first job ends as a dead letter without another try: too many leases of it ended in crashes.
        case bury
        /// All jobs end without a call and without an event: UDM never heard of the resource, and nobody wants it any more.
        case cancel
        /// The first `count` jobs are pushed as one, which the last of them carries.
        case push(count: Int)
    }

    let maximumCrashes: Int
    private(set) var isOneByOne = false

    init(maximumCrashes: Int) { self.maximumCrashes = maximumCrashes }

    /// The carrier was refused: which of the jobs is to blame is found by pushing each by itself, in revision order.
    mutating func refused() { isOneByOne = true }

    /// - Parameters:
    ///   - jobs: What is still open, in revision order.
    ///   - isUntouched: UDM has nothing of the resource, and no call is without its outcome.
    /// - Returns: Nil when nothing is open.
    func next(_ jobs: ArraySlice<LeasedJob>, isUntouched: Bool) -> Step? {
        guard let first = jobs.first, let last = jobs.last else { return nil }
        if first.crashes >= maximumCrashes { return .bury }
        if isUntouched, first.operation == .create, last.operation == .delete,
            jobs.allSatisfy({ $0.attempts == 0 && $0.crashes == 0 })
        {
            return .cancel
        }
        return .push(count: isOneByOne ? 1 : jobs.count)
    }
}

extension ConfirmedLease {
    /// If the next turn crashes too, its first job is taken for the cause. So it is known beforehand when that turn begins, and it is the only
    /// one of its kind in this process: what kills a process is then not blamed on all that it held.
    func isLastTry(of maximumCrashes: Int) -> Bool {
        jobs.first.map { $0.crashes + 1 == maximumCrashes } ?? false
    }
}

/// Jobs that are pushed as one. Trouble that passes is that of the first one, which waits longest.
struct JobBatch: Sendable {
    let jobs: ArraySlice<LeasedJob>
    let first: LeasedJob
    /// The job whose state is pushed; the others are superseded by it.
    let carrier: LeasedJob

    init?(_ jobs: ArraySlice<LeasedJob>) {
        guard let first = jobs.first, let carrier = jobs.last else { return nil }
        self.jobs = jobs
        self.first = first
        self.carrier = carrier
    }

    var count: Int { jobs.count }

    /// Jobs lie between the last two that nobody has read.
    var isPartlyRead = false

    /// The newest job that sets a password; older passwords are nobody's any more.
    var newestPassword: LeasedJob? { jobs.last { $0.secret != nil } }
}
