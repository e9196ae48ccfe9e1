// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import Logging
import ProvisioningDouble
import SCIM
import ServiceLifecycle
import Storage
import Testing

/// The sender between a real PostgreSQL and the double of the Provisioning service.
///
/// One after the other: leadership is a lock of the whole database, and tests share one.
@Suite(.serialized) struct EventSenderTests {
    let clock = ContinuousClock()

    func configuration(_ double: ProvisioningDouble) -> EventSenderConfiguration {
        var configuration = Row.configuration(url: double.baseURL)
        configuration.pollInterval = .milliseconds(50)
        configuration.recoveryInterval = .milliseconds(100)
        return configuration
    }

    /// `perResource` events of each of `resources` users, the orders spread over all of them.
    func events(resources: Int, perResource: Int) -> [OutboxEvent] {
        var events: [OutboxEvent] = []
        let users = (0..<resources).map { _ in ResourceID.random() }
        for revision in 1...perResource {
            for user in users {
                events.append(
                    Row.make(
                        id: .random(), order: Int64(events.count + 1), resourceID: user, revision: Int64(revision),
                        operation: revision == 1 ? .create : .modify,
                        old: revision == 1 ? nil : Row.state(["userName": "jo"])))
            }
        }
        return events
    }

    func isEmpty(_ left: [Outbox.Left]) -> Bool { left.isEmpty }

