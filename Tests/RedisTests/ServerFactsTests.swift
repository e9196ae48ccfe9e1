// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Redis

@Suite struct ServerFactsTests {
    @Test(
        "Redis from 6.2 and every Valkey is new enough",
        arguments: [
            ("redis_version:6.2.0", true), ("redis_version:6.2.14", true), ("redis_version:7.0.15", true),
            ("redis_version:8.2.1", true), ("redis_version:10.0.0", true), ("redis_version:6.0.16", false),
            ("redis_version:5.0.7", false), ("redis_version:2.8.19", false), ("redis_version:unknown", false),
            ("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1", true),
            ("valkey_version:9.0.0\r\nredis_version:5.0.0", true), ("", true),
        ])
    func version(info: String, isAccepted: Bool) {
        #expect((ServerFacts(info: info).versionComplaint == nil) == isAccepted)
    }

    @Test("INFO is read line by line, whatever else it says")
    func info() {
        let facts = ServerFacts(
            info:
                "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1 x86_64\r\n\r\n# Memory\r\nmaxmemory_policy:allkeys-lru"
                + "\r\n# Persistence\r\nloading:1\r\n# Replication\r\nrole:slave\r\n")
        #expect(facts.version == "7.0.15")
        #expect(facts.evictionPolicy == "allkeys-lru")
        #expect(facts.isLoading)
        #expect(facts.isReplica)
        #expect(!ServerFacts(info: "loading:0\r\nrole:master").isLoading)
    }
}
