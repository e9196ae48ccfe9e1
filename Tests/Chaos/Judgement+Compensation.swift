// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// `ON_PERMANENT_REFUSAL=revert` (DESIGN section 4): what UDM refused is undone in SCIM, by one revision of the bridge's own for each refused
/// write at most, which touches nothing else. A former state may be one that UDM refuses as well; the bridge does not undo its own writes.
extension Judgement {
    /// In whose name the bridge writes.
    static let bridge = "scim-bridge"

    func compensationProblems(_ outcomes: [String: ExpectedOutcome]) -> [String] {
        let ends = Dictionary(grouping: evidence.compensations, by: \.jobID)
        var problems = ends.filter { $0.value.count > 1 }.map { "job \($0.key) was dealt with \($0.value.count) times" }
        // Names and addresses are used once, so nobody else can have a former one.
        problems += evidence.compensations.filter { $0.end == "kept" }.map { "job \($0.jobID) was not undone" }
        problems += Set(ends.keys).subtracting(evidence.jobs.map(\.id)).map { "job \($0) was undone, and is none" }
        for (id, jobs) in jobs {
            let outcome = outcomes[id] ?? ExpectedOutcome()
            var refused: [Refused] = []
            var ours = 0
            for job in jobs {
                let what = "\(job.type) \(id) \(job.operation) revision \(job.revision)"
                if job.client == Self.bridge {
                    ours += 1
                    problems += problemsOfOurs(job, after: refused, in: jobs).map { "\(what): \($0)" }
                }
                let isOwed = revertsRefusals && owes(job, outcome, in: jobs)
                if isOwed != (ends[job.id] != nil) {
                    problems.append(
                        "\(what) was \(isOwed ? "refused and is not dealt with" : "not refused and is undone")")
                }
                if isOwed { refused.append(Refused(job, outcome, in: jobs)) }
            }
            let written = evidence.compensations.count { end in
                end.resourceID == id && ["reverted", "removed"].contains(end.end)
            }
            // One that crashed behind its revision finds nothing to do when it is done again.
            if !(written...max(written, refused.count)).contains(ours) {
                problems.append(
                    "\(id) has \(ours) revisions of the bridge for \(refused.count) refused writes, \(written) undone")
            }
            if revertsRefusals, let resource = evidence.resources[id] {
                problems += leftProblems(resource, outcome, jobs).map { "\(resource.type) \(id): \($0)" }
            }
        }
        return problems.sorted()
    }

    /// A write that was refused, and what it is undone to.
    private struct Refused {
        let isCreate: Bool
        /// Empty for the whole write.
        let attributes: Set<String>
        let former: JSONValue
        /// What a create wanted whose answer was lost: no resource loses its name.
        let created: JSONValue
        let refused: JSONValue

        init(_ job: Evidence.Job, _ outcome: ExpectedOutcome, in jobs: [Evidence.Job]) {
            // What it carried began before it.
            let first = jobs.first { $0.supersededBy == job.id }
            former = (first ?? job).oldResource
            created = former.isNull ? first?.newResource ?? .null : .null
            isCreate = former.isNull
            attributes = outcome.errors[job.id] ?? []
            refused = job.newResource
        }

        func undoes(_ name: String, from present: JSONValue?, to value: JSONValue?) -> Bool {
            (attributes.isEmpty || attributes.contains(name)) && refused[name] == present
                && (former[name] ?? (Self.required.contains(name) ? created[name] : nil)) == value
        }

        private static let required: Set = ["userName", "displayName"]
    }

    /// UDM refused something of it that can be undone, and a client wrote it.
    private func owes(_ job: Evidence.Job, _ outcome: ExpectedOutcome, in jobs: [Evidence.Job]) -> Bool {
        guard let errors = outcome.errors[job.id], errors != ["password"] else { return false }
        return job.client != Self.bridge || jobs.contains { $0.supersededBy == job.id && $0.client != Self.bridge }
    }

    private func problemsOfOurs(_ job: Evidence.Job, after refused: [Refused], in jobs: [Evidence.Job]) -> [String] {
        guard revertsRefusals else { return ["nothing was to be undone"] }
        if job.operation == "delete" {
            var problems: [String] = []
            if !refused.contains(where: \.isCreate) { problems.append("its create was not refused") }
            if jobs.contains(where: { $0.revision < job.revision && $0.state == "done" }) {
                problems.append("it had reached UDM")
            }
            return problems
        }
        let (old, new) = (job.oldResource, job.newResource)
        let names = Set(old.objectValue?.keys ?? []).union(new.objectValue?.keys ?? [])
        return names.sorted().filter { name in
            old[name] != new[name] && !refused.contains { $0.undoes(name, from: old[name], to: new[name]) }
        }.map { "\($0) becomes \(new[$0]?.text ?? "nothing"), which nothing refused was before" }
    }

    /// What is refused has gone from SCIM, unless the bridge itself brought it back as a former state; all else is what UDM has.
    private func leftProblems(
        _ resource: Evidence.Resource, _ outcome: ExpectedOutcome, _ jobs: [Evidence.Job]
    ) -> [String] {
        guard let held = outcome.properties else { return ["UDM has never taken it, and it is not removed"] }
        var left = outcome.parked
        if outcome.isFailed { left.insert(resource.type == "User" ? "userName" : "displayName") }
        let problems = left.sorted().filter { name in
            jobs.last { $0.oldResource[name] != $0.newResource[name] }?.client != Self.bridge
        }.map { "\($0) is still what was refused" }
        guard left.isEmpty else { return problems }
        let wanted = Refusals.properties(of: resource.attributes, type: resource.type)
        return Refusals.compared(resource.type).filter { wanted[$0] ?? "" != held[$0] ?? "" }.map {
            "\($0) is \"\(wanted[$0] ?? "")\" in SCIM, and \"\(held[$0] ?? "")\" in UDM"
        }
    }
}