    @Test("every event is sent once, in order per resource, and deleted")
    func sendsAll() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let events = events(resources: 20, perResource: 10)
                // Rows are committed in any order.
                try await outbox.put(events.shuffled())
                try await outbox.sending(configuration(double)) { _ in
                    _ = try await outbox.left(until: isEmpty)
                }
                #expect(try await outbox.left().isEmpty)
                #expect(Set(double.messages.compactMap(\.event?.eventID)) == Set(events.map(\.id.description)))
                #expect(double.messages.count == 200)
                #expect(double.check.isOrdered)
                #expect(double.check.duplicates.isEmpty)
            }
        }
    }

    @Test("rows of every kind are taken by the service")
    func everyKind() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await withOutbox { (outbox) async throws in
                for (index, name) in Samples.all.keys.sorted().enumerated() {
                    let sample = try #require(Samples.all[name])
                    try await outbox.put([
                        Row.make(
                            id: .random(), order: Int64(index), type: sample.type, resourceID: .random(),
                            revision: sample.revision, kind: sample.kind, operation: sample.operation,
                            old: sample.oldState, new: sample.newState,
                            oldMembers: try sample.oldMembers.map { try JSONValue(parsing: $0) },
                            newMembers: try sample.newMembers.map { try JSONValue(parsing: $0) },
                            membersDelta: try sample.membersDelta.map { try JSONValue(parsing: $0) },
                            error: try sample.error.map { try JSONValue(parsing: $0) })
                    ])
                }
                try await outbox.sending(configuration(double)) { (_) async throws in
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                }
                #expect(double.messages.count == Samples.all.count)
                #expect(double.check.withoutMetadata == 0)
                #expect(Set(double.messages.map(\.topic)) == ["user", "group", "scim2udm"])
            }
        }
    }

    @Test("more events than one batch holds are sent in rounds")
    func batches() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.put(events(resources: 7, perResource: 15))
                var configuration = configuration(double)
                configuration.batchSize = 10
                configuration.parallelResources = 3
                try await outbox.sending(configuration) { _ in _ = try await outbox.left(until: isEmpty) }
                #expect(double.messages.count == 105)
                #expect(double.check.isOrdered)
            }
        }
    }

    @Test("an event with a lower order that is committed later is sent too")
    func lateCommit() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.sending(configuration(double)) { _ in
                    try await outbox.put([Row.make(id: .random(), order: 10, resourceID: .random())])
                    _ = await double.messages(count: 1, within: .seconds(20))
                    try await outbox.put([Row.make(id: .random(), order: 5, resourceID: .random())])
                    _ = await double.messages(count: 2, within: .seconds(20))
                }
                #expect(double.messages.map(\.event?.order) == [10, 5])
            }
        }
    }

    @Test(
        "an event that fails holds back the later ones of its resource, not those of others",
        arguments: [
            Fault.internalError, .unavailable, .dropBeforeAccept,
        ])
    func failureHoldsBack(fault: Fault) async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await outbox.sending(configuration(double)) { _ in
                    // The probe at the start is over when the first event is there.
                    try await outbox.put([Row.make(id: .random(), order: 1, resourceID: .random())])
                    _ = await double.messages(count: 1, within: .seconds(20))
                    double.changeSwitches { $0.faults[fault] = .next(1) }
                    try await outbox.put(events(resources: 3, perResource: 3))
                    _ = try await outbox.left(until: isEmpty)
                }
                #expect(double.messages.count == 10)
                #expect(double.check.isOrdered)
                #expect(double.check.duplicates.isEmpty)
                #expect(double.switches.faults.isEmpty)
            }
        }
    }

    @Test(
        "a lost answer makes a duplicate with the same event id, in order",
        arguments: [
            Fault.dropAfterAccept, .hangAfterAccept,
        ])
    func lostAnswer(fault: Fault) async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches {
                    $0.faults[fault] = .next(2)
                    $0.hangLength = .milliseconds(50)
                }
                let events = events(resources: 1, perResource: 3)
                try await outbox.put(events)
                try await outbox.sending(configuration(double)) { _ in _ = try await outbox.left(until: isEmpty) }
                let ids = events.map(\.id.description)
                #expect(double.messages.compactMap(\.event?.eventID) == [ids[0], ids[0], ids[0], ids[1], ids[2]])
                #expect(double.check.isOrdered)
            }
        }
    }

    @Test("a refused account holds everything, tells it once as critical, and goes on when it is right again")
    func refusedAccount() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.faults[.unauthorized] = .always }
                let log = LogCollector()
                try await outbox.put(events(resources: 3, perResource: 2))
                try await outbox.sending(configuration(double), log: log) { _ in
                    try await waitFor { log.lines(.error).count >= 2 }
                    #expect(try await outbox.left().allSatisfy { $0.sendAttempts == 0 && !$0.isParked })
                    #expect(double.messages.isEmpty)
                    double.changeSwitches { $0.faults[.unauthorized] = nil }
                    _ = try await outbox.left(until: isEmpty)
                }
                #expect(double.messages.count == 6)
                #expect(log.lines(.critical).count == 1)
                #expect(log.lines(.critical).first?.contains("PROVISIONING_PASSWORD_FILE") == true)
            }
        }
    }

    @Test("an account that is refused in the middle holds everything too")
    func accountRefusedLater() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let log = LogCollector()
                try await outbox.sending(configuration(double), log: log) { _ in
                    try await outbox.put(events(resources: 1, perResource: 1))
                    _ = try await outbox.left(until: isEmpty)
                    double.changeSwitches { $0.faults[.unauthorized] = .next(3) }
                    try await outbox.put(events(resources: 4, perResource: 2))
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                }
                #expect(double.messages.count == 9)
                #expect(log.lines(.critical).count == 1)
            }
        }
    }

    @Test("a wrong address holds everything")
    func wrongAddress() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let log = LogCollector()
                try await outbox.put(events(resources: 1, perResource: 1))
                var configuration = configuration(double)
                configuration.provisioning?.url = double.baseURL + "/wrong"
                try await outbox.sending(configuration, log: log) { _ in
                    try await waitFor { !log.lines(.critical).isEmpty }
                }
                #expect(log.lines(.critical).first?.contains("PROVISIONING_URL") == true)
                #expect(try await outbox.left().map(\.sendAttempts) == [0])
            }
        }
    }

    @Test("a publisher name that the service does not know puts no event aside, and is told with a hint")
    func unknownPublisher() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                let log = LogCollector()
                try await outbox.put(events(resources: 5, perResource: 1))
                var configuration = configuration(double)
                configuration.provisioning?.publisherName = "scim-server"
                try await outbox.sending(configuration, log: log) { _ in
                    try await waitFor { !log.lines(.critical).isEmpty }
                    #expect(log.lines(.critical).first?.contains("PROVISIONING_PUBLISHER_NAME") == true)
                    #expect(try await outbox.left().allSatisfy { !$0.isParked })
                    double.changeSwitches { $0.additionalPublishers = ["scim-server"] }
                    _ = try await outbox.left(until: isEmpty)
                }
                #expect(try double.messages.first?.decoded()["publisher_name"] == "scim-server")
            }
        }
    }

    @Test("an event that the service refuses is put aside with the reason, and the next ones go")
    func refusedEvent() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.faults[.publisherRefused] = .next(1) }
                let log = LogCollector()
                let events = events(resources: 1, perResource: 3)
                try await outbox.put(events)
                try await outbox.sending(configuration(double), log: log) { _ in
                    _ = await double.messages(count: 2, within: .seconds(20))
                    _ = try await outbox.left(until: { $0.count == 1 })
                }
                let left = try await outbox.left()
                #expect(left.map(\.id) == [events[0].id])
                #expect(left.first?.isParked == true)
                #expect(left.first?.lastError?.contains("PROVISIONING_PUBLISHER_NAME") == true)
                #expect(double.messages.compactMap(\.event?.eventID) == events.dropFirst().map(\.id.description))
                #expect(log.lines(.error).count == 1)
            }
        }
    }

    @Test("three refusals of the publisher name in a row hold everything instead of putting all aside")
    func refusedPublisherHolds() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.faults[.publisherRefused] = .next(3) }
                let log = LogCollector()
                try await outbox.put(events(resources: 1, perResource: 10))
                var configuration = configuration(double)
                configuration.parallelResources = 1
                try await outbox.sending(configuration, log: log) { _ in
                    _ = try await outbox.left(until: { $0.count == 2 })
                }
                #expect(try await outbox.left().allSatisfy(\.isParked))
                #expect(double.messages.count == 8)
                #expect(log.lines(.critical).count == 1)
            }
        }
    }

    @Test("a row that must not be sent is put aside and never leaves")
    func unusableRows() async throws {
        try await withProvisioningDouble { (double) async throws in
            try await withOutbox { (outbox) async throws in
                let log = LogCollector()
                let secret = Row.make(
                    id: .random(), order: 1, new: Row.state(["userName": "jo", "password": "hunter2"]))
                let empty = Row.make(id: .random(), order: 2, new: nil)
                let good = Row.make(id: .random(), order: 3)
                try await outbox.put([secret, empty, good])
                try await outbox.sending(configuration(double), log: log) { _ in
                    _ = try await outbox.left(until: { $0.count == 2 })
                }
                let left = try await outbox.left()
                #expect(left.map(\.id) == [secret.id, empty.id])
                #expect(left.map(\.isParked) == [true, true])
                #expect(left.first?.lastError == "the event would carry a password at body.new.password")
                #expect(double.messages.count == 1)
                #expect(!log.all.contains("hunter2"))
            }
        }
    }

    @Test("a service that is away is waited for, and takes everything in order when it is there")
    func serviceAway() async throws {
        let port = try await withProvisioningDouble { $0.port }
        try await withOutbox { (outbox) async throws in
            var configuration = Row.configuration(url: "http://127.0.0.1:\(port)")
            configuration.pollInterval = .milliseconds(50)
            let log = LogCollector()
            try await outbox.put(events(resources: 3, perResource: 3))
            try await outbox.sending(configuration, log: log) { (_) async throws in
                try await waitFor { !log.lines(.warning).isEmpty }
                try await withProvisioningDouble(.init(port: port)) { (double) async throws in
                    #expect(try await outbox.left(until: isEmpty).isEmpty)
                    #expect(double.messages.count == 9)
                    #expect(double.check.isOrdered)
                }
            }
        }
    }

    @Test("Retry-After is waited for")
    func retryAfter() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.retryAfterSeconds = 2 }
                try await outbox.sending(configuration(double)) { _ in
                    try await outbox.put(events(resources: 1, perResource: 1))
                    _ = try await outbox.left(until: isEmpty)
                    double.changeSwitches { $0.faults[.unavailable] = .next(1) }
                    let start = clock.now
                    try await outbox.put(events(resources: 1, perResource: 1))
                    let messages = await double.messages(count: 2, within: .seconds(20))
                    #expect(messages.count == 2)
                    #expect(clock.now - start >= .seconds(2))
                }
            }
        }
    }

    @Test("failures are counted in the row, with the reason and without the event")
    func countsFailures() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                double.changeSwitches { $0.faults[.internalError] = .always }
                try await outbox.put(events(resources: 1, perResource: 2))
                try await outbox.sending(configuration(double)) { _ in
                    let left = try await outbox.left(until: { ($0.first?.sendAttempts ?? 0) >= 2 })
                    #expect(left.first?.lastError == "HTTP 500: Internal server error")
                    #expect(left.map(\.isParked) == [false, false])
                    #expect(left.last?.sendAttempts == 0)
                }
            }
        }
    }

    /// Looks until `condition` holds, for 20 s at most.
    func waitFor(_ condition: () -> Bool) async throws {
        let deadline = clock.now + .seconds(20)
        while !condition() && clock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(condition())
    }
}
