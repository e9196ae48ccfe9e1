// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

/// What others do in UDM between our writes: a DN that we remember is a hint, and what is not ours stays as it is.
@Suite(.serialized) struct DirectoryChangeTests {
    private func synced(_ fixture: SyncFixture, _ name: String) async throws -> ResourceID {
        let id = try await fixture.createUser(name)
        try await fixture.withWorker { try await fixture.drain() }
        return id
    }

    @Test("A foreign account that took the DN is neither changed nor deleted; ours is found by its identifier")
    func takenDN() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.change(id, ["username": "joanna"])
            let foreign = try await fixture.foreignUser("jo")
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            #expect(fixture.object(foreign)?.properties["title"] != "Lead")
            // The remembered DN is made stale again.
            try await fixture.run("UPDATE udm_object SET dn = '\(fixture.object(foreign)?.dn ?? "")'")
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id) == nil)
            #expect(fixture.object(foreign) != nil)
            #expect(try await fixture.states()["dead"] == nil)
        }
    }

    @Test("An object that is already gone is a delete that succeeded, also when a foreign one has its DN")
    func alreadyGone() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.client.delete(
                .user, dn: fixture.object(id)?.dn ?? "", requestID: LowercaseUUID.random().description)
            try await fixture.age()
            let foreign = try await fixture.foreignUser("jo")
            try await fixture.delete(.user, id)
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(foreign) != nil)
            #expect(try await fixture.states() == ["done": 2])
        }
    }

    @Test("A member that an administrator renamed is added under its present DN, and the hint is put right")
    func renamedMember() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.change(id, ["username": "joanna"])
            _ = try await fixture.foreignUser("jo")
            let group = try await fixture.createGroup("crew", members: [id])
            try await fixture.withWorker { try await fixture.drain() }
            let dn = try #require(fixture.object(id)?.dn)
            #expect(fixture.members(of: group) == [dn])
            #expect(try await fixture.number("SELECT count(*) FROM udm_object WHERE dn = '\(dn)'") == 1)
            // A rename that we do not know of, and then a removal.
            try await fixture.change(id, ["username": "johanna"])
            let other = try await synced(fixture, "other")
            try await fixture.replaceGroup(group, "crew", members: [other])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == [try #require(fixture.object(other)?.dn)])
        }
    }

    @Test("Removing a member takes nobody else out whose DN was once the member's")
    func removalOfStaleDN() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            let group = try await fixture.createGroup("crew", members: [id])
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.change(id, ["username": "joanna"])
            let foreign = try await fixture.foreignUser("jo")
            let foreignDN = try #require(fixture.object(foreign)?.dn)
            let listed = fixture.members(of: group).union([foreignDN])
            try await fixture.change(group, in: .group, ["users": .array(listed.sorted().map { .string($0) })])
            try await fixture.replaceGroup(group, "crew", members: [])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group) == [foreignDN])
        }
    }

    @Test(
        "A member that is renamed while the group is being sent ends up under its new DN, and the old one is gone",
        arguments: [ResourceType.user, .group], ["PATCH", "POST"])
    func renamedMeanwhile(type: ResourceType, method: String) async throws {
        try await SyncFixture.run { fixture in
            let id: ResourceID
            switch type {
            case .user: id = try await synced(fixture, "jo")
            case .group: id = try await fixture.createGroup("jo", members: [])
            }
            let existing = method == "PATCH" ? try await fixture.createGroup("crew", members: []) : nil
            try await fixture.withWorker { try await fixture.drain() }
            let oldDN = try #require(fixture.object(id)?.dn)
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 1500)), count: 1, methods: [method], module: "groups/group"))
            let before = fixture.double.requests().last?.sequence ?? 0
            let group: ResourceID
            if let existing {
                group = existing
                try await fixture.replaceGroup(group, "crew", members: [id])
            } else {
                group = try await fixture.createGroup("crew", members: [id])
            }
            try await fixture.withWorker {
                // The member was looked at, and the group's call is on its way.
                try await fixture.until {
                    fixture.double.requests(after: before).contains { $0.method == method && $0.ended == nil }
                }
                try await fixture.change(
                    id, in: UDMModule(type), [type == .user ? "username" : "name": "joanna"])
                #expect(fixture.object(id)?.dn != oldDN)
                try await fixture.drain()
            }
            let object = try #require(fixture.object(group))
            let listed = MemberDelta.listProperties.flatMap { object.properties[$0]?.arrayValue ?? [] }
            #expect(listed == [.string(try #require(fixture.object(id)?.dn))])
            #expect(try await fixture.status(group) == .synced)
        }
    }

    @Test(
        "A nested group that goes while its group is being sent is left out, and not the whole group",
        arguments: ["PATCH", "POST"])
    func goneMeanwhile(method: String) async throws {
        try await SyncFixture.run { fixture in
            let inner = try await fixture.createGroup("inner", members: [])
            let existing = method == "PATCH" ? try await fixture.createGroup("crew", members: []) : nil
            let user = try await synced(fixture, "jo")
            try await fixture.age()
            _ = fixture.double.add(
                UDMDouble.Fault(
                    .latency(.fixed(milliseconds: 1500)), count: 1, methods: [method], module: "groups/group"))
            let before = fixture.double.requests().last?.sequence ?? 0
            let group: ResourceID
            if let existing {
                group = existing
                try await fixture.replaceGroup(group, "crew", members: [inner, user])
            } else {
                group = try await fixture.createGroup("crew", members: [inner, user])
            }
            try await fixture.withWorker {
                try await fixture.until {
                    fixture.double.requests(after: before).contains { $0.method == method && $0.ended == nil }
                }
                try await fixture.client.delete(
                    .group, dn: fixture.object(inner)?.dn ?? "", requestID: LowercaseUUID.random().description)
                try await fixture.drain()
            }
            #expect(fixture.members(of: group) == [try #require(fixture.object(user)?.dn)])
            #expect(try await fixture.status(group) == .partial)
            #expect(try await fixture.states()["dead"] == nil)
        }
    }

    @Test("A member that is gone from UDM leaves the group partial, with nothing dangling in it")
    func goneMember() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.client.delete(
                .user, dn: fixture.object(id)?.dn ?? "", requestID: LowercaseUUID.random().description)
            try await fixture.age()
            let group = try await fixture.createGroup("crew", members: [id])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(group) != nil)
            #expect(fixture.members(of: group) == [])
            #expect(try await fixture.status(group) == .partial)
        }
    }

    @Test("A try whose outcome is unknown does not undo what others changed meanwhile")
    func foreignChange() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.change(id, ["phone": ["+49 1"], "description": "by hand"])
            _ = fixture.double.add(UDMDouble.Fault(.gatewayTimeout(afterCommit: true), count: 1, methods: ["PATCH"]))
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0["phoneNumbers"] = [["value": "+49 2", "type": "work"]]
            }
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(id))
            #expect(object.properties["title"] == "Lead")
            #expect(object.properties["description"] == "by hand")
            #expect(Set(object.properties["phone"]?.arrayValue ?? []) == ["+49 1", "+49 2"])
        }
    }

    @Test("What a write left in UDM that was given up without an answer is undone by the next one")
    func buriedState() async throws {
        try await SyncFixture.run { fixture in
            let id = try await synced(fixture, "jo")
            try await fixture.change(id, ["phone": ["+49 1"]])
            _ = fixture.double.add(UDMDouble.Fault(.gatewayTimeout(afterCommit: true), count: 1, methods: ["PATCH"]))
            try await fixture.replaceUser(id, "jo") {
                $0["title"] = "Lead"
                $0["phoneNumbers"] = [["value": "+49 2", "type": "work"]]
            }
            try await fixture.withWorker({ $0.maximumAge = .zero }) { try await fixture.drain() }
            #expect(try await fixture.states()["dead"] == 1)
            #expect(fixture.object(id)?.properties["title"] == "Lead")
            try await fixture.replaceUser(id, "jo") { $0["nickName"] = "J" }
            try await fixture.withWorker { try await fixture.drain() }
            let object = try #require(fixture.object(id))
            #expect(object.properties["title"]?.stringValue ?? "" == "")
            #expect(object.properties["phone"] == ["+49 1"])
            #expect(try await fixture.status(id) == .synced)
        }
    }
}
