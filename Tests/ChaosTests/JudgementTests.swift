// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import scim_chaos

/// A check that has never found anything proves nothing: each kind of loss is made by hand here.
@Suite struct JudgementTests {
    private func violations(_ change: (inout Case) -> Void) -> [String] { Case.violations(change) }

    private func expect(
        _ rule: String, _ change: (inout Case) -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let found = violations(change)
        #expect(found.contains { $0.hasPrefix(rule) }, "\(found)", sourceLocation: sourceLocation)
    }

    @Test("what is sound is not reported, and a repeated delivery is sound")
    func sound() {
        #expect(violations { _ in } == [])
        #expect(violations { $0.events.append($0.events[0]) } == [])
    }

    @Test("a lost write, a second terminal state, a left-over and a dead letter are reported")
    func jobs() {
        expect("accepted") { $0.evidence.jobs.removeAll { $0.id == "j2" } }
        expect("terminal states") { $0.evidence.jobs.append($0.evidence.jobs[1]) }
        #expect(violations { $0.evidence.leftovers["open jobs"] = 1 } == ["left over: 1 open jobs"])
        expect("outcome") { $0.end("j2", "dead") }
    }

    @Test("an object that is missing, twice, different or left over is reported")
    func objects() {
        expect("final state") { $0.evidence.objects.remove(at: 0) }
        expect("final state") { $0.evidence.objects.append($0.evidence.objects[0]) }
        expect("final state") { $0.evidence.resources[Case.group]?.members = [] }
        expect("final state") { $0.evidence.resources[Case.user] = nil }
        expect("final state") { $0.hold("title", "t1") }
    }

