// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging

/// What a new connection says and asks before anybody uses it.
struct RedisHandshake {
    let configuration: RedisConfiguration
    let logger: Logger
    /// The main connection asks whether the server is suitable; channels for blocking reads follow it without asking.
    let checksServer: Bool

    func run(on connection: RedisConnection) async throws(RedisError) {
        do throws(RedisError) {
            try await exchange(on: connection)
        } catch {
            switch error.kind {
            // What TLS refuses, such as a certificate, arrives as the end of the connection.
            case .connectionLost, .notConnected: throw RedisError(.connectFailed, error.message)
            default: throw error
            }
        }
    }

    /// All commands travel together: one round trip.
    private func exchange(on connection: RedisConnection) async throws(RedisError) {
        var commands: [RedisArguments] = []
        if let password = configuration.password {
            commands.append(RedisArguments(["AUTH"] + (configuration.username.map { [$0] } ?? []) + [password]))
        }
        let selectIndex = commands.count
        if configuration.database != 0 { commands.append(["SELECT", "\(configuration.database)"]) }
        let requiredCount = commands.count
        commands.append(["CLIENT", "SETNAME", configuration.clientName])
        if checksServer {
            commands.append(["INFO"])
            commands.append(["CONFIG", "GET", "maxmemory-policy"])
        }
        let replies = await connection.pipeline(commands, timeout: configuration.connectTimeout)
        for (index, reply) in replies.prefix(requiredCount).enumerated() {
            guard case .failure(let error) = reply else { continue }
            guard error.kind == .server else { throw error }
            let what = index < selectIndex ? "the log-in" : "database \(configuration.database)"
            throw RedisError(refusing: what, serverError: error)
        }
        // A name that cannot be set is no reason to stop, a lost connection is.
        if case .failure(let error) = replies[requiredCount], error.kind != .server || error.prefix == "NOAUTH" {
            throw error.kind == .server ? RedisError(refusing: "us without a password", serverError: error) : error
        }
        if checksServer {
            try check(info: replies[requiredCount + 1], policy: replies[requiredCount + 2])
        }
    }

    /// Refuses a server that would lose what is queued or does not know our commands.
    private func check(
        info: Result<RedisReply, RedisError>, policy: Result<RedisReply, RedisError>
    ) throws(RedisError) {
        let facts: ServerFacts
        switch info {
        case .success(let reply): facts = ServerFacts(info: reply.string ?? "")
        case .failure(let error) where error.kind == .server: facts = ServerFacts(info: "")
        case .failure(let error): throw error
        }
        if facts.isLoading {
            throw RedisError(serverMessage: "LOADING Redis is loading its data into memory")
        }
        if facts.isReplica {
            throw RedisError(serverMessage: "READONLY this Redis is a replica, not the master")
        }
        if let reason = facts.versionComplaint { throw RedisError(.unsuitableServer, reason) }
        if facts.version == nil {
            logger.warning("the version of Redis cannot be read (INFO is refused); 6.2 or later, or Valkey, is needed")
        }
        var policyName = facts.evictionPolicy
        if case .success(.array(let pair)) = policy, pair.count == 2 { policyName = pair[1].string }
        guard let policyName else {
            logger.warning(
                "maxmemory-policy of Redis cannot be read (CONFIG GET and INFO are refused); it must be noeviction")
            return
        }
        guard policyName == "noeviction" else {
            throw RedisError(
                .unsuitableServer,
                "Redis has maxmemory-policy \(policyName): it would silently drop queued work when its memory is full; "
                    + "set maxmemory-policy to noeviction")
        }
    }
}

/// What `INFO` tells; every part may be missing on managed servers.
struct ServerFacts {
    private(set) var version: String?
    private(set) var isValkey = false
    private(set) var evictionPolicy: String?
    private(set) var isLoading = false
    private(set) var isReplica = false

    init(info: String) {
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = String(line[line.index(after: colon)...])
            switch line[..<colon] {
            case "redis_version": version = version ?? value
            case "valkey_version":
                version = value
                isValkey = true
            case "maxmemory_policy": evictionPolicy = value
            case "loading": isLoading = value == "1"
            case "role": isReplica = value == "slave"
            default: break
            }
        }
    }

    /// Scripts use effects of 6.2, such as `ZADD GT` and `ZRANGE` with its options.
    var versionComplaint: String? {
        guard let version, !isValkey else { return nil }
        let numbers = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return "the version of Redis is unreadable: \(version)" }
        if numbers[0] > 6 || (numbers[0] == 6 && numbers[1] >= 2) { return nil }
        return "Redis \(version) is too old: 6.2 or later, or Valkey, is needed"
    }
}

extension RedisError {
    /// Keeps the server's prefix, and says what it refused.
    init(refusing what: String, serverError: RedisError) {
        self.init(
            kind: .server, prefix: serverError.prefix, message: "Redis refuses \(what): \(serverError.message)")
    }
}
