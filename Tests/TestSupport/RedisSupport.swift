// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Logging
package import Redis

/// The Redis that tests share: `TEST_REDIS_URL`, or one private server per test process.
package enum RedisForTests {
    private static let server = Task { try await RedisServer.start() }

    package static func url() async throws -> String {
        if let text = getenv("TEST_REDIS_URL") { return String(cString: text) }
        return try await server.value.url
    }
}

/// Lends a client that is connected and closes it afterwards.
///
/// - Parameters:
///   - url: The shared Redis when `nil`.
///   - configure: Changes the configuration before the client is made.
package func withRedis<Value>(
    _ url: String? = nil, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    configure: (inout RedisConfiguration) -> Void = { _ in }, _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    var address = url
    if address == nil { address = try await RedisForTests.url() }
    var configuration = try RedisConfiguration(url: address ?? "")
    // Another machine's hiccup is not what the tests are about.
    configuration.commandTimeout = .seconds(20)
    configuration.connectTimeout = .seconds(20)
    configure(&configuration)
    let client = RedisClient(configuration: configuration, logger: logger)
    do {
        try await client.start()
        let value = try await body(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

/// Lends a client and the name of a queue that nobody else uses; its keys, `{scim:<name>}:…`, are removed afterwards.
package func withKeyPrefix<Value>(
    _ body: (_ client: RedisClient, _ name: String) async throws -> Value
) async throws -> Value {
    try await withRedis { client in
        let name = "test-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        do {
            let value = try await body(client, name)
            try await removeKeys(client, "{scim:\(name)}:*")
            return value
        } catch {
            try await removeKeys(client, "{scim:\(name)}:*")
            throw error
        }
    }
}

private func removeKeys(_ client: RedisClient, _ pattern: String) async throws {
    var cursor = "0"
    repeat {
        let page = try await client.send(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", "1000"))
        guard let parts = page.array, parts.count == 2, let next = parts[0].string, let keys = parts[1].array
        else { throw RedisError(.unexpectedReply, "SCAN gave no page") }
        if !keys.isEmpty {
            _ = try await client.send(RedisCommand(["UNLINK"] + keys.compactMap(\.string)))
        }
        cursor = next
    } while cursor != "0"
}
