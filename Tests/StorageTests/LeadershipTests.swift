// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import Testing

@testable import Storage

/// One after the other: a leadership is a lock of the whole database.
@Suite(.serialized) struct LeadershipTests {
    @Test("A leader that stands still is replaced, and finds that out when it wakes up")
    func standsStill() async throws {
        try await StorageFixture.run { fixture in
            let (first, second) = (
                fixture.database.leadership(.events, longestSilence: .milliseconds(300)),
                fixture.database.leadership(.events)
            )
            #expect(await first.hold())
            let isReplaced = try await leads(second)
            #expect(isReplaced)
            #expect(await !first.hold())
            #expect(await !first.hold())
            await second.resign()
            let isBack = try await leads(first)
            #expect(isBack)
            await first.resign()
        }
    }

    /// Asks for the lead until it has it, for 20 s at most.
    private func leads(_ leadership: Leadership) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while await !leadership.hold() {
            if ContinuousClock.now > deadline { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    @Test("PostgreSQL looks itself whether a leader is still there")
    func keepalive() async throws {
        try await StorageFixture.run { fixture in
            let session = Leadership.session(fixture.configuration, longestSilence: .seconds(60))
            let connection = try await PostgresConnection.open(
                session, label: "test.leadership", logger: StorageFixture.logger)
            let rows = try await connection.execute(
                PostgresStatement(
                    unnamed: """
                        SELECT name FROM pg_settings WHERE source = 'client' AND name IN (
                            'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout',
                            'idle_session_timeout')
                        ORDER BY name
                        """), [])
            #expect(
                try rows.map { try $0.string(0) } == [
                    "idle_session_timeout", "tcp_keepalives_count", "tcp_keepalives_idle", "tcp_keepalives_interval",
                    "tcp_user_timeout",
                ])
            let limit = try await connection.execute(PostgresStatement(unnamed: "SHOW idle_session_timeout"), [])
            #expect(try limit[0].string(0) == "1min")
            await connection.close()
        }
    }
}
