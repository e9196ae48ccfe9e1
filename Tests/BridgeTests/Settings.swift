// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import scim_bridge

/// The folder of this package.
let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// A complete set of settings, and a folder for their files.
struct Settings {
    let folder: String
    private(set) var environment: [String: String] = [:]

    init(folder: String) {
        self.folder = folder
        let secret = file("secret", "secret\n")
        environment = [
            "DATABASE_URL": "postgresql://scim@db.example.org/scim", "DATABASE_PASSWORD_FILE": secret,
            "REDIS_URL": "rediss://redis.example.org:6379/0", "REDIS_PASSWORD_FILE": secret,
            "PUBLIC_URL": "https://scim.example.org/scim/v2", "STATIC_TOKENS_FILE": file("tokens", ""),
            "PASSWORD_KEY_FILE": file("key", String(repeating: "00", count: 32)),
            "UDM_URL": "https://dc.example.org/univention/udm/", "UDM_USERNAME": "svc-scim",
            "UDM_PASSWORD_FILE": secret, "PROVISIONING_URL": "https://provisioning.example.org",
            "PROVISIONING_USERNAME": "events", "PROVISIONING_PASSWORD_FILE": secret,
            "SCHEMA_FOLDER": packageFolder + "/schema",
        ]
    }

    /// Writes a file for the time of the test.
    /// - Returns: Its path.
    func file(_ name: String, _ content: String) -> String {
        let path = folder + "/" + name
        #expect(FileManager.default.createFile(atPath: path, contents: Data(content.utf8)))
        return path
    }

    @discardableResult
    func read(
        changing changes: [String: String] = [:], roles: Set<Role> = Set(Role.allCases)
    ) throws -> BridgeConfiguration {
        try BridgeConfiguration.read(
            roles: roles, environment: environment.merging(changes) { _, new in new }
        ).configuration
    }

    func problems(changing changes: [String: String], roles: Set<Role> = Set(Role.allCases)) -> [String] {
        BridgeTests.problems(of: environment.merging(changes) { _, new in new }, roles: roles)
    }

    /// Of no authority that anybody trusts.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCATCgAwIBAgIUHfT1Zof6Kpb0hgmoMyzBtBpk8NQwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRc2NpbS1icmlkZ2UgdGVzdHMwIBcNMjAwMTAxMDAwMDAwWhgP
        MjEyMDAxMDEwMDAwMDBaMBwxGjAYBgNVBAMMEXNjaW0tYnJpZGdlIHRlc3RzMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV6kvsyovt+mqpJSoGatY+rj5QIpoOFGX
        bZdosLpJ0T89qwXdsqPgOqMYnSBGezeW1sEyS68X35GsqKI4m1NopaNOMEwwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0O
        BBYEFOLR1/x3uZ5M7MRs6r/4ICIU/bFRMAoGCCqGSM49BAMCA0cAMEQCIEzwgrz0
        6DSqwo8Dhr/lJpeZ8rYiHwrgp3OzCGikAtTWAiAKc+sHWFC9Vb9OQVzsCtL6QP06
        H7gZDiGDrLXBZjeIGA==
        -----END CERTIFICATE-----
        """
}

/// What is wrong with an environment; empty when it is usable.
func problems(of environment: [String: String], roles: Set<Role>) -> [String] {
    do {
        _ = try BridgeConfiguration.read(roles: roles, environment: environment)
        return []
    } catch let error as ConfigurationProblems {
        return error.problems
    } catch {
        return ["\(error)"]
    }
}

/// Lends a folder of its own, removed afterwards.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = try newFolder()
    do {
        let value = try await body(folder)
        try FileManager.default.removeItem(atPath: folder)
        return value
    } catch {
        try? FileManager.default.removeItem(atPath: folder)
        throw error
    }
}

/// Lends a complete set of settings.
func withSettings(_ body: (Settings) throws -> Void) throws {
    let folder = try newFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(Settings(folder: folder))
}

private func newFolder() throws -> String {
    let path = "/tmp/scim-bridge-test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    return path
}
