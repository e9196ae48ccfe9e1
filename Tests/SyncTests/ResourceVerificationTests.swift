// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDM
import UDMDouble

@testable import Sync

@Suite(.serialized, .timeLimit(.minutes(5))) struct ResourceVerificationTests {
    private func verify(
        _ fixture: SyncFixture, _ id: ResourceID, _ type: ResourceType = .user
    ) async throws -> VerificationReport {
        try await ResourceVerification(
            database: fixture.database, client: fixture.client, mapping: UDMMapping(rules: DirectoryRules())
        ).verify(ResourceSubject(tenant: "default", type: type, id: id))
    }

    private func repair(
        _ fixture: SyncFixture, _ id: ResourceID, _ report: VerificationReport, _ type: ResourceType = .user
    ) async throws -> ReplayResult {
        let result = try await DeadLetterReplay(database: fixture.database, queue: fixture.queue).replay(
            ResourceSubject(tenant: "default", type: type, id: id), by: "jo",
            repair: ResourceVerification.repair(of: report)
        ).result
        return result
    }

    @Test("What others changed in UDM is told property by property, and a repair undoes it")
    func drift() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let before = try await verify(fixture, id)
            #expect(before.finding == .missingInUDM)
            #expect(before.openJobs == 1)
            #expect(try await repair(fixture, id, before) == .busy)
            try await fixture.withWorker { try await fixture.drain() }
            let same = try await verify(fixture, id)
            #expect(same.isSame, "\(same.differences)")
            #expect(same.revision == 1)

            try await fixture.change(id, ["lastname": "Changed", "title": "Dr"])
            let report = try await verify(fixture, id)
            #expect(report.finding == .different)
            // UDM makes a display name of the names.
            #expect(report.differences.map(\.property) == ["displayName", "lastname", "title"])
            let lastname = try #require(report.differences.first { $0.property == "lastname" })
            #expect(lastname.attribute == "name.familyName")
            #expect(lastname.expected == "Roe jo")
            #expect(lastname.found == "Changed")
            #expect(lastname.synced == "Roe jo")
            #expect(lastname.cause == .changedInUDM)
            // A plain replay sends what differs from the last push: nothing.
            let replay = DeadLetterReplay(database: fixture.database, queue: fixture.queue)
            _ = try await replay.replay(id, by: "jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await !verify(fixture, id).isSame)

            guard case .queued = try await repair(fixture, id, report) else {
                Issue.record("not queued")
                return
            }
            #expect(try await verify(fixture, id).differences.allSatisfy { $0.cause == .pending })
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await verify(fixture, id).isSame)
        }
    }

    @Test("An object that was lost in UDM is created anew, and its groups get it back")
    func lost() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            let group = try await fixture.createGroup("crew", members: [id])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await verify(fixture, group, .group).isSame)
            try await fixture.remove(id)
            let report = try await verify(fixture, id)
            #expect(report.finding == .missingInUDM)
            guard case .queued(_, .create, settled: 0) = try await repair(fixture, id, report) else {
                Issue.record("not queued")
                return
            }
            try await fixture.withWorker {
                try await fixture.drain()
                try await fixture.until { fixture.members(of: group) == [fixture.object(id)?.dn] }
            }
            #expect(try await verify(fixture, id).isSame)
            #expect(try await verify(fixture, group, .group).isSame)
        }
    }

    @Test("Members that UDM's group lacks or has besides are told; a repair adds those, and leaves these")
    func members() async throws {
        try await SyncFixture.run { fixture in
            let jo = try await fixture.createUser("jo")
            let bo = try await fixture.createUser("bo")
            let group = try await fixture.createGroup("crew", members: [jo, bo])
            try await fixture.withWorker { try await fixture.drain() }
            let foreigner = try await fixture.foreignUser("foreign")
            let foreign = try #require(fixture.object(foreigner)?.dn)
            let boDN = try #require(fixture.object(bo)?.dn)
            try await fixture.change(group, in: .group, ["users": [.string(boDN), .string(foreign)]])
            // Renamed in UDM, whose group follows; our hint does not.
            try await fixture.change(bo, ["username": "bobby"])
            let report = try await verify(fixture, group, .group)
            #expect(report.finding == .different)
            #expect(report.differences.isEmpty)
            #expect(report.members.lacking == [jo])
            #expect(report.members.additional == [foreign])
            guard case .queued = try await repair(fixture, group, report, .group) else {
                Issue.record("not queued")
                return
            }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.members(of: group).count == 3)
            #expect(try await verify(fixture, group, .group).members.lacking.isEmpty)
        }
    }

    @Test("What SCIM does not have, is told, too")
    func absent() async throws {
        try await SyncFixture.run { fixture in
            let foreigner = try await fixture.foreignUser("foreign")
            #expect(try await verify(fixture, foreigner).finding == .missingInSCIM)
            #expect(try await repair(fixture, foreigner, verify(fixture, foreigner)) == .busy)
            #expect(try await verify(fixture, .random()).finding == .absent)
        }
    }

    @Test("A parked attribute is not taken for a change in UDM")
    func parked() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.change(id, ["displayName": "Other"])
            try await fixture.run(
                """
                INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
                VALUES ('\(id)', 'displayName', 'default', 'User', 1, gen_random_uuid(), now(), '{}')
                """)
            #expect(try await verify(fixture, id).differences.map(\.cause) == [.parked])
        }
    }
}
