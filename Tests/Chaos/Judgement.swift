// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Compares what clients were told with what became of it. One line for each promise that was not kept.
struct Judgement: Sendable {
    private let evidence: Evidence
    private let accepted: [AcceptedWrite]
    private(set) var violations: [String] = []
    /// Resources that were not compared because something of them is parked or failed.
    private(set) var setAside = 0

    /// A broken run breaks everything alike; the first lines tell as much as all.
    private static let shown = 12

    init(_ evidence: Evidence, accepted: [AcceptedWrite]) {
        self.evidence = evidence
        self.accepted = accepted
        checkLeftovers()
        checkJobs()
        checkAccepted()
        checkObjects()
        checkOrderInUDM()
        checkEvents()
    }

    private mutating func report(_ rule: String, _ problems: [String]) {
        for problem in problems.prefix(Self.shown) { violations.append("\(rule): \(problem)") }
        if problems.count > Self.shown { violations.append("\(rule): and \(problems.count - Self.shown) more") }
    }

    // MARK: Nothing is left

    private mutating func checkLeftovers() {
        report(
            "left over", evidence.leftovers.filter { $0.value != 0 }.map { "\($0.value) \($0.key)" }.sorted())
    }

    // MARK: One terminal state (I-5), revisions and orders rise together

    private mutating func checkJobs() {
        var ids: Set<String> = []
        var last: [String: Evidence.Job] = [:]
        var problems: [String] = []
        for job in evidence.jobs.sorted(by: { ($0.resourceID, $0.revision) < ($1.resourceID, $1.revision) }) {
            if !ids.insert(job.id).inserted { problems.append("job \(job.id) has two terminal states") }
            if let before = last[job.resourceID], before.revision == job.revision || before.order >= job.order {
                problems.append(
                    "\(job.type) \(job.resourceID): revision \(before.revision) has order \(before.order), \(job.revision) has \(job.order)"
                )
            }
            last[job.resourceID] = job
        }
        report("terminal states", problems)
        // No write of the workload is one that UDM refuses.
        report(
            "dead letter",
            evidence.jobs.filter { $0.state == "dead" }.map {
                "\($0.type) \($0.resourceID) \($0.operation) revision \($0.revision): \($0.error ?? "")"
            })
    }

    private mutating func checkAccepted() {
        struct Key: Hashable {
            let requestID: String
            let resourceID: String
        }
        var jobs: [Key: [Evidence.Job]] = [:]
        for job in evidence.jobs {
            jobs[Key(requestID: job.requestID, resourceID: job.resourceID), default: []].append(job)
        }
        var problems: [String] = []
        for write in accepted {
            let found = jobs[Key(requestID: write.requestID, resourceID: write.resourceID)] ?? []
            let what = "\(write.operation) of \(write.resourceID), revision \(write.revision.map(String.init) ?? "-")"
            if found.isEmpty && write.changesSomething {
                problems.append("\(what) was accepted and has no job")
            } else if found.count > 1 {
                problems.append("\(what) has \(found.count) jobs")
            } else if let revision = write.revision, let job = found.first, job.revision != revision {
                problems.append("\(what) has a job of revision \(job.revision)")
            }
        }
        report("accepted", problems)
    }

    // MARK: UDM is what SCIM says

    private mutating func checkObjects() {
        var byIdentifier: [String: [Evidence.Object]] = [:]
        var identifiers: [String: String] = [:]
        for object in evidence.objects {
            guard let identifier = object.identifier else { continue }
            byIdentifier[identifier, default: []].append(object)
            identifiers[object.dn.lowercased()] = identifier
        }
        var problems: [String] = []
        var skipped = 0
        for resource in evidence.resources.values.sorted(by: { $0.id < $1.id }) {
            if evidence.failures[resource.id] != nil {
                skipped += 1
                continue
            }
            let found = byIdentifier[resource.id] ?? []
            guard found.count == 1, let object = found.first else {
                problems.append("\(resource.type) \(resource.id) is in UDM \(found.count) times")
                continue
            }
            problems += Self.differences(resource, object, identifiers)
        }
        let ours = Set(evidence.jobs.map(\.resourceID))
        for (identifier, objects) in byIdentifier
        where evidence.resources[identifier] == nil && ours.contains(identifier) {
            problems.append("\(objects[0].dn) is of a resource that was deleted, \(identifier)")
        }
        setAside = skipped
        report("final state", problems)
    }

