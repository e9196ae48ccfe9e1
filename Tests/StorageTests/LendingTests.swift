// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import Storage

/// Leases of users that turns of groups have for a call about the user's groups.
@Suite(.timeLimit(.minutes(3))) struct LendingTests {
    private let user = ResourceID.random()
    private let group = ResourceID.random()
    private let other = ResourceID.random()

    /// A user and two groups in UDM; the first group has a job, and is leased.
    private func prepare(_ fixture: StorageFixture) async throws -> ConfirmedLease {
        try await fixture.insertObject(user)
        for id in [group, other] { try await fixture.insertObject(id, type: .group) }
        try await fixture.insertMember(user, of: group)
        try await fixture.insertJob(group, type: .group)
        return try #require(try await fixture.lease(group, type: .group))
    }

    private func lend(
        _ fixture: StorageFixture, _ lease: ConfirmedLease, isAddition: Bool = true
    ) async throws -> LeaseHandle? {
        try await fixture.database.jobs.lend(
            user, to: lease, isAddition: isAddition, worker: "test", length: .seconds(60),
            takingBack: { _ = try? await fixture.database.jobs.takeBack($0, .known) })
    }

    private func holds(_ fixture: StorageFixture, _ id: ResourceID) async throws -> [MemberHold?] {
        try await fixture.database.jobs.memberDifference(of: id).map(\.hold)
    }

    @Test("A loan is a lease: nobody else gets it, and its end leaves nothing behind")
    func loan() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            let loan = try #require(try await lend(fixture, lease))
            #expect(try await lend(fixture, lease) == nil)
            try await fixture.insertJob(user)
            #expect(try await fixture.lease(user) == nil)
            #expect(
                try await fixture.database.jobs.renew([loan], worker: "test", length: .seconds(60)) == [loan.token])
            // A worker was turned away: the user has to be enqueued again.
            #expect(try await fixture.database.jobs.takeBack(loan, .known) == "interactive")
            #expect(try await fixture.database.jobs.renew([loan], worker: "test", length: .seconds(60)) == [])
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 0)
            let own = try #require(try await fixture.lease(user))
            #expect(
                try await fixture.database.jobs.renew([loan, own.handle], worker: "test", length: .seconds(60))
                    == [own.handle.token])
            #expect(own.epoch == loan.epoch + 1 && own.ambiguousSince == nil && own.jobs.first?.crashes == 0)
            // Late, and without effect.
            _ = try await fixture.database.jobs.takeBack(loan, .unknown)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL") == 2)
        }
    }

    enum Obstacle: CaseIterable { case notInUDM, leased, abandoned, ambiguous, looked, foreignTenant }

    @Test(
        "Only a user that UDM has, that nobody works on and that is in no doubt is lent", arguments: Obstacle.allCases)
    func obstacle(_ obstacle: Obstacle) async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            try await fixture.insertJob(user)
            switch obstacle {
            case .notInUDM: try await fixture.connection.run("DELETE FROM udm_object WHERE resource_id = '\(user)'")
            case .leased: _ = try await fixture.lease(user)
            case .abandoned:
                _ = try await fixture.lease(user)
                try await fixture.expireLeases()
            case .ambiguous:
                let own = try #require(try await fixture.lease(user))
                try await fixture.database.jobs.giveBack([own.handle], callMayHaveStarted: true)
                try await fixture.connection.run("DELETE FROM verification")
            case .looked:
                try await fixture.connection.run(
                    "INSERT INTO verification VALUES ('\(user)', 'default', 'User', now(), now())")
            case .foreignTenant: try await fixture.connection.run("UPDATE udm_object SET tenant = 'other'")
            }
            #expect(try await lend(fixture, lease) == nil)
            #expect(try await fixture.number("SELECT count(*) FROM verification WHERE group_id IS NOT NULL") == 0)
        }
    }

    @Test(
        "Another group leaves the user for later: while the call is made, and while it is in doubt; the same call may be repeated"
    )
    func held() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            try await fixture.insertMember(user, of: other)
            let loan = try #require(try await lend(fixture, lease))
            #expect(try await holds(fixture, other) == [.lent])
            #expect(try await holds(fixture, group) == [nil])
            #expect(try await fixture.database.jobs.takeBack(loan, .unknown) == nil)
            #expect(try await holds(fixture, other) == [.doubtful])
            #expect(try await holds(fixture, group) == [nil])
            // The opposite of the call in doubt.
            try await fixture.connection.run(
                "UPDATE group_member SET removed_revision = 2, synced = true WHERE group_id = '\(group)'")
            #expect(try await holds(fixture, group) == [.doubtful])
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM verification WHERE due_at > clock_timestamp() + interval '5 minutes'") == 1)
        }
    }

    @Test("What is odd is looked at now, by the user's own turn, and whoever waits for it is called")
    func odd() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            let loan = try #require(try await lend(fixture, lease))
            #expect(try await fixture.database.jobs.takeBack(loan, .odd) == "repair")
            let look = try #require(try await fixture.lease(user))
            #expect(look.verification?.isDue == true && look.verification?.concernsGroups == true)
            try await fixture.connection.run(
                """
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(other)', '\(user)', 'default', 'Group', now())
                """)
            let outcome = JobOutcome(
                lease: look.handle, result: .verified(udm: .test, AppliedMembers(), isGone: false, problem: nil),
                endsTurn: true)
            let recorded = try await fixture.database.jobs.record([outcome])
            #expect(recorded.wake.map(\.resourceID) == [other])
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 0)
        }
    }

    @Test(
        "A loan is contended by a group that is worked on and has the user to change",
        arguments: [(false, true), (true, true), (false, false), (true, false)])
    func contended(isLeaving: Bool, isLeased: Bool) async throws {
        try await StorageFixture.run { fixture in
            _ = try await prepare(fixture)
            try await fixture.insertMember(user, of: other, removed: isLeaving ? 2 : nil, synced: isLeaving)
            if isLeased {
                try await fixture.insertJob(other, type: .group)
                _ = try await fixture.lease(other, type: .group)
            }
            #expect(try await fixture.database.jobs.isContended(user, besides: group) == isLeased)
        }
    }

    @Test("A settled membership contends with nothing")
    func uncontended() async throws {
        try await StorageFixture.run { fixture in
            _ = try await prepare(fixture)
            try await fixture.insertMember(user, of: other, synced: true)
            try await fixture.insertJob(other, type: .group)
            _ = try await fixture.lease(other, type: .group)
            #expect(try await !fixture.database.jobs.isContended(user, besides: group))
        }
    }

    @Test("A loan that was longer under way than its lease leaves the look to the user: other groups may wait for it")
    func overdue() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            let loan = try #require(try await lend(fixture, lease))
            try await fixture.expireLeases()
            #expect(try await fixture.database.jobs.takeBack(loan, .known) == "repair")
            #expect(
                try await fixture.number("SELECT count(*) FROM verification WHERE due_at <= clock_timestamp()") == 1)
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_by IS NOT NULL") == 1)
            // The same again changes nothing.
            _ = try await fixture.database.jobs.takeBack(loan, .known)
            #expect(try await fixture.number("SELECT count(*) FROM verification") == 1)
        }
    }

    @Test("A cancelled task still learns what it has taken")
    func cancelled() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await lend(fixture, lease)
            }
            let loan = try #require(try await task.value)
            #expect(try await fixture.database.jobs.renew([loan], worker: "test", length: .seconds(60)).count == 1)
        }
    }

    @Test("A loan without an answer is taken back when it commits after that", arguments: [true, false])
    func unanswered(hasRow: Bool) async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertObject(user)
            if hasRow {
                try await fixture.connection.run(
                    "INSERT INTO resource_sync (resource_id, tenant, type) VALUES ('\(user)', 'default', 'User')")
            }
            let token = LeaseToken.random()
            let loan = LeaseHandle(resourceID: user, epoch: 0, token: token)
            let slow = try await PostgresConnection.open(
                fixture.configuration, label: "slow", logger: StorageFixture.logger)
            try await slow.run("BEGIN")
            try await slow.run(
                """
                INSERT INTO resource_sync (resource_id, tenant, type, lease_epoch, lease_token, leased_until)
                VALUES ('\(user)', 'default', 'User', 1, '\(token)', now() + interval '1 hour')
                ON CONFLICT (resource_id) DO UPDATE SET
                    lease_epoch = 1, lease_token = excluded.lease_token, leased_until = excluded.leased_until
                """)
            let task = Task { try await fixture.database.jobs.takeBack(loan, .known) }
            let isWaiting = """
                SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE NOT l.granted AND a.query LIKE '%resource_sync%' AND l.locktype = 'transactionid'
                    AND l.transactionid IN (
                        SELECT b.backend_xid FROM pg_stat_activity b WHERE b.query LIKE '%\(token)%')
                """
            let deadline = ContinuousClock.now.advanced(by: .seconds(5))
            while try await fixture.number(isWaiting) == 0, ContinuousClock.now < deadline {}
            try await slow.run("COMMIT")
            await slow.close()
            _ = try await task.value
            #expect(try await fixture.number("SELECT count(*) FROM resource_sync WHERE leased_until IS NOT NULL") == 0)
        }
    }

    @Test("Members that left are held by any call about their groups, under way or in doubt")
    func returning() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            try await fixture.connection.run(
                "UPDATE group_member SET removed_revision = 2, synced = false WHERE group_id = '\(group)'")
            func hold() async throws -> [MemberHold?] {
                try await fixture.database.jobs.returningMembers(of: group).map(\.hold)
            }
            #expect(try await hold() == [nil])
            let loan = try #require(try await lend(fixture, lease))
            #expect(try await hold() == [.lent])
            _ = try await fixture.database.jobs.takeBack(loan, .unknown)
            #expect(try await hold() == [.doubtful])
        }
    }

    @Test("Memberships that UDM lacks are settled anew, under the user's lease only")
    func unsettled() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertObject(user)
            try await fixture.insertObject(group, type: .group)
            try await fixture.insertMember(user, of: group, synced: true)
            try await fixture.insertJob(user)
            let lease = try #require(try await fixture.lease(user))
            #expect(try await fixture.database.jobs.settledMemberships(of: user).map(\.groupID) == [group])
            let stale = LeaseHandle(resourceID: user, epoch: lease.epoch, token: LeaseToken.random())
            try await fixture.database.jobs.unsettle([group], under: stale)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 0)
            try await fixture.database.jobs.unsettle([group], under: lease.handle)
            #expect(try await fixture.number("SELECT count(*) FROM waits_for") == 1)
            #expect(try await fixture.database.jobs.memberDifference(of: group).map(\.isAddition) == [true])
        }
    }

    @Test("A group that waits for a user in doubt is no work that was lost")
    func sweep() async throws {
        try await StorageFixture.run { fixture in
            let lease = try await prepare(fixture)
            try await fixture.connection.run("DELETE FROM job")
            // The user is to leave the other group.
            try await fixture.insertMember(user, of: other, removed: 2, synced: true)
            try await fixture.connection.run(
                """
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(other)', '\(user)', 'default', 'Group', now())
                """)
            let loan = try #require(try await lend(fixture, lease))
            _ = try await fixture.database.jobs.takeBack(loan, .unknown)
            func waiting() async throws -> [ResourceID] {
                try await fixture.database.jobs.openWork(
                    from: .waiting(after: ResourceID(high: 0, low: 0)), limit: 10, olderThan: .zero
                ).entries.map(\.resourceID)
            }
            #expect(try await waiting() == [])
            // Nor when the user is to come to it, and was pushed since.
            try await fixture.connection.run(
                "UPDATE group_member SET removed_revision = NULL, synced = false WHERE group_id = '\(other)'")
            try await fixture.connection.run("UPDATE udm_object SET synced_at = clock_timestamp() - interval '1 s'")
            try await fixture.connection.run("UPDATE waits_for SET since = clock_timestamp() - interval '2 s'")
            #expect(try await waiting() == [])
            try await fixture.connection.run("DELETE FROM verification")
            #expect(try await waiting() == [other])
        }
    }
}
