// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JSON

/// What must have become of the writes of one resource, by what UDM refuses and what it takes.
struct ExpectedOutcome: Sendable {
    /// What UDM's object says, of what is compared; nil for no object.
    var properties: [String: String]?
    /// Passwords that the object may have; nil in it stands for one that nobody knows.
    var passwords: Set<String?> = []
    /// Whether the last password was refused; nil when that cannot be told.
    var isPasswordParked: Bool? = false
    /// SCIM attributes that are parked, the password apart.
    var parked: Set<String> = []
    /// Whether its last write that was tried failed.
    var isFailed = false
    /// By job: the attributes that a `sync-error` event names; empty for the whole write.
    var errors: [String: Set<String>] = [:]
    /// Jobs of which the event may or may not name the password.
    var unclearPasswords: Set<String> = []
    var problems: [String] = []
}

extension Judgement {
    func expectedOutcomes() -> [String: ExpectedOutcome] {
        let attempts = Dictionary(self.attempts.map { ($0.requestID, $0) }) { first, _ in first }
        return jobs.mapValues { expectedOutcome($0, attempts) }
    }

    /// Walks through the writes as the directory did: a write carries those that it superseded, what is refused stays as it was, and a
    /// write that is refused as a whole changes nothing.
    private func expectedOutcome(_ jobs: [Evidence.Job], _ attempts: [String: Attempt]) -> ExpectedOutcome {
        var outcome = ExpectedOutcome()
        /// What was refused before and is still wanted, by property.
        var refused: [String: String] = [:]
        var usedPasswords: Set<String> = []
        let carried = Dictionary(grouping: jobs.filter { $0.supersededBy != nil }) { $0.supersededBy ?? "" }
        for job in jobs where job.state == "done" || job.state == "dead" {
            let wanted = Refusals.properties(of: job.newResource, type: job.type)
            let name = wanted[job.type == "User" ? "username" : "name"]
            let lost = outcome.properties == nil ? lostCreate(among: carried[job.id] ?? []) : nil
            let isReservedCreate =
                outcome.properties == nil && lost == nil && refusals.refuses("username", wanted["username"])
            // A name that the object has kept is not sent again.
            let isImpossible = job.operation != "delete" && (refusals.isTaken(name) || isReservedCreate)
            if isImpossible != (job.state == "dead") {
                outcome.problems.append(
                    "\(job.type) \(job.resourceID) \(job.operation) revision \(job.revision) is \(job.state): \(job.error ?? "")"
                )
            }
            outcome.isFailed = job.state == "dead"
            guard job.state == "done" else {
                outcome.errors[job.id] = []
                continue
            }
            if job.operation == "delete" {
                outcome = ExpectedOutcome(
                    errors: outcome.errors, unclearPasswords: outcome.unclearPasswords, problems: outcome.problems)
                refused = [:]
                continue
            }
            var held = outcome.properties ?? lost ?? [:]
            var news: Set<String> = []
            var stillRefused: [String: String] = [:]
            for property in Refusals.compared(job.type) {
                let value = wanted[property]
                guard let value, refusals.refuses(property, value) else {
                    held[property] = value
                    continue
                }
                stillRefused[property] = value
                if refused[property] != value { news.insert(Refusals.attribute(of: property)) }
            }
            let isCreate = outcome.properties == nil
            outcome.properties = held
            refused = stillRefused
            outcome.parked = Set(refused.keys.map(Refusals.attribute))

            let batch = (carried[job.id] ?? []) + [job]
            let passwords = batch.sorted { $0.revision < $1.revision }.compactMap { attempts[$0.requestID]?.password }
            if isCreate { outcome.passwords = [nil] }
            if let password = passwords.last {
                // Of a call whose outcome was lost before the last one joined.
                let earlier = passwords.dropLast().filter { !refusals.isWeak($0) }
                if refusals.isWeak(password) {
                    outcome.passwords.formUnion(earlier)
                    outcome.isPasswordParked = true
                    news.insert("password")
                } else if usedPasswords.contains(password) {
                    // UDM remembers the last ones; which they are depends on which of its calls arrived.
                    outcome.passwords.formUnion(earlier + [password])
                    outcome.isPasswordParked = nil
                    outcome.unclearPasswords.insert(job.id)
                } else {
                    outcome.passwords = [password]
                    outcome.isPasswordParked = false
                }
            }
            // Those of a batch that came to nothing may have been sent before the last one joined them.
            usedPasswords.formUnion(passwords)
            if !news.isEmpty { outcome.errors[job.id] = news }
        }
        return outcome
    }

