// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Foundation
import Postgres
import Redis
import SCIM
import Sync
import Testing
import UDM

@testable import scim_bridge

/// What is read from the environment and the file, and what is refused.
@Suite struct ConfigurationTests {
    @Test("The settings of all roles are read")
    func complete() throws {
        try withSettings { (settings) throws in
            let configuration = try settings.read()
            #expect(configuration.udm?.username == "svc-scim")
            #expect(configuration.udm?.password == "secret")
            #expect(configuration.events?.publicURL == "https://scim.example.org/scim/v2")
            #expect(configuration.publicURL == "https://scim.example.org/scim/v2")
            #expect(configuration.database.sslMode == "verify-full")
            #expect(configuration.redis?.tls != nil)
            #expect(configuration.sync.leaseLength == .seconds(15))
        }
    }

    @Test("Every missing setting is told, not only the first")
    func empty() throws {
        let problems = problems(of: [:], roles: Set(Role.allCases))
        for name in [
            "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "STATIC_TOKENS_FILE", "PASSWORD_KEY_FILE", "UDM_URL",
            "UDM_USERNAME", "UDM_PASSWORD_FILE", "PROVISIONING_URL", "PROVISIONING_USERNAME",
            "PROVISIONING_PASSWORD_FILE",
        ] {
            #expect(problems.contains { $0.hasPrefix("\(name) is not set") }, "\(name)")
        }
    }

