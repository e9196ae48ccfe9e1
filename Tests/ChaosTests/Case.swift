// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON

@testable import scim_chaos

/// A user with two writes, of which the second carried the first, and a group that has it as a member: all of it as it should be, for tests to
/// spoil.
struct Case {
    static let user = "11111111-1111-4111-8111-111111111111"
    static let group = "22222222-2222-4222-8222-222222222222"
    static let refusals = Refusals(seed: 1)
    private static let first: JSONValue = ["userName": "jo", "name": ["familyName": "Doe"], "title": "t1"]
    private static let second: JSONValue = ["userName": "jo", "name": ["familyName": "Doe"], "title": "t2"]
    static let team: JSONValue = ["displayName": "team"]

    var evidence = Evidence()
    var attempts = [
        Attempt(requestID: "r-j1", resourceID: user, operation: "create", status: 201, revision: 1),
        Attempt(
            requestID: "r-j2", resourceID: user, operation: "modify", attributes: ["title": "t2"], status: 200,
            revision: 2),
        Attempt(
            requestID: "r-j3", resourceID: group, operation: "create", addedMembers: [user], status: 201, revision: 1),
    ]
    var emitsOnAcceptance = false
    var revertsRefusals = false

    init() {
        var carried = Self.job("j1", Self.user, "User", 1, 1, "create", "superseded", new: Self.first)
        carried.supersededBy = "j2"
        evidence.jobs = [
            carried, Self.job("j2", Self.user, "User", 2, 3, "modify", "done", old: Self.first, new: Self.second),
            Self.job("j3", Self.group, "Group", 1, 2, "create", "done", new: Self.team),
        ]
        evidence.resources[Self.user] = Evidence.Resource(
            id: Self.user, type: "User", revision: 2, attributes: Self.second)
        evidence.resources[Self.group] = Evidence.Resource(
            id: Self.group, type: "Group", revision: 1, attributes: Self.team, members: [Self.user])
        evidence.objects = [
            Evidence.Object(
                dn: "uid=jo,dc=test", module: "users/user", identifier: Self.user,
                properties: ["username": "jo", "lastname": "Doe", "title": "t2"], uuid: "uuid-1"),
            Evidence.Object(
                dn: "cn=team,dc=test", module: "groups/group", identifier: Self.group,
                properties: ["name": "team", "users": ["UID=jo,dc=test"], "nestedGroup": []], uuid: "uuid-2"),
        ]
        evidence.commits = [
            Evidence.Commit(identifier: Self.user, method: "POST", requestID: "r-j1"),
            Evidence.Commit(identifier: Self.user, method: "PATCH", requestID: "r-j2"),
        ]
        evidence.check = ["overlapCount": 0, "overlaps": [], "duplicateIdentifiers": [], "recreatedIdentifiers": [:]]
        events = [event("e1", "j1"), event("e3", "j3"), event("e2", "j2")]
    }

    static func violations(_ change: (inout Case) -> Void) -> [String] {
        var test = Case()
        change(&test)
        return Judgement(
            test.evidence, attempts: test.attempts, refusals: refusals, emitsOnAcceptance: test.emitsOnAcceptance,
            revertsRefusals: test.revertsRefusals
        ).violations
    }

    // MARK: Parts

    static func job(
        _ id: String, _ resource: String, _ type: String, _ revision: Int, _ order: Int, _ operation: String,
        _ state: String, old: JSONValue = .null, new: JSONValue = .null
    ) -> Evidence.Job {
        Evidence.Job(
            id: id, resourceID: resource, type: type, revision: revision, order: order, operation: operation,
            state: state, requestID: "r-\(id)", oldResource: old, newResource: new)
    }

    /// Of Provisioning.
    var events: [Evidence.Event] {
        get { evidence.events[Plan.provisioning] ?? [] }
        set { evidence.events[Plan.provisioning] = newValue }
    }

    private func find(_ job: String) -> Evidence.Job { evidence.jobs.first { $0.id == job } ?? evidence.jobs[0] }

    func event(_ id: String, _ job: String) -> Evidence.Event {
        let job = find(job)
        let members: [JSONValue] = job.type == "Group" ? [["value": .string(Self.user)]] : []
        func side(_ resource: JSONValue, _ revision: Int) -> JSONValue {
            guard var side = resource.objectValue else { return [:] }
            side["id"] = .string(job.resourceID)
            side["meta"] = ["version": .string("W/\"\(revision)\"")]
            if job.type == "Group" { side["members"] = .array(members) }
            return .object(side)
        }
        return Evidence.Event(
            realm: "scim", id: id, jobID: job.id, resourceID: job.resourceID, order: job.order,
            operation: ["create": "created", "delete": "deleted"][job.operation] ?? "modified",
            old: side(job.oldResource, job.revision - 1),
            new: side(job.newResource, job.revision))
    }