    /// What a create has brought whose answer was lost before its job was merged with a later one; nil without such a call.
    private func lostCreate(among jobs: [Evidence.Job]) -> [String: String]? {
        let create = jobs.first { job in
            evidence.commits.contains {
                $0.method == "POST" && $0.identifier == job.resourceID && $0.requestID == job.requestID
            }
        }
        guard let create else { return nil }
        let wanted = Refusals.properties(of: create.newResource, type: create.type)
        let compared = Refusals.compared(create.type).compactMap { property in wanted[property].map { (property, $0) } }
        return Dictionary(uniqueKeysWithValues: compared.filter { !refusals.refuses($0.0, $0.1) })
    }

    // MARK: Objects

    func objectProblems(_ outcomes: [String: ExpectedOutcome]) -> [String] {
        var byIdentifier: [String: [Evidence.Object]] = [:]
        var identifiers: [String: String] = [:]
        for object in evidence.objects {
            guard let identifier = object.identifier else { continue }
            byIdentifier[identifier, default: []].append(object)
            identifiers[object.dn.lowercased()] = identifier
        }
        var problems: [String] = []
        for resource in evidence.resources.values.sorted(by: { $0.id < $1.id }) {
            let found = byIdentifier[resource.id] ?? []
            let expected = outcomes[resource.id]?.properties
            guard let expected else {
                if !found.isEmpty { problems.append("\(resource.type) \(resource.id) was refused and is in UDM") }
                continue
            }
            guard found.count == 1, let object = found.first else {
                problems.append("\(resource.type) \(resource.id) is in UDM \(found.count) times")
                continue
            }
            let what = "\(resource.type) \(resource.id) revision \(resource.revision)"
            for property in Refusals.compared(resource.type) {
                let value = object.properties[property]?.stringValue ?? ""
                if value != expected[property] ?? "" {
                    problems.append("\(what): \(property) is \"\(value)\", not \"\(expected[property] ?? "")\"")
                }
            }
            if resource.type == "Group" {
                let present = resource.members.filter { byIdentifier[$0] != nil }
                problems += memberProblems(what, object, Set(present), identifiers)
            }
        }
        for (identifier, objects) in byIdentifier where evidence.resources[identifier] == nil && jobs[identifier] != nil
        {
            problems.append("\(objects[0].dn) is of a resource that was deleted, \(identifier)")
        }
        return problems
    }

    private func memberProblems(
        _ what: String, _ object: Evidence.Object, _ members: Set<String>, _ identifiers: [String: String]
    ) -> [String] {
        var listed: Set<String> = []
        for property in ["users", "nestedGroup"] {
            for dn in object.properties[property]?.arrayValue ?? [] {
                let dn = dn.stringValue ?? ""
                listed.insert(identifiers[dn.lowercased()] ?? dn)
            }
        }
        guard listed != members else { return [] }
        let missing = members.subtracting(listed).sorted()
        let extra = listed.subtracting(members).sorted()
        return ["\(what): UDM lacks \(missing) and has \(extra) too many"]
    }

    /// What is parked or failed is what was refused, and nothing else.
    func failureProblems(_ outcomes: [String: ExpectedOutcome]) -> [String] {
        var problems: [String] = []
        for id in Set(outcomes.keys).union(evidence.failures.keys).sorted() {
            let outcome = outcomes[id] ?? ExpectedOutcome()
            var found = evidence.failures[id] ?? []
            var expected = outcome.parked
            if outcome.isFailed { expected.insert("") }
            switch outcome.isPasswordParked {
            case true?: expected.insert("password")
            case false?: break
            case nil: found.remove("password")
            }
            guard found != expected, evidence.resources[id] != nil || !found.isEmpty else { continue }
            problems.append("\(id): parked or failed is \(found.sorted()), and should be \(expected.sorted())")
        }
        return problems
    }

    // MARK: Passwords

    func passwordProblems(_ outcomes: [String: ExpectedOutcome]) -> (problems: [String], compared: Int) {
        var problems: [String] = []
        var compared = 0
        for object in evidence.objects {
            guard let id = object.identifier, let outcome = outcomes[id], !outcome.passwords.contains(nil),
                !outcome.passwords.isEmpty
            else { continue }
            compared += 1
            let known = outcome.passwords.compactMap { $0.map { Self.fingerprint(of: $0, salt: object.uuid) } }
            if !known.contains(evidence.fingerprints[object.uuid] ?? "") {
                problems.append("User \(id) has another password than \(outcome.passwords.compactMap { $0 }.sorted())")
            }
        }
        return (problems, compared)
    }

    /// As UDM's double keeps it.
    static func fingerprint(of password: String, salt: String) -> String {
        SHA256.hash(data: Array((salt + password).utf8)).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0\(text)" : text
        }.joined()
    }
}
