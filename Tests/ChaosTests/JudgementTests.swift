// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import scim_chaos

/// A check that has never found anything proves nothing: each kind of loss is made by hand here.
@Suite struct JudgementTests {
    private static let user = "11111111-1111-4111-8111-111111111111"
    private static let group = "22222222-2222-4222-8222-222222222222"

    /// A user with two writes and a group that has it as a member, all of it as it should be.
    private static var sound: Evidence {
        var evidence = Evidence()
        evidence.jobs = [
            job("j1", user, "User", 1, 1, "create", "superseded"), job("j2", user, "User", 2, 3, "modify", "done"),
            job("j3", group, "Group", 1, 2, "create", "done"),
        ]
        let attributes: JSONValue = ["userName": "jo", "name": ["familyName": "Doe"], "title": "t2"]
        evidence.resources[user] = Evidence.Resource(id: user, type: "User", revision: 2, attributes: attributes)
        evidence.resources[group] = Evidence.Resource(
            id: group, type: "Group", revision: 1, attributes: ["displayName": "team"], members: [user])
        evidence.objects = [
            Evidence.Object(
                dn: "uid=jo,dc=test", module: "users/user", identifier: user,
                properties: ["username": "jo", "lastname": "Doe", "title": "t2"]),
            Evidence.Object(
                dn: "cn=team,dc=test", module: "groups/group", identifier: group,
                properties: ["name": "team", "users": ["UID=jo,dc=test"], "nestedGroup": []]),
        ]
        evidence.commits = [
            Evidence.Commit(identifier: user, method: "POST", requestID: "r-j1"),
            Evidence.Commit(identifier: user, method: "PATCH", requestID: "r-j2"),
        ]
        evidence.check = ["overlapCount": 0, "overlaps": [], "duplicateIdentifiers": [], "recreatedIdentifiers": [:]]
        evidence.events = [event("e1", "j1", user, 1), event("e3", "j3", group, 2), event("e2", "j2", user, 3)]
        return evidence
    }

    private static let accepted = [
        AcceptedWrite(requestID: "r-j1", resourceID: user, operation: "create", revision: 1, changesSomething: true),
        AcceptedWrite(requestID: "r-j2", resourceID: user, operation: "modify", revision: 2, changesSomething: true),
    ]

    private static func job(
        _ id: String, _ resource: String, _ type: String, _ revision: Int, _ order: Int, _ operation: String,
        _ state: String
    ) -> Evidence.Job {
        Evidence.Job(
            id: id, resourceID: resource, type: type, revision: revision, order: order, operation: operation,
            state: state, requestID: "r-\(id)", error: nil)
    }

    private static func event(_ id: String, _ job: String, _ resource: String, _ order: Int) -> Evidence.Event {
        Evidence.Event(realm: "scim", id: id, jobID: job, resourceID: resource, order: order)
    }

    private func violations(_ change: (inout Evidence) -> Void) -> [String] {
        var evidence = Self.sound
        change(&evidence)
        return Judgement(evidence, accepted: Self.accepted).violations
    }

    @Test("what is sound is not reported, and a repeated delivery is sound")
    func sound() {
        #expect(violations { _ in }.isEmpty)
        #expect(violations { $0.events.append(Self.event("e1", "j1", Self.user, 1)) }.isEmpty)
    }

    @Test("a lost write, a second terminal state and a dead letter are reported")
    func jobs() {
        #expect(violations { $0.jobs.removeAll { $0.id == "j2" } }.contains { $0.hasPrefix("accepted") })
        #expect(violations { $0.jobs.append($0.jobs[1]) }.contains { $0.hasPrefix("terminal states") })
        #expect(violations { $0.leftovers["open jobs"] = 1 } == ["left over: 1 open jobs"])
        let dead = violations { $0.jobs[1] = Self.job("j2", Self.user, "User", 2, 3, "modify", "dead") }
        #expect(dead.contains { $0.hasPrefix("dead letter") })
    }

    @Test("an object that is missing, twice, different or left over is reported")
    func objects() {
        for change: (inout Evidence) -> Void in [
            { $0.objects.remove(at: 0) }, { $0.objects.append($0.objects[0]) },
            { $0.resources[Self.group]?.members = [] }, { $0.resources[Self.user] = nil },
            {
                $0.objects[0] = Evidence.Object(
                    dn: "uid=jo,dc=test", module: "users/user", identifier: Self.user,
                    properties: ["username": "jo", "lastname": "Doe", "title": "t1"])
            },
        ] {
            #expect(violations(change).contains { $0.hasPrefix("final state") })
        }
    }

    @Test("an earlier write after a later one, and two at once, are reported unless the call had been given up")
    func orderInUDM() {
        #expect(violations { $0.commits.reverse() }.contains { $0.hasPrefix("order in UDM") })
        let overlap: JSONValue = [
            "overlapCount": 1, "overlaps": [["object": "uid=jo,dc=test", "first": 7, "second": 8]],
        ]
        #expect(violations { $0.check = overlap }.contains { $0.hasPrefix("two writes at once") })
        #expect(
            violations {
                $0.check = overlap
                $0.abandonedCalls = [7]
            }.isEmpty)
    }

    @Test("an event that is missing, doubled under another id or out of order is reported")
    func events() {
        for change: (inout Evidence) -> Void in [
            { $0.events.remove(at: 0) }, { $0.events.append(Self.event("e9", "j2", Self.user, 3)) },
            { $0.events.swapAt(0, 2) },
        ] {
            #expect(violations(change).contains { $0.hasPrefix("events") })
        }
    }
}