    @Test("an earlier write after a later one, and two at once, are reported unless the call had been given up")
    func orderInUDM() {
        expect("order in UDM") { $0.evidence.commits.reverse() }
        let overlap: JSONValue = [
            "overlapCount": 1, "overlaps": [["object": "uid=jo,dc=test", "first": 7, "second": 8]],
        ]
        expect("two writes at once") { $0.evidence.check = overlap }
        #expect(
            violations {
                $0.evidence.check = overlap
                $0.evidence.abandonedCalls = [7]
            } == [])
    }

    @Test("an event that is missing, doubled under another id or out of order is reported")
    func events() {
        expect("events") { $0.events.remove(at: 0) }
        expect("events") { $0.events.append($0.event("e9", "j2")) }
        expect("events at provisioning") { $0.events.swapAt(0, 2) }
    }

    @Test("an event that says something else than what was written is reported")
    func bodies() {
        expect("bodies of events") { $0.change("e2") { $0["title"] = "t9" } }
        expect("bodies of events") { $0.change("e3") { $0["members"] = [] } }
        expect("bodies of events") { $0.attempts[1].attributes["title"] = "t9" }
        expect("bodies of events") { $0.attempts[2].removedMembers = [Case.user] }
        expect("bodies of events") { $0.evidence.jobs[1].oldResource = ["userName": "jo"] }
        expect("events at provisioning") {
            let former = $0.events[0]
            $0.change("e1") { $0["title"] = "t9" }
            $0.events.append(former)
        }
    }

    @Test("a sink that lacks an event, or has another body, is reported")
    func sinks() {
        #expect(violations { $0.evidence.events["webhook"] = $0.events } == [])
        expect("events between sinks") { $0.evidence.events["webhook"] = Array($0.events.dropLast()) }
        expect("events between sinks") {
            let all = $0.events
            $0.change("e2") { $0["title"] = "t9" }
            (($0.evidence.events["webhook"]), $0.events) = ($0.events, all)
        }
        expect("events at webhook") { $0.evidence.events["webhook"] = $0.events.reversed() }
    }

    @Test("with acceptance, a write has its event even if it was cancelled")
    func announced() {
        func announce(_ test: inout Case) {
            test.emitsOnAcceptance = true
            for index in test.evidence.jobs.indices { test.evidence.jobs[index].isAnnounced = true }
        }
        #expect(violations { announce(&$0) } == [])
        expect("events") { $0.emitsOnAcceptance = true }
        func cancelled(_ test: inout Case) {
            announce(&test)
            test.evidence.jobs[2] = Case.job("j3", Case.group, "Group", 1, 2, "create", "cancelled", new: Case.team)
            test.evidence.jobs[2].isAnnounced = true
            test.evidence.resources[Case.group] = nil
            test.evidence.objects.removeLast()
        }
        #expect(violations(cancelled) == [])
        expect("events") {
            cancelled(&$0)
            $0.events.removeAll { $0.id == "e3" }
        }
    }

    // MARK: Refusals

    @Test("a refused attribute is parked, told once, and the rest of the write is in UDM")
    func parked() {
        #expect(violations { $0.park() } == [])
        expect("refusals") {
            $0.park()
            $0.evidence.failures = [:]
        }
        expect("refusals") { $0.evidence.failures[Case.user] = ["emails"] }
        expect("final state") {
            $0.park()
            $0.hold("title", "t1")
        }
        expect("final state") {
            $0.park()
            $0.hold("mailPrimaryAddress", "m1@refused.test")
        }
        expect("events") {
            $0.park()
            $0.events.removeLast()
        }
        expect("events") {
            $0.park()
            $0.events.append($0.error("e8", "j2", ["emails"]))
        }
        expect("events") {
            $0.park()
            $0.events[$0.events.count - 1] = $0.error("e7", "j2", ["title"])
        }
        expect("events") { $0.events.append($0.error("e7", "j2", ["emails"])) }
    }

    @Test("a write that is refused as a whole is a dead letter, told once, and changes nothing")
    func failed() {
        #expect(violations { $0.failGroup() } == [])
        expect("refusals") {
            $0.failGroup()
            $0.evidence.failures = [:]
        }
        expect("final state") {
            let object = $0.evidence.objects[1]
            $0.failGroup()
            $0.evidence.objects.append(object)
        }
        expect("events") {
            $0.failGroup()
            $0.events.removeAll { $0.realm == "sync-error" }
        }
        expect("outcome") {
            $0.failGroup()
            $0.end("j3", "done")
        }
    }

    // MARK: Undone writes

    @Test("a refused write is undone by one revision of the bridge's own, if that is wanted and only then")
    func undone() {
        #expect(violations { $0.undo() } == [])
        #expect(violations { $0.removeGroup() } == [])
        #expect(violations { $0.undoName(to: "jo") } == [])
        expect("undone") {
            $0.undo()
            $0.revertsRefusals = false
        }
        expect("undone") {
            $0.park()
            $0.revertsRefusals = true
        }
        expect("undone") {
            $0.failGroup()
            $0.revertsRefusals = true
            $0.evidence.compensations = [.init(jobID: "j3", resourceID: Case.group, end: "overtaken")]
        }
        expect("undone") {
            $0.revertsRefusals = true
            $0.evidence.compensations = [.init(jobID: "j2", resourceID: Case.user, end: "overtaken")]
        }
        expect("undone") {
            $0.undo()
            $0.evidence.compensations.append($0.evidence.compensations[0])
        }
        expect("undone") {
            $0.undo()
            $0.evidence.compensations = [.init(jobID: "j2", resourceID: Case.user, end: "kept")]
        }
    }

    @Test("an undone write that takes too much with it, too little, or what has reached UDM, is reported")
    func undoneWrongly() {
        // Somebody else's revision.
        expect("undone") { $0.undo(by: "idp") }
        expect("undone") {
            $0.undo()
            $0.evidence.jobs[3].newResource = ["userName": "jo", "name": ["familyName": "Doe"], "title": "t1"]
        }
        expect("undone") {
            $0.park()
            $0.revertsRefusals = true
            $0.evidence.compensations = [.init(jobID: "j2", resourceID: Case.user, end: "reverted")]
        }
        expect("undone") { $0.undoName(to: nil) }
        // Two states in turn.
        expect("undone") {
            $0.undo()
            var job = Case.job("j5", Case.user, "User", 4, 5, "modify", "done", old: $0.evidence.jobs[3].newResource)
            job.newResource = $0.evidence.jobs[1].newResource
            job.client = Judgement.bridge
            $0.evidence.jobs.append(job)
        }
        expect("undone") {
            $0.removeGroup()
            $0.end("j3", "done")
        }
        expect("undone") {
            $0.undo()
            $0.evidence.resources[Case.user] = .init(
                id: Case.user, type: "User", revision: 3, attributes: ["userName": "jo", "title": "t9"])
        }
    }

    // MARK: Passwords

    @Test("UDM has the last password that it takes; a weak one is parked")
    func passwords() {
        let strong = Case.refusals.password(1, isWeak: false)
        #expect(violations { $0.setPassword(strong, held: strong) } == [])
        expect("passwords") { $0.setPassword(strong, held: "another") }
        // The first write's, which the second one carried.
        #expect(
            violations {
                $0.attempts[0].password = strong
                $0.setPassword(nil, held: strong)
            } == [])
        expect("refusals") { $0.setPassword(Case.refusals.password(1, isWeak: true), held: "another") }
        expect("refusals") {
            $0.setPassword(strong, held: strong)
            $0.evidence.failures[Case.user] = ["password"]
        }
        expect("a password in clear") { $0.evidence.leaks = ["the log api-1.log"] }
    }

    // MARK: If-Match

    @Test("a condition that does not hold is refused, one that holds is not")
    func conditions() {
        #expect(violations { $0.attempts[1].condition = .match(1) } == [])
        expect("If-Match") { $0.attempts[1].condition = .match(7) }
        expect("If-Match") { $0.attempts[1].condition = .stale(1) }
        expect("If-Match") { $0.attempts[1].status = 412 }
        func refused(_ condition: Attempt.Condition) -> Attempt {
            Attempt(
                requestID: "r-other", resourceID: Case.user, operation: "modify", condition: condition, status: 412)
        }
        #expect(violations { $0.attempts += [refused(.stale(0)), refused(.match(1))] } == [])
        expect("If-Match") { $0.attempts.append(refused(.match(2))) }
        expect("If-Match") { $0.attempts.append(refused(.none)) }
    }
}
