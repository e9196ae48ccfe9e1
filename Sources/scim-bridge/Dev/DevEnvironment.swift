// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The servers below `dev`, and the settings that lead to them. Real addresses in the environment take the place of an embedded server.
struct DevEnvironment: Sendable {
    /// The embedded parts, in the order in which they start.
    enum Part: String, CaseIterable, Sendable {
        case postgresql, redis, udm, provisioning

        /// The setting whose presence means that a real one is to be used.
        var setting: String {
            switch self {
            case .postgresql: "DATABASE_URL"
            case .redis: "REDIS_URL"
            case .udm: "UDM_URL"
            case .provisioning: "PROVISIONING_URL"
            }
        }

        /// Named in the order in which people think of them; PostgreSQL and Redis avoid the ports of a system service.
        var usualPort: Int {
            switch self {
            case .postgresql: 54_320
            case .redis: 56_379
            case .udm: 9979
            case .provisioning: 7777
            }
        }
    }

    let folder: DevFolder
    private(set) var ports: [String: Int] = [:]
    private let outer: [String: String]

    init(folder: DevFolder, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.folder = folder
        outer = environment
    }

    func isEmbedded(_ part: Part) -> Bool { (outer[part.setting] ?? "").isEmpty }

    /// UDM and Provisioning, as far as they are no doubles.
    var realSystems: [Part] { [.udm, .provisioning].filter { !isEmbedded($0) } }

    /// Data written for one UDM or Provisioning service are never sent to another: what a demo left unfinished would arrive in a real one.
    func claimSystems() throws {
        guard isEmbedded(.postgresql) else { return }
        var systems: [String: String] = [:]
        for part in [Part.udm, .provisioning] {
            systems[part.rawValue] = isEmbedded(part) ? "double" : SettingURL.masked(outer[part.setting] ?? "")
        }
        for (name, before) in folder.state().systems {
            guard let now = systems[name], now != before else { continue }
            throw CommandFailure(
                """
                the data in \(folder.path) were made for \(name) \(before), now it is \(now). Give it a folder of its own (--folder \
                OTHER), or begin anew with --fresh
                """, status: ExitStatus.unavailable)
        }
        try folder.changeState { [systems] in $0.systems = systems }
    }

    // MARK: Ports

    /// Keeps the ports of the last run while they can be had, otherwise takes the usual or a free one.
    mutating func choosePorts(scim: Int, operations: Int) throws {
        let saved = folder.state().ports
        for part in Part.allCases where isEmbedded(part) {
            let process = ChildProcess(part.rawValue, in: folder)
            if let port = saved[part.rawValue], process.runningID != nil {
                ports[part.rawValue] = port
            } else {
                ports[part.rawValue] = try LoopbackPort.free(wanted: saved[part.rawValue] ?? part.usualPort)
            }
        }
        ports["scim"] = try LoopbackPort.free(wanted: scim)
        ports["operations"] = try LoopbackPort.free(wanted: operations)
        let chosen = ports
        try folder.changeState { $0.ports = chosen }
    }

    func port(_ part: Part) -> Int { ports[part.rawValue] ?? folder.state().ports[part.rawValue] ?? part.usualPort }

    // MARK: Parts

    /// - Parameter latency: Of the doubles, such as `200ms`.
    /// - Returns: The settings under which the part is reached.
    func start(_ part: Part, latency: String, isEmpty: Bool = false) async throws -> [String: String] {
        switch part {
        case .postgresql:
            let url = try await EmbeddedPostgres(folder: folder, port: port(part)).start()
            return ["DATABASE_URL": url, "DATABASE_PASSWORD_FILE": try folder.secret("database-password").file]
        case .redis:
            let url = try await EmbeddedRedis(folder: folder, port: port(part)).start(isEmpty: isEmpty)
            return ["REDIS_URL": url, "REDIS_PASSWORD_FILE": try folder.secret("redis-password").file]
        case .udm:
            let password = try folder.secret("udm-password").file
            let schemaFile = try schemaFile()
            try await startDouble(
                part,
                ["--latency", latency, "--username", "svc-scim", "--password-file", password]
                    + (schemaFile.map { ["--schema-file", $0] } ?? []))
            return [
                "UDM_URL": "http://127.0.0.1:\(port(part))/univention/udm/", "UDM_USERNAME": "svc-scim",
                "UDM_PASSWORD_FILE": password,
            ]
        case .provisioning:
            let password = try folder.secret("provisioning-password").file
            try await startDouble(part, ["--latency", latency, "--username", "events", "--password-file", password])
            return [
                "PROVISIONING_URL": "http://127.0.0.1:\(port(part))", "PROVISIONING_USERNAME": "events",
                "PROVISIONING_PASSWORD_FILE": password,
            ]
        }
    }

