// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Compares what clients were told with what became of it. One line for each promise that was not kept.
struct Judgement: Sendable {
    let evidence: Evidence
    let attempts: [Attempt]
    let refusals: Refusals
    let emitsOnAcceptance: Bool
    let revertsRefusals: Bool
    /// Of each resource, in revision order.
    let jobs: [String: [Evidence.Job]]
    private(set) var violations: [String] = []
    private(set) var figures = Figures()

    /// How much there was to compare.
    struct Figures: Sendable {
        var parked = 0
        var failed = 0
        var passwords = 0
        var refusedConditions = 0
        var heldConditions = 0
        var undone = 0
    }

    /// A broken run breaks everything alike; the first lines tell as much as all.
    private static let shown = 12

    init(
        _ evidence: Evidence, attempts: [Attempt], refusals: Refusals, emitsOnAcceptance: Bool = false,
        revertsRefusals: Bool = false
    ) {
        self.evidence = evidence
        self.attempts = attempts
        self.refusals = refusals
        self.emitsOnAcceptance = emitsOnAcceptance
        self.revertsRefusals = revertsRefusals
        jobs = Dictionary(grouping: evidence.jobs, by: \.resourceID).mapValues {
            $0.sorted { $0.revision < $1.revision }
        }
        checkLeftovers()
        checkJobs()
        checkAccepted()
        checkConditions()
        let outcomes = expectedOutcomes()
        report("outcome", outcomes.values.flatMap(\.problems).sorted())
        checkObjects(outcomes)
        report("undone", compensationProblems(outcomes))
        figures.undone = evidence.compensations.count { ["reverted", "removed"].contains($0.end) }
        checkPasswords(outcomes)
        checkOrderInUDM()
        checkEvents(outcomes)
    }

    private mutating func report(_ rule: String, _ problems: [String]) {
        for problem in problems.prefix(Self.shown) { violations.append("\(rule): \(problem)") }
        if problems.count > Self.shown { violations.append("\(rule): and \(problems.count - Self.shown) more") }
    }

    // MARK: Nothing is left

    private mutating func checkLeftovers() {
        report(
            "left over",
            evidence.leftovers.filter { $0.value != 0 }.map { "\($0.value) \($0.key)" }.sorted() + evidence.dueLater)
        report("a password in clear", evidence.leaks)
    }

    // MARK: One terminal state (I-5), revisions and orders rise together

    private mutating func checkJobs() {
        var ids: Set<String> = []
        var problems: [String] = []
        for job in evidence.jobs where !ids.insert(job.id).inserted {
            problems.append("job \(job.id) has two terminal states")
        }
        for jobs in jobs.values {
            for (before, job) in zip(jobs, jobs.dropFirst())
            where before.revision == job.revision || before.order >= job.order {
                problems.append(
                    "\(job.type) \(job.resourceID): revision \(before.revision) has order \(before.order), \(job.revision) has \(job.order)"
                )
            }
        }
        report("terminal states", problems)
    }

    struct Key: Hashable {
        let requestID: String
        let resourceID: String
    }

    /// By the request that made them.
    private var jobsByRequest: [Key: [Evidence.Job]] {
        Dictionary(grouping: evidence.jobs) { Key(requestID: $0.requestID, resourceID: $0.resourceID) }
    }

    private mutating func checkAccepted() {
        let jobs = jobsByRequest
        var problems: [String] = []
        for attempt in attempts where attempt.isAccepted {
            let id = attempt.resourceID ?? ""
            let found = jobs[Key(requestID: attempt.requestID, resourceID: id)] ?? []
            let what = "\(attempt.operation) of \(id), revision \(attempt.revision.map(String.init) ?? "-")"
            if found.isEmpty && !attempt.mayChangeNothing {
                problems.append("\(what) was accepted and has no job")
            } else if found.count > 1 {
                problems.append("\(what) has \(found.count) jobs")
            } else if let revision = attempt.revision, let job = found.first, job.revision != revision {
                problems.append("\(what) has a job of revision \(job.revision)")
            }
        }
        report("accepted", problems)
    }

