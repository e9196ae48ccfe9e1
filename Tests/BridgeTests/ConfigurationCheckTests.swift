// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import ProvisioningDouble
import Redis
import Storage
import TestSupport
import Testing
import UDMDouble

@testable import scim_bridge

/// What `check-config` finds out about a configuration whose settings are valid.
@Suite(.timeLimit(.minutes(2))) struct ConfigurationCheckTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs one check.
    /// - Returns: What it complains about; nil when all is well.
    private func complaint(_ name: String, _ configuration: BridgeConfiguration) async throws -> String? {
        let check = try #require(
            ConfigurationCheck.all(for: configuration, logger: Self.logger).first { $0.name == name })
        do {
            try await check.run()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("Only what the roles need is checked")
    func byRole() throws {
        try withSettings { (settings) throws in
            func names(_ roles: Set<Role>) throws -> [String] {
                ConfigurationCheck.all(for: try settings.read(roles: roles), logger: Self.logger).map(\.name)
            }
            #expect(try names([.api]) == ["Password key", "Tokens", "PostgreSQL", "Redis"])
            #expect(try names([.worker]) == ["Password key", "PostgreSQL", "Redis", "UDM"])
            #expect(try names([.events]) == ["PostgreSQL", "Redis", "Provisioning"])
        }
    }

    @Test("A token file is read, and its broken line named")
    func tokens() async throws {
        try await withFolder { (folder) async throws in
            let settings = Settings(folder: folder)
            #expect(try await complaint("Tokens", settings.read(roles: [.api])) == nil)
            _ = settings.file("tokens", "# a comment\nno token\n")
            #expect(try await complaint("Tokens", settings.read(roles: [.api]))?.contains("line 2") == true)
        }
    }

    @Test("A password key must be one")
    func passwordKey() async throws {
        try await withFolder { (folder) async throws in
            let settings = Settings(folder: folder)
            #expect(try await complaint("Password key", settings.read(roles: [.worker])) == nil)
            _ = settings.file("key", "too short")
            #expect(try await complaint("Password key", settings.read(roles: [.worker])) != nil)
        }
    }

    @Test("Certificate and key are loaded, and must belong together")
    func certificate() async throws {
        let certificates = try RedisCertificates()
        defer { certificates.remove() }
        let (first, second) = (
            try certificates.sign("first", names: "DNS:a"), try certificates.sign("second", names: "DNS:b")
        )
        try await withFolder { (folder) async throws in
            let settings = Settings(folder: folder)
            func complaint(_ certificate: String, _ key: String) async throws -> String? {
                try await self.complaint(
                    "TLS certificate",
                    settings.read(
                        changing: ["TLS_CERTIFICATE_FILE": certificate, "TLS_KEY_FILE": key], roles: [.api]))
            }
            #expect(try await complaint(first.certificateFile, first.keyFile) == nil)
            #expect(try await complaint(first.certificateFile, second.keyFile)?.contains("TLS_KEY_FILE") == true)
            #expect(try await complaint(first.keyFile, first.keyFile)?.contains("TLS_CERTIFICATE_FILE") == true)
            let nothing = settings.file("empty", "")
            #expect(try await complaint(nothing, first.keyFile)?.contains("TLS_CERTIFICATE_FILE") == true)
            #expect(try await complaint(first.certificateFile, nothing)?.contains("TLS_KEY_FILE") == true)
        }
    }

    @Test("The database must be migrated")
    func schema() async throws {
        try await withSchema { (database) async throws in
            try await withFolder { (folder) async throws in
                var configuration = try Settings(folder: folder).read(roles: [.events])
                configuration.database = database
                let complaint = try await complaint("PostgreSQL", configuration)
                #expect(complaint?.contains("run scim-bridge migrate") == true)
                _ = try await Migrator(
                    configuration: database, folder: configuration.schemaFolder, logger: Self.logger
                ).migrate()
                #expect(try await self.complaint("PostgreSQL", configuration) == nil)
                configuration.schemaFolder = folder
                #expect(try await self.complaint("PostgreSQL", configuration)?.contains("SCHEMA_FOLDER") == true)
            }
        }
    }

    @Test("Redis is reached")
    func redis() async throws {
        let url = try await RedisForTests.url()
        try await withFolder { (folder) async throws in
            var configuration = try Settings(folder: folder).read(roles: [.events])
            configuration.redis = try RedisConfiguration(url: url)
            #expect(try await complaint("Redis", configuration) == nil)
            configuration.redis = try RedisConfiguration(url: "redis://127.0.0.1:1")
            #expect(try await complaint("Redis", configuration) != nil)
        }
    }

    @Test("UDM is asked for the containers of new users and groups")
    func positions() async throws {
        try await withFolder { (folder) async throws in
            let settings = Settings(folder: folder)
            let double = try UDMDouble(UDMDouble.Configuration(), logger: Self.logger)
            try await double.start()
            let password = settings.file("udm-password", "univention")
            func complaint(_ changes: [String: String]) async throws -> String? {
                let account = [
                    "UDM_URL": double.baseURL ?? "", "UDM_USERNAME": "svc-scim", "UDM_PASSWORD_FILE": password,
                ]
                return try await self.complaint(
                    "UDM", settings.read(changing: account.merging(changes) { $1 }, roles: [.worker]))
            }
            do {
                #expect(try await complaint([:]) == nil)
                #expect(try await complaint(["UDM_USER_POSITION": "cn=users,dc=example,dc=org"]) == nil)
                for setting in ["UDM_USER_POSITION", "UDM_GROUP_POSITION"] {
                    let complaint = try await complaint([setting: "ou=nowhere,dc=example,dc=org"])
                    #expect(complaint?.hasPrefix(setting) == true)
                }
            } catch {
                try await double.stop()
                throw error
            }
            try await double.stop()
        }
    }

    @Test("Provisioning is asked with the account, not only reached")
    func provisioning() async throws {
        try await withFolder { (folder) async throws in
            let settings = Settings(folder: folder)
            try await withProvisioningDouble { (double) async throws in
                func complaint(password: String) async throws -> String? {
                    let file = settings.file("password", password)
                    return try await self.complaint(
                        "Provisioning",
                        settings.read(
                            changing: [
                                "PROVISIONING_URL": double.baseURL, "PROVISIONING_USERNAME": "udm",
                                "PROVISIONING_PASSWORD_FILE": file,
                            ], roles: [.events]))
                }
                #expect(try await complaint(password: "udmpass") == nil)
                #expect(try await complaint(password: "wrong")?.contains("PROVISIONING_PASSWORD_FILE") == true)
                #expect(double.messages.isEmpty)
            }
        }
    }
}
