// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Sync
import Testing
import UDM

@testable import scim_bridge

@Suite struct SettingsFileTests {
    @Test("All settings may stand in the file, numbers and lists too, and names that begin alike")
    func complete() throws {
        try withSettings { (settings) throws in
            let strings = settings.environment.map { "\"\($0.key)\": \"\($0.value)\"" }
            let others = [
                #""LEASE_SECONDS": 60"#, #""MAIL_DOMAINS": ["a.example", "B.example"]"#, #""ALLOW_PLAINTEXT": true"#,
                #""UDM_USERNAME_RULE": "replace""#, #""UDM_CONCURRENCY_MAX": "3""#,
            ]
            let file = settings.file("config.json", "{\((strings + others).joined(separator: ", "))}")
            let configuration = try BridgeConfiguration.read(
                roles: Set(Role.allCases), environment: ["CONFIG_FILE": file]
            ).configuration
            #expect(configuration.sync.leaseLength == .seconds(60))
            #expect(configuration.sync.concurrency == 3)
            #expect(configuration.rules.mailDomains == ["a.example", "b.example"])
            #expect(configuration.rules.userNameRule == .replace(with: "_"))
            #expect(configuration.udm?.username == "svc-scim")
        }
    }

    @Test("The environment wins")
    func environmentWins() throws {
        try withSettings { (settings) throws in
            let file = settings.file("config.json", #"{"LEASE_SECONDS": 60, "QUEUE_NAME": "file"}"#)
            let configuration = try settings.read(changing: ["CONFIG_FILE": file, "LEASE_SECONDS": "30"])
            #expect(configuration.sync.leaseLength == .seconds(30))
            #expect(configuration.queueName == "file")
        }
    }

    @Test(
        "What is no setting, or has no text, is told by name",
        arguments: [
            (#"{"LEASE_SECOND": 60}"#, "LEASE_SECOND"), (#"{"lease_seconds": 60}"#, "lease_seconds"),
            (#"{"udm": {"url": "https://x/"}}"#, "udm"), (#"{"QUEUE_NAME": {"a": 1}}"#, "QUEUE_NAME"),
            (#"{"QUEUE_NAME": null}"#, "QUEUE_NAME"), (#"{"MAIL_DOMAINS": [["a"]]}"#, "MAIL_DOMAINS"),
            (#"{"CONFIG_FILE": "/other"}"#, "CONFIG_FILE"), (#"{"UDM_PASSWORD": "hunter2"}"#, "UDM_PASSWORD_FILE"),
            (#"{"LEASE_SECONDS": 6e400}"#, "LEASE_SECONDS"), (#"{"LEASE_SECONDS": 2.5}"#, "LEASE_SECONDS"),
            (#"{"": 1}"#, "CONFIG_FILE"), (#"{"a": 1, "a": 2}"#, "CONFIG_FILE"), ("[]", "one JSON object"),
            ("LEASE_SECONDS=60", "no JSON"), ("", "no JSON"),
        ])
    func refused(content: String, name: String) throws {
        try withSettings { (settings) throws in
            let problems = settings.problems(changing: ["CONFIG_FILE": settings.file("config.json", content)])
            #expect(problems.contains { $0.contains(name) })
            #expect(!problems.joined().contains("hunter2"))
        }
    }

    @Test("All problems of a file are told at once")
    func allProblems() throws {
        try withSettings { (settings) throws in
            let file = settings.file("config.json", #"{"A": 1, "B": 2, "QUEUE_NAME": null, "LOG_LEVEL": "loud"}"#)
            #expect(settings.problems(changing: ["CONFIG_FILE": file]).count == 4)
        }
    }

    @Test("A file that is not there is a problem of its own", arguments: ["/nowhere/config.json", "/tmp"])
    func missing(path: String) throws {
        try withSettings { (settings) throws in
            #expect(settings.problems(changing: ["CONFIG_FILE": path]).contains { $0.contains(path) })
        }
    }
}
