// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@Suite struct RedisConfigurationTests {
    @Test(
        "A URL names host, port, database, user and TLS",
        arguments: [
            ("redis://localhost", "redis://localhost:6379/0", nil),
            ("redis://localhost/", "redis://localhost:6379/0", nil),
            ("redis://10.0.0.1:6380/3", "redis://10.0.0.1:6380/3", nil),
            ("rediss://redis.example:6390/15", "rediss://redis.example:6390/15", nil),
            ("redis://[::1]:6380/1", "redis://[::1]:6380/1", nil),
            ("redis://[2001:db8::7]", "redis://[2001:db8::7]:6379/0", nil),
            ("redis://:secret@host", "redis://host:6379/0", "secret"),
            ("redis://bridge:p%40ss%2Fw%3Ard@host:1/2", "redis://bridge@host:1/2", "p@ss/w:rd"),
            ("redis://bridge:a:b@host", "redis://bridge@host:6379/0", "a:b"),
            ("redis://us%C3%A9r:x@host", "redis://usér@host:6379/0", "x"),
        ] as [(String, String, String?)])
    func valid(url: String, description: String, password: String?) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.description == description)
        #expect(configuration.password == password)
        #expect((configuration.tls != nil) == url.hasPrefix("rediss"))
    }

    @Test(
        "An unusable URL is refused with a reason, and without the password",
        arguments: [
            "", "localhost:6379", "http://localhost", "redis://", "redis://:6379", "redis://host:0",
            "redis://host:65536",
            "redis://host:abc", "redis://host/abc", "redis://host/-1", "redis://[::1", "redis://hunter2%zz@host",
            "redis://a:hunter2%2@host", "redis://u:hunter2%ff@host", "redis://host:6379?db=1", "redis://user@host",
        ])
    func invalid(url: String) {
        let found = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(found?.kind == .configuration)
        #expect(found?.canRetry == false)
        #expect(found?.message.contains("hunter2") == false)
    }

    @Test("User name and password given apart win over the URL's")
    func override() throws {
        let configuration = try RedisConfiguration(url: "redis://a:b@host", username: "c", password: "d")
        #expect(configuration.username == "c")
        #expect(configuration.password == "d")
    }

    @Test("No way of printing a configuration shows the password")
    func noLeak() throws {
        let configuration = try RedisConfiguration(url: "rediss://bridge@host", password: "hunter2")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), "\(Optional(configuration) as Any)", dumped,
        ] {
            #expect(!text.contains("hunter2"))
        }
    }
}