    func error(_ id: String, _ job: String, _ attributes: [String]) -> Evidence.Event {
        var event = event(id, job)
        event = Evidence.Event(
            realm: "sync-error", id: id, jobID: event.jobID, resourceID: event.resourceID, order: event.order,
            operation: event.operation, old: [:],
            new: [Evidence.Event.metadata: ["attributes": .array(attributes.map { .string($0) })]])
        return event
    }

    mutating func change(_ event: String, _ body: (inout JSONObject) -> Void) {
        guard let index = events.firstIndex(where: { $0.id == event }), var new = events[index].new.objectValue else {
            return
        }
        body(&new)
        events[index].new = .object(new)
    }

    /// Another terminal state of a job.
    mutating func end(_ job: String, _ state: String) {
        for index in evidence.jobs.indices where evidence.jobs[index].id == job {
            let old = evidence.jobs[index]
            evidence.jobs[index] = Self.job(
                old.id, old.resourceID, old.type, old.revision, old.order, old.operation, state, old: old.oldResource,
                new: old.newResource)
        }
    }

    /// What the user's object says.
    mutating func hold(_ property: String, _ value: String) {
        let object = evidence.objects[0]
        var properties = object.properties.objectValue ?? [:]
        properties[property] = .string(value)
        evidence.objects[0] = Evidence.Object(
            dn: object.dn, module: object.module, identifier: object.identifier, properties: .object(properties),
            uuid: object.uuid)
    }

    // MARK: Refusals

    /// The second write brings an address that UDM refuses.
    mutating func park() {
        var resource = Self.second.objectValue ?? [:]
        resource["emails"] = [["value": "m1@refused.test", "type": "mailbox"]]
        evidence.jobs[1].newResource = .object(resource)
        evidence.failures[Self.user] = ["emails"]
        events = [event("e1", "j1"), event("e3", "j3"), event("e2", "j2"), error("e7", "j2", ["emails"])]
    }

    /// The group has a name that is somebody else's.
    mutating func failGroup() {
        let name = Self.refusals.takenName(0)
        evidence.jobs[2] = Self.job(
            "j3", Self.group, "Group", 1, 2, "create", "dead", new: ["displayName": .string(name)])
        evidence.failures[Self.group] = [""]
        evidence.objects.removeLast()
        events = [event("e1", "j1"), error("e7", "j3", []), event("e2", "j2")]
    }

    /// The same, and the bridge takes the address back.
    mutating func undo(by client: String = Judgement.bridge) {
        revertsRefusals = true
        park()
        var job = Self.job(
            "j4", Self.user, "User", 3, 4, "modify", "done", old: evidence.jobs[1].newResource, new: Self.second)
        job.client = client
        evidence.jobs.append(job)
        evidence.compensations = [Evidence.Compensation(jobID: "j2", resourceID: Self.user, end: "reverted")]
        evidence.resources[Self.user] = Evidence.Resource(
            id: Self.user, type: "User", revision: 3, attributes: Self.second)
        evidence.failures = [:]
        events.append(event("e8", "j4"))
    }

    /// The second write, which carried a create whose answer was lost, brings a name that UDM refuses, and the bridge goes back to another.
    mutating func undoName(to name: String?) {
        undo()
        var refused = evidence.jobs[3].newResource.objectValue ?? [:]
        var back = refused
        refused["userName"] = .string(Self.refusals.reservedName(0))
        back["userName"] = name.map { .string($0) }
        evidence.jobs[1].newResource = .object(refused)
        evidence.jobs[3].oldResource = .object(refused)
        evidence.jobs[3].newResource = .object(back)
        evidence.resources[Self.user] = Evidence.Resource(
            id: Self.user, type: "User", revision: 3, attributes: .object(back))
        events = [
            event("e1", "j1"), event("e3", "j3"), event("e2", "j2"), error("e7", "j2", ["userName"]),
            event("e8", "j4"),
        ]
    }

    /// The group has a name that is somebody else's, and the bridge removes it.
    mutating func removeGroup() {
        revertsRefusals = true
        failGroup()
        var job = Self.job(
            "j4", Self.group, "Group", 2, 4, "delete", "done", old: evidence.jobs[2].newResource)
        job.client = Judgement.bridge
        evidence.jobs.append(job)
        evidence.compensations = [Evidence.Compensation(jobID: "j3", resourceID: Self.group, end: "removed")]
        evidence.resources[Self.group] = nil
        evidence.failures = [:]
        events.append(event("e8", "j4"))
    }

    /// The second write brings a password.
    mutating func setPassword(_ password: String?, held: String) {
        attempts[1].password = password
        evidence.fingerprints["uuid-1"] = Judgement.fingerprint(of: held, salt: "uuid-1")
    }
}