    private static func differences(
        _ resource: Evidence.Resource, _ object: Evidence.Object, _ identifiers: [String: String]
    ) -> [String] {
        var problems: [String] = []
        func compare(_ property: String, _ wanted: JSONValue?) {
            let found = object.properties[property]
            if (found?.stringValue ?? "") != (wanted?.stringValue ?? "") {
                problems.append(
                    "\(resource.type) \(resource.id) revision \(resource.revision): \(property) is \(found?.text ?? "nothing"), SCIM has \(wanted?.text ?? "nothing")"
                )
            }
        }
        let attributes = resource.attributes
        if resource.type == "User" {
            compare("username", attributes["userName"])
            compare("firstname", attributes["name"]?["givenName"])
            compare("lastname", attributes["name"]?["familyName"])
            compare("displayName", attributes["displayName"])
            compare("title", attributes["title"])
        } else {
            compare("name", attributes["displayName"])
            var listed: Set<String> = []
            for property in ["users", "nestedGroup"] {
                for dn in object.properties[property]?.arrayValue ?? [] {
                    let dn = dn.stringValue ?? ""
                    listed.insert(identifiers[dn.lowercased()] ?? dn)
                }
            }
            if listed != resource.members {
                let missing = resource.members.subtracting(listed)
                let extra = listed.subtracting(resource.members)
                problems.append(
                    "Group \(resource.id) revision \(resource.revision): UDM lacks \(missing.sorted()) and has \(extra.sorted()) too many"
                )
            }
        }
        return problems
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

        struct Key: Hashable {
            let requestID: String
            let resourceID: String
        }
        var revisions: [Key: Int] = [:]
        for job in evidence.jobs {
            revisions[Key(requestID: job.requestID, resourceID: job.resourceID)] = job.revision
        }
        var highest: [String: Int] = [:]
        var problems: [String] = []
        for commit in evidence.commits {
            guard let requestID = commit.requestID,
                let revision = revisions[Key(requestID: requestID, resourceID: commit.identifier)]
            else { continue }
            if let before = highest[commit.identifier], before > revision {
                problems.append("\(commit.method) of \(commit.identifier): revision \(revision) after \(before)")
            }
            highest[commit.identifier] = max(revision, highest[commit.identifier] ?? revision)
        }
        report("order in UDM", problems)
    }

    // MARK: Events

    private mutating func checkEvents() {
        var seen: Set<String> = []
        var byJob: [String: [Evidence.Event]] = [:]
        var last: [String: Int] = [:]
        var problems: [String] = []
        for event in evidence.events where seen.insert(event.id).inserted {
            byJob[event.jobID, default: []].append(event)
            if let before = last[event.resourceID], event.order <= before {
                problems.append("\(event.resourceID): order \(event.order) after \(before)")
            }
            last[event.resourceID] = event.order
        }
        for job in evidence.jobs {
            let found = byJob.removeValue(forKey: job.id) ?? []
            let wanted = job.state == "cancelled" ? 0 : 1
            let realm = job.state == "dead" ? "sync-error" : "scim"
            if found.count != wanted || found.contains(where: { $0.realm != realm || $0.order != job.order }) {
                problems.append(
                    "\(job.state) job \(job.id), order \(job.order): \(found.map { "\($0.realm) \($0.order) \($0.id)" })"
                )
            }
        }
        problems += byJob.keys.map { "an event of job \($0), which does not exist" }
        report("events", problems)
    }
}
