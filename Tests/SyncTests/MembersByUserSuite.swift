// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing
import UDMDouble

@testable import Sync

/// What the tests of members by their own `groups` share; a group of three is a large one for them.
protocol MembersByUserSuite {}

extension MembersByUserSuite {
    func worker<Value>(
        _ fixture: SyncFixture, from smallest: Int = 3, _ body: () async throws -> Value
    ) async throws -> Value {
        try await fixture.withWorker({ $0.membersByUserFrom = smallest }) { try await body() }
    }

    /// A group that UDM has with these members.
    func group(
        _ fixture: SyncFixture, _ name: String, _ members: [ResourceID]
    ) async throws -> ResourceID {
        let group = try await fixture.createGroup(name, members: members)
        try await worker(fixture, from: 0) { try await fixture.drain() }
        return group
    }

    func dns(_ fixture: SyncFixture, _ ids: some Sequence<ResourceID>) throws -> Set<String> {
        Set(try ids.map { try #require(fixture.object($0)?.dn) })
    }

    func writes(
        _ fixture: SyncFixture, of module: String, after sequence: Int
    ) -> [UDMDouble.RecordedRequest] {
        fixture.double.requests(after: sequence).filter { $0.module == module && $0.method == "PATCH" }
    }
}
