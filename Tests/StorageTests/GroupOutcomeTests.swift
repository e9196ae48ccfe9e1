// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Storage
import Testing

@Suite struct GroupOutcomeTests {
    private let group = ResourceID.random()
    private let members = (0..<4).map { _ in ResourceID.random() }.sorted()

    private func values(_ text: [UInt8]?) throws -> Set<String>? {
        guard let text else { return nil }
        return Set(try JSONValue(parsing: text).arrayValue?.compactMap { $0["value"]?.stringValue } ?? [])
    }

    @Test("The difference nets the stays of a member")
    func difference() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertObject(members[0])
            try await fixture.insertMember(members[0], of: group)
            try await fixture.insertMember(members[1], of: group)
            // Removed and added again, and UDM still lists it: nothing to do.
            try await fixture.insertMember(members[2], of: group, added: 1, removed: 2, synced: true)
            try await fixture.insertMember(members[2], of: group, added: 3)
            try await fixture.insertMember(members[3], of: group, added: 1, removed: 2, synced: true)
            let changes = try await fixture.database.jobs.memberDifference(of: group)
            #expect(changes.map(\.memberID) == [members[0], members[1], members[3]])
            #expect(changes.map(\.isAddition) == [true, true, false])
            #expect(changes[0].dn == "uid=\(members[0])")
            #expect(changes[1].dn == nil)
        }
    }

    @Test("An event shows the members of its own revision, also when later writes are open")
    func membersOfRevision() async throws {
        try await StorageFixture.run { fixture in
            for member in members { try await fixture.insertResource(member) }
            try await fixture.insertMember(members[0], of: group, added: 1, removed: 3)
            try await fixture.insertMember(members[1], of: group, added: 2)
            try await fixture.insertMember(members[2], of: group, added: 3)
            let first = try await fixture.insertJob(group, revision: 1, type: .group)
            let second = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
            let third = try await fixture.insertJob(group, revision: 3, operation: .modify, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            for (number, job) in [first, second, third].enumerated() {
                _ = try await fixture.database.jobs.record([
                    JobOutcome(
                        lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()),
                        endsTurn: number == 2)
                ])
            }
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(
                try events.map { try values($0.oldMembers) } == [
                    nil, [members[0].description], [members[0].description, members[1].description],
                ])
            #expect(
                try events.map { try values($0.newMembers) } == [
                    [members[0].description], [members[0].description, members[1].description],
                    [members[1].description, members[2].description],
                ])
            let delta = try #require(events[2].membersDelta)
            #expect(
                try JSONValue(parsing: delta) == [
                    "added": [.string(members[2].description)], "removed": [.string(members[0].description)],
                ])
        }
    }

    @Test("More than 1,000 members are not listed in an event")
    func largeGroup() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.connection.run(
                """
                INSERT INTO group_member (tenant, group_id, member_id, member_type, added_revision)
                SELECT 'default', '\(group)', gen_random_uuid(), 'User', 1 FROM generate_series(1, 1001)
                """)
            let job = try await fixture.insertJob(group, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
            ])
            let event = try #require(try await fixture.database.events.unsent(limit: 1, now: .now()).first)
            #expect(event.newMembers == nil)
            #expect(event.membersDelta != nil)
        }
    }

    @Test("Applied members are settled, ended stays are removed, and a member that left meanwhile is one too many")
    func applied() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertMember(members[0], of: group)
            try await fixture.insertMember(members[1], of: group, added: 1, removed: 2, synced: true)
            // Sent as an addition, but removed again before the outcome.
            try await fixture.insertMember(members[2], of: group, added: 1, removed: 2)
            let job = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle,
                    result: .done(
                        job: job, udm: .test,
                        members: AppliedMembers(added: [members[0], members[2]], removed: [members[1]])), endsTurn: true
                )
            ])
            let changes = try await fixture.database.jobs.memberDifference(of: group)
            #expect(changes.map(\.memberID) == [members[2]])
            #expect(changes.first?.isAddition == false)
            #expect(
                try await fixture.number("SELECT count(*) FROM group_member WHERE member_id = '\(members[1])'") == 0)
        }
    }

    @Test("Ended stays that an open job's event still has to tell are kept")
    func keepsHistoryForOpenJobs() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertMember(members[0], of: group, added: 1, removed: 3)
            let first = try await fixture.insertJob(group, revision: 1, type: .group)
            let third = try await fixture.insertJob(group, revision: 3, operation: .modify, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            let jobs = fixture.database.jobs
            _ = try await jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: first, udm: .test, members: AppliedMembers()),
                    endsTurn: false)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM group_member") == 1)
            _ = try await jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: third, udm: .test, members: AppliedMembers()),
                    endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM group_member") == 0)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(try values(events[1].oldMembers) == [members[0].description])
        }
    }

    @Test("A group that waits is woken by the outcome that brings its member to UDM")
    func wakes() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await fixture.insertResource(member)
            try await fixture.insertMember(member, of: group)
            try await fixture.insertJob(group, type: .group)
            let job = try await fixture.insertJob(member)
            let waiting = try #require(try await fixture.lease(group, type: .group))
            let awaited = try await fixture.database.jobs.wait(waiting, for: [member])
            #expect(awaited.map(\.memberID) == [member])
            #expect(awaited.map(\.hasOpenJob) == [true])
            let lease = try #require(try await fixture.lease(member))
            let recorded = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
            ])
            #expect(recorded.wake.map(\.resourceID) == [group])
            #expect(recorded.wake.map(\.type) == [.group])
            // The group has not acted on it yet: what it is owed stays on record.
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 1)
            #expect(try await fixture.database.jobs.wait(waiting, for: [member]) == [])
        }
    }

    /// A group in UDM that was pushed without a member; its job is done.
    private func partialGroup(_ fixture: StorageFixture, without member: ResourceID) async throws {
        try await fixture.insertResource(member)
        try await fixture.insertMember(member, of: group)
        let job = try await fixture.insertJob(group, type: .group)
        let lease = try #require(try await fixture.lease(group, type: .group))
        _ = try await fixture.database.jobs.wait(lease, for: [member])
        _ = try await fixture.database.jobs.record([
            JobOutcome(
                lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
        ])
    }

    private func push(_ member: ResourceID, _ fixture: StorageFixture) async throws {
        let job = try await fixture.insertJob(member)
        let lease = try #require(try await fixture.lease(member))
        _ = try await fixture.database.jobs.record([
            JobOutcome(
                lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
        ])
    }

    private func open(_ fixture: StorageFixture) async throws -> [ResourceID] {
        let position = OpenWorkPage.Position.waiting(after: ResourceID(high: 0, low: 0))
        return try await fixture.database.jobs.openWork(from: position, limit: 10, olderThan: .zero).entries
            .map(\.resourceID)
    }

    @Test("A partial group is open work from the moment its member is in UDM until its own outcome")
    func openUntilSettled() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await partialGroup(fixture, without: member)
            #expect(try await open(fixture) == [])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 1)
            try await push(member, fixture)
            #expect(try await open(fixture) == [group])
            let lease = try #require(try await fixture.lease(group, type: .group))
            #expect(lease.jobs.isEmpty)
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .members(udm: .test, AppliedMembers(added: [member])), endsTurn: true)
            ])
            #expect(try await open(fixture) == [])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A group waits no longer for a member that it has lost", arguments: [true, false])
    func memberLeft(bySweep: Bool) async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await partialGroup(fixture, without: member)
            try await fixture.connection.run("UPDATE group_member SET removed_revision = 2")
            if bySweep {
                #expect(try await open(fixture) == [group])
            } else {
                try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
            }
            let lease = try #require(try await fixture.lease(group, type: .group))
            let result: JobOutcome.Result =
                if let job = lease.jobs.first {
                    .done(job: job.id, udm: .test, members: AppliedMembers())
                } else {
                    .ended
                }
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: result, endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test("A group that is cancelled leaves no wait behind")
    func cancelledGroup() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await fixture.insertResource(member)
            try await fixture.insertMember(member, of: group, removed: 2)
            let job = try await fixture.insertJob(group, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.wait(lease, for: [member])
            _ = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: .cancelled(job: job), endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
        }
    }

    @Test(
        "Members that could not be settled stay on record with their error, are open work when due, and a success clears it"
    )
    func later() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await partialGroup(fixture, without: member)
            try await push(member, fixture)
            let lease = try #require(try await fixture.lease(group, type: .group))
            let jobs = fixture.database.jobs
            _ = try await jobs.record([
                JobOutcome(
                    lease: lease.handle,
                    result: .membersLater(
                        dueIn: .seconds(30), error: Array(#"{"status":"503"}"#.utf8), isAmbiguous: true),
                    endsTurn: true)
            ])
            let position = OpenWorkPage.Position.waiting(after: ResourceID(high: 0, low: 0))
            let entry = try #require(
                try await jobs.openWork(from: position, limit: 10, olderThan: .zero).entries.first)
            #expect(entry.dueAt > Timestamp.now().advanced(by: .seconds(20)))
            let second = try #require(try await fixture.lease(group, type: .group))
            #expect(second.ambiguousSince != nil)
            #expect(try JSONValue(parsing: #require(second.membersError))["status"] == "503")
            _ = try await jobs.record([
                JobOutcome(lease: second.handle, result: .members(udm: .test, AppliedMembers()), endsTurn: true)
            ])
            let third = try #require(try await fixture.lease(group, type: .group))
            #expect(third.membersError == nil)
            #expect(third.ambiguousSince == nil)
        }
    }

    @Test("Members that are refused for good are a parked attribute with an event, and nobody waits for them")
    func refused() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await partialGroup(fixture, without: member)
            try await push(member, fixture)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle,
                    result: .membersRefused(error: Array(#"{"status":"400"}"#.utf8), isAmbiguous: false), endsTurn: true
                )
            ])
            #expect(try await fixture.text("SELECT attribute FROM sync_failure") == "members")
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
            let events = try await fixture.database.events.unsent(limit: 10, now: .now())
            #expect(events.map(\.kind) == [.change, .change, .error])
            #expect(events.last?.resourceID == group)
            // The next push of the group tries again.
            let next = try await fixture.insertJob(group, revision: 2, operation: .modify, type: .group)
            let second = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: second.handle,
                    result: .done(job: next, udm: .test, members: AppliedMembers(added: [member])), endsTurn: true)
            ])
            #expect(try await fixture.number("SELECT count(*) FROM sync_failure") == 0)
        }
    }

    @Test("A member that UDM has lost is waited for anew: its next push opens the work")
    func goneMember() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await fixture.insertResource(member)
            try await push(member, fixture)
            try await fixture.insertMember(member, of: group)
            let job = try await fixture.insertJob(group, type: .group)
            let lease = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.record([
                JobOutcome(
                    lease: lease.handle,
                    result: .done(job: job, udm: .test, members: AppliedMembers(missing: [member])), endsTurn: true)
            ])
            #expect(try await open(fixture) == [])
            try await push(member, fixture)
            #expect(try await open(fixture) == [group])
        }
    }

    @Test("No wake-up is lost, whichever of wait and outcome comes first", arguments: 0..<20)
    func noLostWakeUp(round: Int) async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await fixture.insertResource(member)
            try await fixture.insertMember(member, of: group)
            try await fixture.insertJob(group, type: .group)
            let job = try await fixture.insertJob(member)
            let waiting = try #require(try await fixture.lease(group, type: .group))
            let lease = try #require(try await fixture.lease(member))
            let other = fixture.anotherDatabase()
            let jobs = fixture.database.jobs
            async let missing = other.jobs.wait(waiting, for: [member])
            async let recorded = jobs.record([
                JobOutcome(
                    lease: lease.handle, result: .done(job: job, udm: .test, members: AppliedMembers()), endsTurn: true)
            ])
            let (stillMissing, outcome) = try await (missing.map(\.memberID), recorded)
            // Either the group saw the member, or it was woken.
            #expect(stillMissing.isEmpty || outcome.wake.map(\.resourceID) == [group])
            await other.close()
        }
    }

    @Test("A member that is deleted wakes whoever waits for it")
    func deletedTarget() async throws {
        try await StorageFixture.run { fixture in
            let member = members[0]
            try await fixture.insertResource(member)
            try await fixture.insertMember(member, of: group)
            try await fixture.insertJob(group, type: .group)
            let job = try await fixture.insertJob(member, revision: 2, operation: .delete)
            let waiting = try #require(try await fixture.lease(group, type: .group))
            _ = try await fixture.database.jobs.wait(waiting, for: [member])
            let lease = try #require(try await fixture.lease(member))
            let recorded = try await fixture.database.jobs.record([
                JobOutcome(lease: lease.handle, result: .removed(job: job), endsTurn: true)
            ])
            #expect(recorded.wake.map(\.resourceID) == [group])
        }
    }
}