    func stop(_ part: Part) async {
        switch part {
        case .postgresql: await EmbeddedPostgres(folder: folder, port: port(part)).stop()
        case .redis: await EmbeddedRedis(folder: folder, port: port(part)).stop()
        case .udm, .provisioning: await ChildProcess(part.rawValue, in: folder).stop()
        }
    }

    func stopAll() async {
        for part in Part.allCases.reversed() { await stop(part) }
    }

    /// Removes all data; nothing may be running.
    func wipe() throws {
        for name in ["postgresql", "redis"] { try ServerFolder.remove(name, in: folder) }
        try ServerFolder.removeOutsideFolder(of: folder)
        for name in ["doubles", "logs", "secrets", "run", "state.json", "tokens", "demo.json"] {
            let path = folder.path + "/" + name
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        }
    }

    private func startDouble(_ part: Part, _ arguments: [String]) async throws {
        let process = ChildProcess(part.rawValue, in: folder)
        let port = port(part)
        if process.runningID != nil, LoopbackPort.answers(port) { return }
        await process.stop()
        let journal = folder.journals + "/" + part.rawValue
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: true)
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        try process.start([program, "double", part.rawValue, "--port", "\(port)", "--journal", journal] + arguments)
        try await process.waitUntilReady { LoopbackPort.answers(port) }
    }

    // MARK: Settings

    /// The schema file that the double and the bridge are to share, as far as one is set.
    /// - Throws: ``ConfigurationProblems`` for one that cannot be used.
    func schemaFile() throws -> String? {
        var reader = SettingsReader(environment: outer)
        guard let path = reader.optional("SCHEMA_FILE") else { return nil }
        _ = try SchemaFile.schema(at: path)
        return path
    }

    /// Development defaults (R-29: they live here and in the chart, not in `serve`); what the environment says wins.
    func settings(_ found: [String: String]) throws -> [String: String] {
        let scheme = outer["TLS_CERTIFICATE_FILE"] == nil ? "http" : "https"
        let address = outer["HTTP_ADDRESS"] ?? "127.0.0.1:\(ports["scim"] ?? 8080)"
        var settings: [String: String] = [
            "HTTP_ADDRESS": address,
            "OPS_ADDRESS": "127.0.0.1:\(ports["operations"] ?? 9090)",
            "PUBLIC_URL": "\(scheme)://\(address.replacing("0.0.0.0", with: "127.0.0.1"))/scim/v2",
            "UDM_USERNAME_RULE": "local-part",
            "LOG_FORMAT": "text",
            "LOG_LEVEL": "warning",
            "PASSWORD_KEY_FILE": try folder.secret("password-key").file,
            "STATIC_TOKENS_FILE": folder.path + "/tokens",
        ]
        settings.merge(found) { _, new in new }
        settings.merge(outer) { _, new in new }
        return settings
    }

    /// The development token, made at the first run.
    func token() throws -> String {
        let file = folder.path + "/secrets/token"
        if let token = try? String(contentsOfFile: file, encoding: .utf8),
            FileManager.default.fileExists(atPath: folder.path + "/tokens")
        {
            return token.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let token = try TokenFile(path: folder.path + "/tokens").create(
            client: "dev", tenant: "default", scopes: ["scim.read", "scim.write"], lifetime: nil)
        _ = try folder.secret("token", value: token)
        return token
    }
}
