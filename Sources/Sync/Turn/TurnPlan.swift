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
/// | the held ones together | the carrier was refused, and a call whose answer was lost has brought several of them |
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

    private enum Way: Equatable, Sendable {
        case together
        case held(count: Int)
        case oneByOne
    }

    let maximumCrashes: Int
    private var way = Way.together

    init(maximumCrashes: Int) { self.maximumCrashes = maximumCrashes }

    /// The carrier was refused: which of the jobs is to blame is found by pushing each by itself, in revision order.
    /// - Parameter held: So many of the first jobs UDM seems to hold already: they stay together, or it would go back behind the last of them (I-3).
    mutating func refused(held: Int = 0) {
        // Fewer than were refused: the last of those is none of them.
        way = held > 1 ? .held(count: held) : .oneByOne
    }

    /// What was pushed last is terminal.
    mutating func settled() {
        if case .held = way { way = .oneByOne }
    }

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
        switch way {
        case .together: return .push(count: jobs.count)
        case .held(let count): return .push(count: min(count, jobs.count))
        case .oneByOne: return .push(count: 1)
        }
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