    @Test(
        "A role does not read the settings of the others",
        arguments: [
            (Role.api, ["UDM_URL", "LEASE_SECONDS", "PROVISIONING_URL", "UDM_CA_FILE"]),
            (.worker, ["HTTP_ADDRESS", "TLS_KEY_FILE", "STATIC_TOKENS_FILE", "PROVISIONING_URL", "PUBLIC_URL"]),
            (.events, ["HTTP_ADDRESS", "UDM_URL", "LEASE_SECONDS", "PASSWORD_KEY_FILE", "UDM_USERNAME_RULE"]),
        ])
    func byRole(role: Role, others: [String]) throws {
        try withSettings { (settings) throws in
            for name in others {
                #expect(throws: Never.self, "\(name)") {
                    try settings.read(changing: [name: "!"], roles: [role])
                }
                #expect(throws: ConfigurationProblems.self, "\(name)") {
                    try settings.read(changing: [name: "!"], roles: Set(Role.allCases))
                }
            }
        }
    }

    @Test("Migrating needs the database only")
    func migrate() throws {
        let configuration = try BridgeConfiguration.read(
            roles: [], environment: ["DATABASE_URL": "postgresql://127.0.0.1/scim", "OPS_ADDRESS": "!"]
        ).configuration
        #expect(configuration.redis == nil)
    }

    @Test("Events need the public address; the API knows its own")
    func publicURL() throws {
        try withSettings { (settings) throws in
            #expect(throws: ConfigurationProblems.self) {
                try settings.read(changing: ["PUBLIC_URL": ""], roles: [.events])
            }
            #expect(
                try settings.read(changing: ["PUBLIC_URL": "", "HTTP_ADDRESS": ":8081"], roles: [.api]).publicURL
                    == "http://localhost:8081/scim/v2")
            #expect(
                try settings.read(changing: ["PUBLIC_URL": "https://s.example/scim/v2//"], roles: [.events])
                    .events?.publicURL == "https://s.example/scim/v2")
        }
    }

    // MARK: Secrets

    @Test(
        "A secret in a plain variable is refused",
        arguments: ["DATABASE_PASSWORD", "REDIS_PASSWORD", "OPS_TOKEN", "UDM_PASSWORD", "PROVISIONING_PASSWORD"])
    func plainSecret(name: String) throws {
        try withSettings { (settings) throws in
            let problems = settings.problems(changing: [name: "hunter2"])
            #expect(problems.contains { $0.hasPrefix("\(name) is set") && $0.contains("\(name)_FILE") })
            #expect(!problems.joined().contains("hunter2"))
        }
    }

    @Test(
        "A password in a URL is refused and never shown",
        arguments: [
            ("DATABASE_URL", "postgresql://scim:hunter2@db.example.org/scim"),
            ("DATABASE_URL", "postgresql://scim@db.example.org/scim?password=hunter2"),
            ("DATABASE_URL", "postgresql://db.example.org/scim?user=scim&sslpassword=hunter2"),
            ("DATABASE_URL", "postgresql://scim:h@hunter2@db.example.org/scim"),
            ("REDIS_URL", "rediss://:hunter2@redis.example.org:6379/0"),
            ("UDM_URL", "https://svc:hunter2@dc.example.org/univention/udm/"),
            ("PROVISIONING_URL", "https://p.example.org/?PassWord=hunter2"),
            ("PUBLIC_URL", "https://a:hunter2@scim.example.org/scim/v2"),
        ])
    func passwordInURL(name: String, url: String) throws {
        try withSettings { (settings) throws in
            let problems = settings.problems(changing: [name: url])
            #expect(problems.contains { $0.hasPrefix("\(name) holds a password") })
            #expect(!problems.joined().contains("hunter2"))
        }
        #expect(!SettingURL.masked(url).contains("hunter2"))
    }

    @Test(
        "What is shown of a URL holds no password",
        arguments: [
            ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
            ("redis://u:p@w@h/0", "redis://u:***@h/0"),
            ("redis://u:p/w@h/0", "redis://u:***@h/0"),
            ("postgresql://u@h/d?x=1&password=pw&y=2", "postgresql://u@h/d?x=1&password=***&y=2"),
            ("postgresql://u@h/d?p%61ssword=pw", "postgresql://u@h/d?p%61ssword=***"),
            ("postgresql://u:pw@a,b:5433/d", "postgresql://u:***@a,b:5433/d"),
            // This colon could belong to a password with a slash in it: rather too much is hidden.
            ("https://h:8443/x@y", "https://h:***@y"),
            ("info", "info"), ("https://h/", "https://h/"), ("https://h:8443/x", "https://h:8443/x"),
        ])
    func masked(url: String, shown: String) {
        #expect(SettingURL.masked(url) == shown)
    }

    @Test("Nothing shown of a usable configuration is a secret (R-32)")
    func shown() throws {
        try withSettings { (settings) throws in
            let shown = try BridgeConfiguration.read(roles: Set(Role.allCases), environment: settings.environment).shown
            #expect(!shown.contains { $0.value.contains("secret") && !$0.value.hasPrefix("/") })
            #expect(Set(shown.map(\.name)).count == shown.count)
        }
    }

    // MARK: TLS

    @Test(
        "A connection without TLS over the network is refused unless it is allowed",
        arguments: [
            ("UDM_URL", "http://dc.example.org/univention/udm/"), ("PROVISIONING_URL", "http://provisioning"),
            ("REDIS_URL", "redis://redis.example.org/0"),
            ("DATABASE_URL", "postgresql://db.example.org/scim?sslmode=disable"),
            ("DATABASE_URL", "postgresql://db.example.org/scim?sslmode=prefer"),
            ("DATABASE_URL", "postgresql://127.0.0.1,db.example.org/scim?sslmode=allow"),
            ("DATABASE_URL", "postgresql:///scim?host=db.example.org&sslmode=disable"),
            ("DATABASE_URL", "postgresql://localhost/scim?hostaddr=192.0.2.1&sslmode=disable"),
            ("DATABASE_URL", "postgresql://db.example.org/scim?sslmode=require"),
        ])
    func plaintext(name: String, url: String) throws {
        try withSettings { (settings) throws in
            #expect(settings.problems(changing: [name: url]).contains { $0.hasPrefix(name) })
            #expect(settings.problems(changing: [name: url, "ALLOW_PLAINTEXT": "true"]).isEmpty)
        }
    }

    @Test(
        "On this machine nothing needs TLS",
        arguments: [
            ("UDM_URL", "http://127.0.0.1:9979/univention/udm/"), ("PROVISIONING_URL", "http://localhost:7777"),
            ("REDIS_URL", "redis://[::1]:6379/0"), ("DATABASE_URL", "postgresql://127.1.2.3/scim"),
            ("DATABASE_URL", "postgresql:///scim?host=%2Frun%2Fpostgresql"), ("DATABASE_URL", "postgresql:///scim"),
            ("DATABASE_URL", "postgresql://localhost/scim?sslmode=disable"),
        ])
    func loopback(name: String, url: String) throws {
        try withSettings { (settings) throws in
            #expect(settings.problems(changing: [name: url]).isEmpty)
        }
    }

    @Test("Without sslmode the server is verified, except on this machine")
    func sslMode() throws {
        try withSettings { (settings) throws in
            func mode(_ url: String) throws -> String? {
                try settings.read(changing: ["DATABASE_URL": url]).database.sslMode
            }
            #expect(try mode("postgresql://db.example.org/scim") == "verify-full")
            #expect(try mode("postgresql://127.0.0.1,db.example.org/scim") == "verify-full")
            #expect(try mode("postgresql://127.0.0.1.example.org/scim") == "verify-full")
            #expect(try mode("postgresql:///scim?service=other") == "verify-full")
            #expect(try mode("postgresql://db.example.org/scim?sslmode=verify-ca") == nil)
            #expect(try mode("postgresql://127.0.0.1/scim") == nil)
        }
    }

    @Test("Files with authorities and certificates reach the clients")
    func authorities() throws {
        try withSettings { (settings) throws in
            let file = settings.file("ca.pem", Settings.certificate)
            let configuration = try settings.read(changing: [
                "DATABASE_CA_FILE": file, "UDM_CA_FILE": file, "PROVISIONING_CA_FILE": file, "REDIS_CA_FILE": file,
                "REDIS_CERTIFICATE_FILE": file, "REDIS_KEY_FILE": file,
            ])
            #expect(configuration.database.sslRootCertificate == file)
            #expect(configuration.udm?.trustRootsFile == file)
            #expect(configuration.events?.provisioning?.trustRootsFile == file)
            #expect(configuration.redis?.tls?.authorityFile == file)
            #expect(configuration.redis?.tls?.certificateFile == file && configuration.redis?.tls?.keyFile == file)
            for name in ["DATABASE_CA_FILE", "UDM_CA_FILE", "PROVISIONING_CA_FILE", "REDIS_CA_FILE"] {
                #expect(settings.problems(changing: [name: "/nowhere"]).contains { $0.hasPrefix(name) })
            }
            #expect(settings.problems(changing: ["REDIS_KEY_FILE": file]).count == 1)
            #expect(
                settings.problems(changing: ["REDIS_CA_FILE": file, "REDIS_URL": "redis://127.0.0.1/0"]).count == 1)
            let url = "postgresql://db.example.org/scim?sslrootcert=/x"
            #expect(settings.problems(changing: ["DATABASE_CA_FILE": file, "DATABASE_URL": url]).count == 1)
        }
    }

    // MARK: Documentation

    @Test("The settings page describes every setting and no other")
    func documentation() throws {
        let page = try String(contentsOfFile: packageFolder + "/docs/operating/settings.md", encoding: .utf8)
        var described: Set<String> = []
        for line in page.split(separator: "\n") where line.hasPrefix("| `") {
            let cell = line.dropFirst(2).prefix { $0 != "|" }
            described.formUnion(cell.split(separator: "`").filter { $0.first?.isUppercase == true }.map(String.init))
        }
        let refused: Set = [
            "OIDC_ISSUERS", "OIDC_AUDIENCES", "OIDC_CLIENT_IDS", "OIDC_JWKS_FILE", "SCIM_CLIENT_GROUP",
        ]
        #expect(described == SettingName.all.subtracting(refused))
    }
}