    // MARK: If-Match

    private mutating func checkConditions() {
        let jobs = jobsByRequest
        var problems: [String] = []
        for attempt in attempts {
            guard let id = attempt.resourceID else { continue }
            let job = jobs[Key(requestID: attempt.requestID, resourceID: id)]?.first
            if (400..<500).contains(attempt.status), let job {
                problems.append(
                    "\(attempt.operation) of \(id) was answered \(attempt.status) and has a job of revision \(job.revision)"
                )
            }
            switch attempt.condition {
            case .none:
                if attempt.status == 412 { problems.append("\(attempt.operation) of \(id): 412 without a condition") }
            case .stale(let revision):
                if attempt.status == 412 { figures.refusedConditions += 1 }
                if attempt.isAccepted || job != nil {
                    problems.append("\(attempt.operation) of \(id) went through, whose If-Match \(revision) was over")
                }
            case .match(let revision):
                if let job, job.revision != revision + 1 {
                    problems.append("\(attempt.operation) of \(id) with If-Match \(revision) became \(job.revision)")
                }
                if attempt.isAccepted { figures.heldConditions += 1 }
                guard attempt.status == 412 else { continue }
                figures.refusedConditions += 1
                // Somebody else must have been faster.
                let newest = max(evidence.resources[id]?.revision ?? .max, self.jobs[id]?.last?.revision ?? 0)
                if newest <= revision {
                    problems.append("\(attempt.operation) of \(id): 412, and \(revision) is the newest revision")
                }
            }
        }
        report("If-Match", problems)
    }

    // MARK: In order, one at a time (I-3)

    private mutating func checkOrderInUDM() {
        let check = evidence.check
        // A call that was given up may be carried out late, beside the one that followed it; only one of them finds its ETag true.
        let overlaps = (check["overlaps"]?.arrayValue ?? []).filter { overlap in
            ![overlap["first"], overlap["second"]].contains { call in
                call?.integerValue.map { evidence.abandonedCalls.contains(Int($0)) } ?? false
            }
        }
        report("two writes at once", overlaps.map(\.text))
        report("object twice", (check["duplicateIdentifiers"]?.arrayValue ?? []).map(\.text))
        report(
            "created again", (check["recreatedIdentifiers"]?.objectValue ?? [:]).map { "\($0.key) \($0.value.text)" })

        let jobs = jobsByRequest
        var highest: [String: Int] = [:]
        var problems: [String] = []
        for commit in evidence.commits {
            guard let requestID = commit.requestID,
                let revision = jobs[Key(requestID: requestID, resourceID: commit.identifier)]?.first?.revision
            else { continue }
            if let before = highest[commit.identifier], before > revision {
                problems.append("\(commit.method) of \(commit.identifier): revision \(revision) after \(before)")
            }
            highest[commit.identifier] = max(revision, highest[commit.identifier] ?? revision)
        }
        report("order in UDM", problems)
    }

    // MARK: Parts in other files

    private mutating func checkObjects(_ outcomes: [String: ExpectedOutcome]) {
        report("final state", objectProblems(outcomes))
        report("refusals", failureProblems(outcomes))
        for attributes in evidence.failures.values {
            figures.parked += attributes.count { !$0.isEmpty }
            figures.failed += attributes.contains("") ? 1 : 0
        }
    }

    private mutating func checkPasswords(_ outcomes: [String: ExpectedOutcome]) {
        let (problems, compared) = passwordProblems(outcomes)
        report("passwords", problems)
        figures.passwords = compared
    }

    private mutating func checkEvents(_ outcomes: [String: ExpectedOutcome]) {
        for sink in evidence.events.keys.sorted() {
            report("events at \(sink)", deliveryProblems(evidence.events[sink] ?? []))
        }
        report("events between sinks", differencesBetweenSinks())
        let events = Self.firsts(evidence.events[Plan.provisioning] ?? [])
        report("events", eventProblems(events, outcomes))
        report("bodies of events", bodyProblems(events))
    }
}
