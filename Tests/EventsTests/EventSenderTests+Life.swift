// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Postgres
import ProvisioningDouble
import Queue
import SCIM
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import Events

/// Waking, stopping, and more than one sender.
extension EventSenderTests {
    @Test("a signal is answered at once, however long the interval")
    func signal() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                var configuration = configuration(double)
                configuration.pollInterval = .seconds(600)
                let signal = EventSignal()
                try await outbox.sending(configuration, signal: signal) { _ in
                    for number in 1...3 {
                        try await outbox.put([Row.make(id: .random(), order: Int64(number), resourceID: .random())])
                        signal.raise()
                        #expect(await double.messages(count: number, within: .seconds(20)).count == number)
                    }
                }
            }
        }
    }

    @Test("what another process tells over Redis is answered at once, however long the interval, and delays no stop")
    func news() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await withKeyPrefix { redis, name async throws in
                    var configuration = configuration(double)
                    configuration.pollInterval = .seconds(600)
                    let (ours, theirs) = (WorkQueue(client: redis, name: name), WorkQueue(client: redis, name: name))
                    let news: @Sendable (Duration) async throws -> Bool = { try await ours.waitForEvents(upTo: $0) }
                    // The first look finds one, so that this process sends when it begins to listen.
                    try await outbox.put([Row.make(id: .random(), order: 1, resourceID: .random())])
                    var stopping = clock.now
                    var looks = 0
                    try await outbox.sending(configuration, news: news) { _ in
                        for number in 2...4 {
                            #expect(await double.messages(count: number - 1, within: .seconds(20)).count == number - 1)
                            // One look has found the event before, and one has found nothing: the sender waits.
                            try await outbox.waitForLooks(looks + 2)
                            looks = outbox.looks
                            let row = Row.make(id: .random(), order: Int64(number), resourceID: .random())
                            try await outbox.put([row])
                            theirs.announceEvents()
                        }
                        #expect(await double.messages(count: 4, within: .seconds(20)).count == 4)
                        stopping = clock.now
                    }
                    #expect(clock.now - stopping < .seconds(3))
                }
            }
        }
    }

    @Test("events of other processes are found without a signal")
    func poll() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.sending(configuration(double)) { _ in
                    for number in 1...3 {
                        try await outbox.put([Row.make(id: .random(), order: Int64(number), resourceID: .random())])
                        #expect(await double.messages(count: number, within: .seconds(20)).count == number)
                    }
                }
            }
        }
    }

    @Test("an event that is not due yet holds back the later ones of its resource")
    func notDue() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let user = ResourceID.random()
                let start = clock.now
                try await outbox.put(
                    [Row.make(id: .random(), order: 1, resourceID: user)], due: .now().advanced(by: .seconds(1)))
                try await outbox.put([
                    Row.make(id: .random(), order: 2, resourceID: user),
                    Row.make(id: .random(), order: 3, resourceID: .random()),
                ])
                try await outbox.sending(configuration(double)) { _ in
                    _ = await double.messages(count: 3, within: .seconds(20))
                }
                #expect(double.messages.map(\.event?.order) == [3, 1, 2])
                #expect(clock.now - start >= .seconds(1))
            }
        }
    }

    @Test("a graceful stop finishes what is in flight and begins nothing more")
    func gracefulStop() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.latency = .milliseconds(300) }
                let events = events(resources: 1, perResource: 10)
                try await outbox.put(events)
                try await outbox.sending(configuration(double)) { group in
                    _ = await double.messages(count: 1, within: .seconds(20))
                    await group.triggerGracefulShutdown()
                }
                let sent = double.messages.count
                #expect(sent < 5)
                #expect(try await outbox.left().map(\.id) == events.dropFirst(sent).map(\.id))
            }
        }
    }

    @Test("a graceful stop does not wait for a service that hangs")
    func stopWhileHanging() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.sending(configuration(double)) { _ in
                    try await outbox.put(events(resources: 1, perResource: 1))
                    _ = try await outbox.left(until: isEmpty)
                    double.changeSwitches { $0.faults[.hangAfterAccept] = .always }
                    try await outbox.put(events(resources: 1, perResource: 1))
                    _ = await double.messages(count: 2, within: .seconds(20))
                }
                // Whether it got through is not known, so it stays.
                #expect(try await outbox.left().count == 1)
            }
        }
    }

    @Test("an event whose row could not be deleted is sent again only by another sender, under the same id")
    func deletionBlocked() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let event = Row.make(id: .random(), order: 1)
                try await outbox.put([event])
                // A lock on the row holds up its deletion.
                try await outbox.connection.run("BEGIN; SELECT FROM event_delivery FOR UPDATE")
                let other = Row.make(id: .random(), order: 2, resourceID: .random())
                let sender = Task {
                    try await outbox.sending(configuration(double)) { _ in
                        _ = await double.messages(count: 1, within: .seconds(20))
                    }
                }
                _ = await double.messages(count: 1, within: .seconds(20))
                try await outbox.connection.run("COMMIT")
                try await sender.value
                #expect(double.messages.count == 1)
                // A crash between the acceptance and the deletion leaves the row.
                try await outbox.put([event, other])
                try await outbox.sending(configuration(double)) { _ in _ = try await outbox.left(until: isEmpty) }
                #expect(double.check.duplicates.map(\.eventID) == [event.id.description])
                #expect(double.messages.count == 3)
            }
        }
    }

    @Test("of two senders on one outbox one sends, so that nothing is doubled or overtaken")
    func oneSender() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.put(events(resources: 10, perResource: 10))
                try await outbox.sending(configuration(double)) { _ in
                    try await outbox.sending(configuration(double)) { _ in _ = try await outbox.left(until: isEmpty) }
                }
                #expect(double.messages.count == 100)
                #expect(double.check.isOrdered)
                #expect(double.check.duplicates.isEmpty)
            }
        }
    }

    @Test("the leadership is asked for also while every sink is waited for, or it would be taken for lost")
    func leadsWhileWaiting() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches {
                    $0.faults[.unavailable] = .always
                    $0.retryAfterSeconds = 600
                }
                let log = LogCollector()
                var configuration = configuration(double)
                configuration.parallelResources = 1
                configuration.sampleInterval = .milliseconds(50)
                try await outbox.put(events(resources: 1, perResource: 1))
                try await outbox.sending(configuration, log: log) { _ in
                    try await waitFor { log.lines(.warning).contains { $0.contains("does not take events") } }
                    let before = try await outbox.leaderAsked()
                    let deadline = clock.now + .seconds(20)
                    while try await outbox.leaderAsked() == before, clock.now < deadline {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    #expect(try await outbox.leaderAsked() != before)
                }
            }
        }
    }

    @Test("a process that loses the lead while it prepares the outbox sends nothing")
    func leadLostMeanwhile() async throws {
        try await withOutbox { outbox in
            let (first, second) = (outbox.database.leadership(.events), outbox.database.leadership(.events))
            _ = try await outbox.database.events.useSinks([.provisioning])
            let lead = SendingLead(
                leadership: first, events: outbox.database.events, sinks: [.provisioning],
                logger: LogCollector().logger)
            // Tidying up waits for the end of this.
            try await outbox.connection.run("BEGIN; LOCK TABLE event_delivery IN SHARE MODE")
            let answer = Task { await lead.hold() }
            func wait(for isSo: () async throws -> Bool) async throws {
                let deadline = clock.now + .seconds(20)
                while try await !isSo(), clock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
            }
            try await wait {
                try await outbox.connection.execute(
                    PostgresStatement(
                        unnamed:
                            "SELECT count(*) FROM pg_locks WHERE relation = 'event_delivery'::regclass AND NOT granted")
                )[0].int(0) == 1
            }
            try await outbox.connection.run(
                """
                SELECT pg_terminate_backend(l.pid) FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted
                    AND (l.classid::int8 << 32) + l.objid::int8 = \(0x5343_494D_0002)
                """)
            try await wait { await second.hold() }
            try await outbox.connection.run("COMMIT")
            #expect(await !answer.value)
            #expect(await !lead.isLeadingNow)
            await second.resign()
            try await wait { await lead.hold() }
            #expect(await lead.isLeadingNow)
            await first.resign()
        }
    }

    @Test("the request id of the SCIM call is passed on if it is a UUID, else the event's id")
    func requestID() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let other = Row.make(id: .random(), order: 2, resourceID: .random(), requestID: "call 7\r\nX: y")
                try await outbox.put([Row.make(id: .random(), order: 1), other])
                try await outbox.sending(configuration(double)) { _ in _ = try await outbox.left(until: isEmpty) }
                let ids = Set(double.messages.map(\.requestID))
                #expect(ids == [Row.requestID, other.id.description])
            }
        }
    }

    @Test("a configuration that cannot work ends the sender before anything is sent")
    func brokenConfiguration() async throws {
        try await withOutbox { outbox in
            var configuration = Row.configuration()
            configuration.provisioning?.publisherName = "Not One"
            let sender = EventSender(
                configuration: configuration, events: outbox.database.events,
                leadership: outbox.database.leadership(.events), logger: LogCollector().logger)
            await #expect(throws: EventSenderConfigurationError.self) { try await sender.run() }
        }
    }
}
