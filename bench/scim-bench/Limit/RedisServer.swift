// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Redis

/// The Redis of the bridge, as its owner sees it.
struct RedisServer: Sendable {
    let client: RedisClient

    /// - Throws: ``BenchFailure`` when it is on another machine and that was not allowed, or when it does not answer.
    static func open(_ options: RedisOptions, allowingRemote: Bool) async throws -> RedisServer {
        var configuration: RedisConfiguration
        do throws(RedisError) {
            configuration = try options.configuration()
        } catch {
            throw BenchFailure(error.message)
        }
        guard allowingRemote || Target.isLoopback(configuration.endpoint.host) else {
            throw BenchFailure("the Redis is not on this machine. Add --allow-remote if it may be put under full load")
        }
        configuration.clientName = "scim-bench"
        // To forget a million resources takes longer than any command of the bridge.
        configuration.commandTimeout = .seconds(60)
        var logger = Logger(label: "scim-bench")
        logger.logLevel = .warning
        let client = RedisClient(configuration: configuration, logger: logger)
        do throws(RedisError) {
            try await client.start()
        } catch {
            await client.close()
            throw BenchFailure("Redis cannot be reached: \(error.message)")
        }
        return RedisServer(client: client)
    }

    func close() async { await client.close() }

    /// Forgets everything.
    /// - Throws: ``BenchFailure`` when there is something that is no queue's.
    func empty() async throws {
        var cursor = "0"
        repeat {
            let page = try await client.send(RedisCommand("SCAN", cursor, "COUNT", "1000")).array ?? []
            for key in page.last?.array ?? [] {
                guard let name = key.string, name.hasPrefix("{scim:") else {
                    throw BenchFailure(
                        "this Redis holds more than queues, and the bench empties it. Use one of its own")
                }
            }
            cursor = page.first?.string ?? "0"
        } while cursor != "0"
        _ = try await client.send(RedisCommand("FLUSHDB"))
    }

    /// What is known of UDM: a worker that starts now begins with as few calls as after a day of rest.
    func forgetCallLimits(ofQueue name: String) async throws {
        var cursor = "0"
        repeat {
            // The characters of a queue's name mean nothing else in a pattern.
            let page = try await client.send(
                RedisCommand("SCAN", cursor, "MATCH", "{scim:\(name)}:limit:*", "COUNT", "1000"))
            for key in page.array?.last?.array?.compactMap(\.string) ?? [] {
                _ = try await client.send(RedisCommand("DEL", key))
            }
            cursor = page.array?.first?.string ?? "0"
        } while cursor != "0"
    }

    /// Bytes, by Redis' own count.
    func usedMemory() async throws -> Int {
        guard let value = Self.field("used_memory", of: try await info("memory")).flatMap({ Int($0) }) else {
            throw BenchFailure("Redis does not tell how much memory it uses")
        }
        return value
    }

    /// Nil when it does not run on this machine, or does not say.
    func pid() async throws -> Int32? { Self.field("process_id", of: try await info("server")).flatMap { Int32($0) } }

    private func info(_ section: String) async throws -> String {
        try await client.send(RedisCommand("INFO", section)).string ?? ""
    }

    /// The value of a line `name:value`.
    static func field(_ name: String, of info: String) -> String? {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(name):") }
        return line.map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}

struct RedisOptions: ParsableArguments {
    @Option(help: "Redis of the server, such as redis://127.0.0.1:6379/0; otherwise REDIS_URL.") var redisUrl: String?
    @Option(help: "File with its password; otherwise REDIS_PASSWORD_FILE.") var redisPasswordFile: String?

    func validate() throws {
        guard url != nil else { throw ValidationError("--redis-url is needed, or REDIS_URL in the environment") }
    }

    private var environment: [String: String] { ProcessInfo.processInfo.environment }
    private var url: String? { redisUrl ?? environment["REDIS_URL"] }

    /// Of the bridge.
    var queueName: String { environment["QUEUE_NAME"] ?? "default" }

    func configuration() throws(RedisError) -> RedisConfiguration {
        let file = redisPasswordFile ?? environment["REDIS_PASSWORD_FILE"]
        let password = file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        return try RedisConfiguration(
            url: url ?? "", password: password?.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
