// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import Redis
import SCIM
import Storage
import TestSupport
import Testing

@Suite struct RedisStreamSinkTests {
    private func message(_ number: Int = 1) throws -> EventMessage {
        try EventBuilder(Row.configuration()).message(of: Row.make(id: .random(), order: Int64(number)))
    }

    @Test("an entry has the fields that consumers need, and the body as the other sinks send it")
    func entry() async throws {
        try await withKeyPrefix { client, name in
            let key = "{scim:\(name)}:events"
            let sink = RedisStreamSink(configuration: RedisStreamConfiguration(name: key), client: client)
            let event = try message()
            #expect(await sink.probe() == .accepted)
            #expect(await sink.publish(event) == .accepted)
            #expect(await sink.probe() == .accepted)
            let entries = try #require(try await client.send(RedisCommand("XRANGE", key, "-", "+")).array)
            let words = try #require(entries.first?.array?.last?.array).compactMap(\.string)
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: words.count - 1, by: 2) { fields[words[index]] = words[index + 1] }
            #expect(fields["id"] == "\(event.id)")
            #expect(fields["order"] == "1")
            #expect(fields["realm"] == "scim" && fields["topic"] == "user")
            #expect(fields["ts"] == "2026-11-21T09:15:30.123456Z")
            let body = try JSONValue(parsing: Array(try #require(fields["body"]).utf8))
            #expect(body == (try JSONValue(parsing: event.json)["body"]))
            #expect(fields.count == 6)
        }
    }

    @Test("the stream keeps about as many entries as it shall")
    func bounded() async throws {
        try await withKeyPrefix { client, name in
            let key = "{scim:\(name)}:events"
            let sink = RedisStreamSink(
                configuration: RedisStreamConfiguration(name: key, maximumLength: 1000), client: client)
            let event = try message()
            for _ in 0..<2500 { #expect(await sink.publish(event) == .accepted) }
            let length = try #require(try await client.send(RedisCommand("XLEN", key)).integer)
            #expect(length >= 1000 && length < 1300)
        }
    }

    @Test("a key that is no stream is told before anything is sent")
    func otherKey() async throws {
        try await withKeyPrefix { client, name in
            let key = "{scim:\(name)}:events"
            _ = try await client.send(RedisCommand("SET", key, "x"))
            let sink = RedisStreamSink(configuration: RedisStreamConfiguration(name: key), client: client)
            for answer in [await sink.probe(), await sink.publish(try message())] {
                guard case .misconfigured(let reason) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                #expect(reason.contains("EVENTS_STREAM_NAME"))
            }
        }
    }

    @Test("a Redis that is away is waited for")
    func away() async throws {
        let client = RedisClient(
            configuration: try RedisConfiguration(url: "redis://127.0.0.1:1/0"), logger: LogCollector().logger)
        try? await client.start()
        let sink = RedisStreamSink(configuration: RedisStreamConfiguration(), client: client)
        for answer in [await sink.probe(), await sink.publish(try message())] {
            guard case .retry = answer else {
                Issue.record("\(answer)")
                continue
            }
        }
        await client.close()
    }
}
