// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing
import UDM
import UDMDouble

@testable import Storage
@testable import Sync

/// Members that are sent as they are remembered, as with more of them than are looked at before.
@Suite(.serialized) struct MemberPushTests {
    private let group = ResourceID.random()

    private func push(_ fixture: SyncFixture, isCareful: Bool = false) -> Push {
        Push(
            client: fixture.client, mapping: UDMMapping(rules: DirectoryRules()), module: .group, resourceID: group,
            requestID: LowercaseUUID.random().description, isCareful: isCareful, logger: fixture.logger)
    }

    private func makeGroup(_ fixture: SyncFixture, _ dns: [String] = []) async throws -> Push.Brought {
        let written = try await fixture.client.create(
            .group,
            properties: [
                "name": "crew", "univentionObjectIdentifier": .string(group.description),
                "users": .array(dns.map { .string($0) }),
            ], requestID: LowercaseUUID.random().description)
        return Push.Brought(object: KnownObject(dn: written.dn), isCreated: false, fresh: nil)
    }

    private func addition(_ id: ResourceID, _ dn: String, _ type: ResourceType = .user) -> MemberChange {
        MemberChange(memberID: id, memberType: type, isAddition: true, dn: dn)
    }

    private func members(
        _ changes: [MemberChange], _ push: Push, wanted: [ResourceID] = []
    ) -> MemberPush {
        MemberPush(MemberDifference(changes), of: group, push: push) { wanted.contains($0) }
    }

    private func dn(_ id: ResourceID, _ fixture: SyncFixture) throws -> String { try #require(fixture.object(id)?.dn) }

    @Test("UDM takes nothing with a group that is not there: it is searched for, and the others do not suffer for it")
    func movedGroup() async throws {
        try await SyncFixture.run { fixture in
            let user = try await fixture.foreignUser("user")
            let (inner, gone) = (ResourceID.random(), ResourceID.random())
            _ = try await fixture.client.create(
                .group,
                properties: ["name": "inner", "univentionObjectIdentifier": .string(inner.description)],
                requestID: LowercaseUUID.random().description)
            var members = members(
                [
                    addition(user, try dn(user, fixture)),
                    addition(inner, "cn=former,cn=groups,dc=example,dc=org", .group),
                    addition(gone, "cn=gone,cn=groups,dc=example,dc=org", .group),
                ], push(fixture))
            _ = try await members.settle(in: makeGroup(fixture)) { _ in }
            #expect(fixture.members(of: group) == [try dn(user, fixture)])
            #expect(fixture.object(group)?.properties["nestedGroup"] == [.string(try dn(inner, fixture))])
            #expect(Set(members.applied.added) == [user, inner])
            #expect(members.applied.missing == [gone])
            #expect(!members.leavesDoubt)
            #expect(fixture.double.requests().filter { $0.method == "PATCH" }.map(\.status) == [400, 204])
        }
    }

    @Test("What proves wrong is taken out, searched for and sent again; only what was seen is settled")
    func corrected() async throws {
        try await SyncFixture.run { fixture in
            let right = try await fixture.foreignUser("right")
            let renamed = try await fixture.foreignUser("renamed")
            let foreign = try await fixture.foreignUser("foreign")
            let gone = ResourceID.random()
            let nowhere = "uid=nobody,cn=users,dc=example,dc=org"
            var members = members(
                [
                    addition(right, try dn(right, fixture)), addition(renamed, try dn(foreign, fixture)),
                    addition(gone, nowhere),
                ], push(fixture))
            _ = try await members.settle(in: makeGroup(fixture)) { _ in }
            #expect(fixture.members(of: group) == [try dn(right, fixture), try dn(renamed, fixture)])
            #expect(Set(members.applied.added) == [right, renamed])
            #expect(members.applied.missing == [gone])
            #expect(!members.leavesDoubt)
            #expect(
                members.learned == [
                    LearnedDN(resourceID: renamed, hint: try dn(foreign, fixture), dn: try dn(renamed, fixture))
                ])
        }
    }

    @Test(
        "A foreign member under a wrong DN stays when it was there before, or is one of ours",
        arguments: [(true, false, false), (false, true, false), (true, false, true), (true, true, true)])
    func foreignMember(wasListed: Bool, isWanted: Bool, isCareful: Bool) async throws {
        try await SyncFixture.run { fixture in
            let renamed = try await fixture.foreignUser("renamed")
            let foreign = try await fixture.foreignUser("foreign")
            let foreignDN = try dn(foreign, fixture)
            var members = members(
                [addition(renamed, foreignDN)], push(fixture, isCareful: isCareful), wanted: isWanted ? [foreign] : [])
            _ = try await members.settle(in: makeGroup(fixture, wasListed ? [foreignDN] : [])) { _ in }
            let renamedDN = try dn(renamed, fixture)
            // A careful push cannot tell its own earlier try from somebody else's hand.
            let stays = isWanted || (wasListed && !isCareful)
            #expect(fixture.members(of: group) == (stays ? [foreignDN, renamedDN] : [renamedDN]))
        }
    }

    @Test("What was settled before the trouble is not lost")
    func interrupted() async throws {
        try await SyncFixture.run { fixture in
            let first = try await fixture.foreignUser("first")
            let second = try await fixture.foreignUser("second")
            let brought = try await makeGroup(fixture)
            _ = fixture.double.add(UDMDouble.Fault(.internalError, methods: ["GET"], contains: "second"))
            var members = members(
                [addition(first, try dn(first, fixture)), addition(second, try dn(second, fixture))], push(fixture))
            await #expect(throws: UDMError.self) { _ = try await members.settle(in: brought) { _ in } }
            #expect(members.applied.added == [first])
            #expect(members.leavesDoubt)
        }
    }
}
