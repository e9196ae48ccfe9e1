// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import Logging
import NIOHTTP1
import ProvisioningDouble
import Redis
import SCIM
import Storage
import TestSupport
import Testing

/// Several sinks, each with its own position.
extension EventSenderTests {
    private func webhook(_ receiver: HTTPReceiver) -> WebhookConfiguration {
        WebhookConfiguration(url: receiver.url, secrets: [Row.webhookSecret].compactMap(\.self))
    }

    private func ids(_ receiver: HTTPReceiver) -> [String] { receiver.requests.flatMap { $0.headers["webhook-id"] } }

    @Test("every sink gets every event once, in order per resource, and the same one")
    func everySink() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await HTTPReceiver.run { (receiver) async throws in
                try await withKeyPrefix { (redis, name) async throws in
                    try await withOutbox { (outbox) async throws in
                        var configuration = configuration(double)
                        configuration.webhook = webhook(receiver)
                        let key = "test-\(name)"
                        configuration.redisStream = RedisStreamConfiguration(name: key)
                        let events = events(resources: 5, perResource: 6)
                        try await outbox.put(events)
                        try await outbox.sending(configuration, redis: redis) { (_) async throws in
                            _ = await double.messages(count: 30, within: .seconds(20))
                            #expect(try await outbox.left(until: isEmpty).isEmpty)
                            // Later ones go to all from the beginning.
                            let more = Row.make(id: .random(), order: 1000, resourceID: .random())
                            try await outbox.put([more])
                            #expect(try await outbox.left(until: isEmpty).isEmpty)
                        }
                        #expect(try await outbox.count() == 0)
                        #expect(double.messages.count == 31 && double.check.isOrdered)
                        #expect(ids(receiver).count == 31 && Set(ids(receiver)).count == 31)
                        #expect(Set(ids(receiver)) == Set(double.messages.compactMap(\.event?.eventID)))
                        try expectOrder(receiver)
                        let length = try await redis.send(RedisCommand("XLEN", key)).integer
                        #expect(length == 31)
                        _ = try await redis.send(RedisCommand("UNLINK", key))
                    }
                }
            }
        }
    }

    /// Of each resource the orders rise, repetitions apart.
    private func expectOrder(_ receiver: HTTPReceiver) throws {
        var last: [String: Int64] = [:]
        for request in receiver.requests {
            let new = try JSONValue(parsing: request.body)["body"]?["new"]
            let id = new?["id"]?.stringValue ?? ""
            let order = new?["urn:univention:scim:event:1.0"]?["order"]?.integerValue ?? 0
            #expect(order >= last[id] ?? 0)
            last[id] = order
        }
    }

    @Test("a sink that is down delays no other, keeps its events, and gets them in order when it is back")
    func oneDown() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await withOutbox { (outbox) async throws in
                let events = events(resources: 5, perResource: 4)
                var configuration = configuration(double)
                let port = try await HTTPReceiver.run { $0.port }
                configuration.webhook = WebhookConfiguration(
                    url: "http://127.0.0.1:\(port)/hook", secrets: [Row.webhookSecret].compactMap(\.self))
                try await outbox.sending(configuration) { (_) async throws in
                    // The sinks are known from here on.
                    _ = try await outbox.sinks(until: ["provisioning", "webhook"])
                    try await outbox.put(events)
                    _ = await double.messages(count: 20, within: .seconds(20))
                    let left = try await outbox.left(until: { !$0.contains { $0.sink == "provisioning" } })
                    #expect(left.map(\.sink) == Array(repeating: "webhook", count: 20))
                    #expect(try await outbox.count() == 20)
                    try await HTTPReceiver.run(port: port) { (receiver) async throws in
                        #expect(try await outbox.left(until: isEmpty).isEmpty)
                        #expect(Set(ids(receiver)) == Set(events.map(\.id.description)))
                        try expectOrder(receiver)
                    }
                }
                #expect(try await outbox.count() == 0)
                #expect(double.check.duplicates.isEmpty)
            }
        }
    }

    @Test("a receiver that is gone is held and told, and asked again after a while")
    func goneReceiver() async throws {
        try await HTTPReceiver.run(answering: { number, _ in .init(status: number <= 2 ? 410 : 200) }) {
            (receiver) async throws in
            try await withOutbox { (outbox) async throws in
                let log = LogCollector()
                var configuration = EventSenderConfiguration(webhook: webhook(receiver))
                configuration.pollInterval = .milliseconds(50)
                configuration.recoveryInterval = .milliseconds(100)
                configuration.parallelResources = 1
                let events = events(resources: 1, perResource: 3)
                try await outbox.put(events)
                try await outbox.sending(configuration, log: log) { (_) async throws in
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                }
                #expect(log.lines(.critical).first?.contains("EVENTS_SINKS") == true)
                let sent = events.map(\.id.description)
                #expect(ids(receiver) == [sent[0], sent[0], sent[0], sent[1], sent[2]])
            }
        }
    }

    @Test("a receiver that fails is tried again with the same id, signed anew")
    func failingReceiver() async throws {
        try await HTTPReceiver.run(answering: { number, _ in
            number == 1 ? .init(status: 500) : .init(status: 204, isDropped: number == 2)
        }) { (receiver) async throws in
            try await withOutbox { (outbox) async throws in
                var configuration = EventSenderConfiguration(webhook: webhook(receiver))
                configuration.pollInterval = .milliseconds(50)
                let event = Row.make(id: .random(), order: 1)
                try await outbox.put([event])
                try await outbox.sending(configuration) { (_) async throws in
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                }
                #expect(ids(receiver) == Array(repeating: event.id.description, count: 3))
            }
        }
    }

    @Test("a sink that is no longer named gets nothing more, the others lose nothing")
    func removedSink() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await HTTPReceiver.run(answering: { _, _ in .init(status: 503) }) { (receiver) async throws in
                try await withOutbox { (outbox) async throws in
                    var both = configuration(double)
                    both.webhook = webhook(receiver)
                    try await outbox.put(events(resources: 3, perResource: 2))
                    try await outbox.sending(both) { (_) async throws in
                        _ = try await outbox.left(until: { $0.count == 6 && $0.allSatisfy { $0.sink == "webhook" } })
                    }
                    let log = LogCollector()
                    try await outbox.sending(configuration(double), log: log) { (_) async throws in
                        #expect(try await outbox.left(until: isEmpty).isEmpty)
                        try await outbox.put(events(resources: 1, perResource: 1))
                        _ = await double.messages(count: 7, within: .seconds(20))
                    }
                    #expect(double.messages.count == 7)
                    #expect(try await outbox.count() == 0)
                    #expect(log.lines(.warning).contains { $0.contains("webhook") && $0.contains("6") })
                }
            }
        }
    }

    @Test(
        "a receiver that takes no large bodies gets an event with less in it, under the same id; what stays too large is put aside",
        arguments: [20_000, 3_000, 200])
    func tooLarge(limit: Int) async throws {
        try await HTTPReceiver.run(answering: { _, request in
            .init(status: request.body.count > limit ? 413 : 204)
        }) { (receiver) async throws in
            try await withOutbox { (outbox) async throws in
                var configuration = EventSenderConfiguration(webhook: webhook(receiver))
                configuration.pollInterval = .milliseconds(50)
                let members = (0..<300).map(Row.member)
                let description = String(repeating: "x", count: 2_000)
                var group = Row.group(
                    old: .array(members), new: .array(Array(members.dropFirst())),
                    attributes: ["displayName": "crew", "description": .string(description)])
                group.order = 1
                let next = Row.make(id: .random(), order: 2, resourceID: .random())
                try await outbox.put([group])
                try await outbox.sending(configuration) { (_) async throws in
                    let left = try await outbox.left(until: { $0.allSatisfy(\.isParked) })
                    #expect(left.map(\.lastError) == (limit == 200 ? ["HTTP 413"] : []))
                    receiver.answer { _, request in .init(status: request.body.count > max(limit, 2_000) ? 413 : 204) }
                    try await outbox.put([next])
                    _ = try await outbox.left(until: { $0.allSatisfy(\.isParked) })
                }
                #expect(ids(receiver).last == next.id.description)
                let sizes = receiver.requests.dropLast().map(\.body.count)
                #expect(sizes.count > 1 && sizes.count < 12 && sizes == sizes.sorted(by: >))
                let last = try JSONValue(parsing: try #require(receiver.requests.dropLast().last).body)
                let new = last["body"]?["new"]
                let metadata = new?["urn:univention:scim:event:1.0"]
                #expect(new?["members"] == nil && new?["displayName"] == "crew")
                #expect(metadata?["eventId"] == .string(group.id.description))
                #expect(metadata?["membersOmitted"] == true)
                #expect(metadata?["membersDelta"]?["removed"] == [.string(Row.memberID(0))] || limit == 200)
                #expect((new?["description"] != nil) == (limit == 20_000))
            }
        }
    }

    @Test("a parked event that is sent again comes with its own id")
    func resent() async throws {
        try await HTTPReceiver.run(answering: { number, _ in .init(status: number == 1 ? 422 : 200) }) {
            (receiver) async throws in
            try await withOutbox { (outbox) async throws in
                var configuration = EventSenderConfiguration(webhook: webhook(receiver))
                configuration.pollInterval = .milliseconds(50)
                let events = events(resources: 1, perResource: 2)
                try await outbox.put(events)
                try await outbox.sending(configuration) { (_) async throws in
                    let left = try await outbox.left(until: { $0.count == 1 })
                    #expect(left.map(\.id) == [events[0].id] && left.allSatisfy(\.isParked))
                    _ = try await outbox.database.events.resendParked(ParkedSelection(), actor: "test")
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                }
                let sent = events.map(\.id.description)
                #expect(ids(receiver) == [sent[0], sent[1], sent[0]])
            }
        }
    }
}
