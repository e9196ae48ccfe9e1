// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Storage
import Testing
import UDMDouble

@testable import Sync

/// Passwords are kept for a day at most, and only the newest one counts.
@Suite(.serialized) struct PasswordAgeTests {
    @Test("A write that waited for more than a day goes on without its password and says so", arguments: [true, false])
    func expired(isErased: Bool) async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo", password: "a-Passw0rd!")
            try await fixture.age(id, seconds: 25 * 3600)
            if isErased {
                #expect(
                    try await fixture.database.jobs.erasePasswords(olderThan: SyncConfiguration.passwordLifetimeMax)
                        == 1)
                #expect(
                    try await fixture.database.jobs.erasePasswords(olderThan: SyncConfiguration.passwordLifetimeMax)
                        == 0)
                #expect(try await fixture.number("SELECT max(octet_length(secret)) FROM job") == 0)
            }
            try await fixture.withWorker { try await fixture.drain() }
            let post = fixture.double.requests().first { $0.method == "POST" }?.body ?? ""
            // A random one, which comes with its overrides.
            #expect(post.contains("overridePWHistory"))
            #expect(try await fixture.states() == ["done": 1])
            #expect(try await fixture.status(id) == .partial)
            let event = try #require(
                try await fixture.database.events.unsent(limit: 10, now: .now()).first { $0.kind == .error })
            let error = try JSONValue(parsing: try #require(event.error))
            #expect(error["attributes"] == ["password"])
            #expect(error["detail"]?.stringValue?.contains("set it again") == true)
            try await fixture.replace(
                .user, id, ["userName": "jo", "name": ["familyName": "Roe"], "password": "a-new-Passw0rd"])
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .synced)
        }
    }

    @Test("A change that waited too long changes everything but the password")
    func expiredChange() async throws {
        try await SyncFixture.run { fixture in
            let id = try await fixture.createUser("jo")
            try await fixture.withWorker { try await fixture.drain() }
            try await fixture.replace(
                .user, id,
                ["userName": "jo", "name": ["familyName": "Roe"], "title": "Lead", "password": "a-new-Passw0rd"])
            try await fixture.withWorker({ $0.passwordLifetime = .zero }) { try await fixture.drain() }
            let patch = fixture.double.requests().last { $0.method == "PATCH" }?.body ?? ""
            #expect(patch.contains("Lead") && !patch.contains("password"))
            #expect(try await fixture.status(id) == .partial)
        }
    }

    @Test("Of several passwords the newest one is sent, and none is left when the jobs have ended")
    func newest() async throws {
        try await SyncFixture.run { fixture in
            // UDM would refuse the first one.
            let id = try await fixture.createUser("jo", password: "short")
            try await fixture.replace(
                .user, id, ["userName": "jo", "name": ["familyName": "Roe"], "password": "a-new-Passw0rd"])
            try await fixture.replaceUser(id, "jo") { $0["title"] = "Lead" }
            try await fixture.withWorker { try await fixture.drain() }
            #expect(try await fixture.status(id) == .synced)
            #expect(try await fixture.states() == ["done": 1, "superseded": 2])
            #expect(try await fixture.number("SELECT count(*) FROM job") == 0)
            #expect(
                try await fixture.number(
                    "SELECT count(*) FROM information_schema.columns WHERE table_name = 'job_history' AND column_name = 'secret'"
                )
                    == 0)
        }
    }
}
