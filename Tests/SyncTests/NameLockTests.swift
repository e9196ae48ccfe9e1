// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// UDM calls a name taken while only a lock of its own holds it, for five minutes after a call that was killed.
@Suite(.serialized) struct NameLockTests {
    @Test("A name that no object has is waited for")
    func waits() async throws {
        try await SyncFixture.run { fixture in
            fixture.double.add(UDMDouble.Fault(.nameLocked, count: 5, methods: ["POST"]))
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(fixture.object(id)?.properties["username"] == "jo")
            #expect(try await fixture.states() == ["done": 1])
        }
    }

    @Test("A name that is refused for longer than UDM keeps locks is taken, whoever has it")
    func ends() async throws {
        try await SyncFixture.run { fixture in
            fixture.double.add(UDMDouble.Fault(.nameLocked, methods: ["POST"]))
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker {
                try await fixture.until { try await fixture.number("SELECT max(attempts) FROM job") >= 2 }
            }
            #expect(try await fixture.number("SELECT count(*) FROM dead_letter") == 0)
            try await fixture.withWorker({ $0.now = { Timestamp.now().advanced(by: .seconds(400)) } }) {
                try await fixture.drain()
            }
            #expect(try await fixture.states() == ["dead": 1])
            #expect(try await fixture.status(id) == .failed)
        }
    }

    @Test("A name that somebody has is taken at once")
    func taken() async throws {
        try await SyncFixture.run { fixture in
            _ = try await fixture.foreignUser("jo")
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.states() == ["dead": 1])
            #expect(try await fixture.number("SELECT max(attempts) FROM job_history") == 1)
            #expect(try await fixture.status(id) == .failed)
        }
    }
}
