// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Judgement {
    /// Each event once, where it came first.
    static func firsts(_ events: [Evidence.Event]) -> [Evidence.Event] {
        var seen: Set<String> = []
        return events.filter { seen.insert($0.id).inserted }
    }

    // MARK: One sink

    /// A repetition says the same, and orders rise for each resource.
    func deliveryProblems(_ events: [Evidence.Event]) -> [String] {
        var problems: [String] = []
        var first: [String: Evidence.Event] = [:]
        /// By realm and resource.
        var last: [String: Int] = [:]
        for event in events {
            if let before = first[event.id] {
                if !Self.isSame(before, event) {
                    problems.append("event \(event.id) came again and says something else")
                }
                continue
            }
            first[event.id] = event
            // When events come with the acceptance, what became of a write is told after later ones.
            let line = emitsOnAcceptance ? "\(event.realm) \(event.resourceID)" : event.resourceID
            // The error of a parked attribute has the order of its write, and comes after it.
            let rank = 2 * event.order + (event.realm == "sync-error" ? 1 : 0)
            if let before = last[line], rank <= before {
                problems.append("\(event.resourceID): \(event.realm) order \(event.order) after \(before / 2)")
            }
            last[line] = rank
        }
        return problems
    }

    private static func isSame(_ one: Evidence.Event, _ other: Evidence.Event) -> Bool {
        one.realm == other.realm && one.old == other.old && one.new == other.new
    }

    // MARK: All sinks

    func differencesBetweenSinks() -> [String] {
        let model = Dictionary(
            Self.firsts(evidence.events[Plan.provisioning] ?? []).map { ($0.id, $0) }
        ) { first, _ in first }
        var problems: [String] = []
        for (sink, events) in evidence.events.sorted(by: { $0.key < $1.key }) where sink != Plan.provisioning {
            let found = Dictionary(Self.firsts(events).map { ($0.id, $0) }) { first, _ in first }
            for (id, event) in model {
                guard let other = found[id] else {
                    problems.append("\(sink) lacks event \(id) of \(event.resourceID), order \(event.order)")
                    continue
                }
                if !Self.isSame(event, other) { problems.append("\(sink) has event \(id) with another body") }
            }
            for id in found.keys where model[id] == nil { problems.append("\(Plan.provisioning) lacks event \(id)") }
        }
        return problems
    }

    // MARK: Complete, once

    func eventProblems(_ events: [Evidence.Event], _ outcomes: [String: ExpectedOutcome]) -> [String] {
        var byJob = Dictionary(grouping: events, by: \.jobID)
        var problems: [String] = []
        for job in evidence.jobs {
            let found = byJob.removeValue(forKey: job.id) ?? []
            let outcome = outcomes[job.resourceID]
            let what = "\(job.state) job \(job.id), order \(job.order)"
            if job.isAnnounced != emitsOnAcceptance {
                problems.append("\(what): its event came with its \(job.isAnnounced ? "acceptance" : "outcome")")
            }
            let changes = found.count { $0.realm == "scim" }
            let wantsChange = job.isAnnounced || ["done", "superseded"].contains(job.state)
            let errors = found.filter { $0.realm == "sync-error" }
            let expected = outcome?.errors[job.id]
            let isUnclear = outcome?.unclearPasswords.contains(job.id) ?? false
            let mostErrors = expected != nil || isUnclear ? 1 : 0
            let fewestErrors = expected != nil ? 1 : 0
            if changes != (wantsChange ? 1 : 0) || !(fewestErrors...mostErrors).contains(errors.count)
                || changes + errors.count != found.count
                || found.contains(where: { $0.order != job.order || $0.operation != Self.pastTense(job.operation) })
            {
                problems.append("\(what): \(found.map { "\($0.realm) \($0.order) \($0.id)" })")
            }
            for error in errors {
                var attributes = error.attributes
                if isUnclear { attributes.remove("password") }
                if attributes != expected ?? [] {
                    problems.append("\(what): refused is \(attributes.sorted()), not \((expected ?? []).sorted())")
                }
            }
        }
        problems += byJob.keys.map { "an event of job \($0), which does not exist" }
        return problems
    }

    private static func pastTense(_ operation: String) -> String {
        switch operation {
        case "create": "created"
        case "modify": "modified"
        default: "deleted"
        }
    }

    // MARK: Bodies

    /// What clients wrote is what events say, and each begins where the one before ended.
    func bodyProblems(_ events: [Evidence.Event]) -> [String] {
        var byJob: [String: Evidence.Event] = [:]
        for event in events where event.realm == "scim" { byJob[event.jobID] = event }
        var written: [Key: Attempt] = [:]
        for attempt in attempts {
            written[Key(requestID: attempt.requestID, resourceID: attempt.resourceID ?? "")] = attempt
        }
        var problems: [String] = []
        for jobs in jobs.values {
            var before: (job: Evidence.Job, event: Evidence.Event?)?
            for job in jobs {
                let what = "\(job.type) \(job.resourceID) revision \(job.revision)"
                let event = byJob[job.id]
                let attempt =
                    written[Key(requestID: job.requestID, resourceID: job.resourceID)]
                    ?? written[Key(requestID: job.requestID, resourceID: "")]
                if let event { problems += bodyProblems(event, of: job, attempt).map { "\(what): \($0)" } }
                if let before, before.job.revision + 1 == job.revision {
                    if before.job.newResource != job.oldResource {
                        problems.append("\(what) begins with something else than the revision before ended with")
                    }
                    if let ended = before.event, let event, Self.members(ended.new) != Self.members(event.old) {
                        problems.append("\(what) begins with other members than the revision before ended with")
                    }
                }
                before = (job, event)
            }
            if let last = before, let event = last.event, let resource = evidence.resources[last.job.resourceID],
                resource.revision == last.job.revision, Self.members(event.new) != resource.members
            {
                problems.append("\(last.job.type) \(resource.id): its last event has other members than SCIM")
            }
        }
        return problems
    }

    private func bodyProblems(_ event: Evidence.Event, of job: Evidence.Job, _ attempt: Attempt?) -> [String] {
        var problems: [String] = []
        for (side, body, resource, revision) in [
            ("old", event.old, job.oldResource, job.revision - 1), ("new", event.new, job.newResource, job.revision),
        ] {
            if Self.attributes(body) != resource.objectValue ?? [:] {
                problems.append("\(side) is \(body.text), the job has \(resource.text)")
            }
            if !resource.isNull, body["meta"]?["version"]?.stringValue != "W/\"\(revision)\"" {
                problems.append("\(side) has version \(body["meta"]?["version"]?.text ?? "nothing")")
            }
        }
        guard let attempt else { return problems }
        for (name, value) in attempt.attributes where !Self.says(event.new[name], value) {
            problems.append("new has \(name) \(event.new[name]?.text ?? "nothing"), written was \(value.text)")
        }
        let members = Self.members(event.new)
        if !members.isSuperset(of: attempt.addedMembers) || !members.isDisjoint(with: attempt.removedMembers) {
            problems.append(
                "new has members \(members.sorted()), added were \(attempt.addedMembers), removed \(attempt.removedMembers)"
            )
        }
        return problems
    }

    /// The bridge adds sub-attributes, such as `name.formatted`.
    private static func says(_ found: JSONValue?, _ written: JSONValue) -> Bool {
        guard let members = written.objectValue else { return found == written }
        return members.allSatisfy { says(found?[$0.key], $0.value) }
    }

    private static func members(_ side: JSONValue) -> Set<String> {
        Set(side["members"]?.arrayValue?.compactMap { $0["value"]?.stringValue } ?? [])
    }

    /// Without what an event adds.
    private static func attributes(_ side: JSONValue) -> JSONObject {
        var attributes = side.objectValue ?? [:]
        for name in ["objectType", "schemas", "id", "externalId", "members", "meta", Evidence.Event.metadata] {
            attributes[name] = nil
        }
        return attributes
    }
}
