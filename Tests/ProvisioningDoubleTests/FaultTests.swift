// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOCore
import NIOHTTP1
import ProvisioningDouble
import Testing

@Suite struct FaultTests {
    private let clock = ContinuousClock()

    @Test(
        "a fault by count happens that often, then no more",
        arguments: [
            (Fault.unauthorized, 401), (.publisherRefused, 422), (.internalError, 500), (.unavailable, 503),
            (.hang, 500),
        ])
    func byCount(fault: Fault, status: Int) async throws {
        try await withProvisioningDouble { double in
            double.changeSwitches {
                $0.faults[fault] = .next(2)
                $0.hangLength = .milliseconds(20)
            }
            let client = DoubleClient(double)
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await client.publish(DoubleClient.message()).status) }
            #expect(statuses == [status, status, 202])
            #expect(double.messages.count == 1)
            #expect(double.switches.faults.isEmpty)
        }
    }

    @Test("the answers of faults are the service's own")
    func bodies() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            double.changeSwitches { $0.faults = [.unauthorized: .next(1)] }
            let unauthorized = try await client.publish(DoubleClient.message())
            #expect(try unauthorized.json == ["detail": "Incorrect username or password"])
            #expect(unauthorized.headers["WWW-Authenticate"] == ["Basic"])
            double.changeSwitches { $0.faults = [.publisherRefused: .next(1)] }
            let refused = try await client.publish(DoubleClient.message())
            #expect(try refused.json["message"]?.stringValue?.contains("('body', 'publisher_name')") == true)
            double.changeSwitches { $0.faults = [.internalError: .next(1)] }
            #expect(try await client.publish(DoubleClient.message()).json == ["detail": "Internal server error"])
        }
    }

    @Test("a proxy's answer has the status and Retry-After of the switches", arguments: [502, 503, 504])
    func unavailable(status: Int) async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let change: JSONValue = [
                "faults": ["unavailable": ["probability": 1]], "retryAfterSeconds": 7,
                "unavailableStatus": .number(JSONNumber(Int64(status))),
            ]
            #expect(try await client.switches(change).status == 200)
            let reply = try await client.publish(DoubleClient.message())
            #expect(reply.status == status)
            #expect(reply.headers["Retry-After"] == ["7"])
            #expect(try await client.publish(DoubleClient.message()).status == status)
        }
    }

    @Test("a dropped connection after acceptance leaves the message, so that a retry is a duplicate")
    func dropAfterAccept() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            double.changeSwitches { $0.faults[.dropAfterAccept] = .next(1) }
            await #expect(throws: (any Error).self) {
                try await client.publish(DoubleClient.event("e1", order: 1))
            }
            #expect(double.messages.count == 1)
            #expect(try await client.publish(DoubleClient.event("e1", order: 1)).status == 202)
            #expect(double.check.duplicates.map(\.eventID) == ["e1"])
            #expect(double.check.duplicates.map(\.sequences) == [[1, 2]])
            let statistics = try await client.send(.GET, "/-/double/statistics").json
            #expect(statistics["droppedAfterAccept"] == 1)
            #expect(statistics["answers"] == ["202": 1])
        }
    }

    @Test("a dropped connection before acceptance leaves nothing")
    func dropBeforeAccept() async throws {
        try await withProvisioningDouble { (double) async throws in
            let client = DoubleClient(double)
            double.changeSwitches { $0.faults[.dropBeforeAccept] = .next(1) }
            await #expect(throws: (any Error).self) { try await client.publish(DoubleClient.message()) }
            #expect(double.messages.isEmpty)
            #expect(try await client.publish(DoubleClient.message()).status == 202)
        }
    }

    @Test(
        "a hanging request is answered 500 after the hang, 22 s by default",
        arguments: [
            (Fault.hang, 0), (.hangAfterAccept, 1),
        ])
    func hang(fault: Fault, accepted: Int) async throws {
        #expect(Switches().hangLength == .seconds(22))
        try await withProvisioningDouble { (double) async throws in
            double.changeSwitches {
                $0.faults[fault] = .always
                $0.hangLength = .milliseconds(300)
            }
            let start = clock.now
            #expect(try await DoubleClient(double).publish(DoubleClient.message()).status == 500)
            #expect(clock.now - start >= .milliseconds(300))
            #expect(double.messages.count == accepted)
        }
    }

    @Test("a hanging request is seen as a timeout by a client with less patience")
    func hangBeyondPatience() async throws {
        try await withProvisioningDouble { double in
            double.changeSwitches { $0.faults[.hang] = .always }
            await #expect(throws: (any Error).self) {
                try await DoubleClient(double).send(
                    .POST, "/v1/messages", account: DoubleClient.events, json: DoubleClient.message(),
                    timeout: .milliseconds(200))
            }
            #expect(double.messages.isEmpty)
        }
    }

    @Test("a message can be delivered twice to its subscribers")
    func duplicateDelivery() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            _ = try await client.subscribe("s")
            double.changeSwitches { $0.faults[.duplicateDelivery] = .next(1) }
            for id in ["u1", "u2"] { _ = try await client.publish(DoubleClient.message(id: id)) }
            var ids: [JSONValue?] = []
            for sequence in 1...3 {
                ids.append(try await client.next("s")["body"]?["new"]?["id"])
                _ = try await client.acknowledge("s", Int64(sequence))
            }
            #expect(ids == ["u1", "u1", "u2"])
            #expect(double.messages.count == 2)
        }
    }

    @Test("latency delays the answer")
    func latency() async throws {
        try await withProvisioningDouble { (double) async throws in
            double.changeSwitches { $0.latency = .milliseconds(250) }
            let start = clock.now
            #expect(try await DoubleClient(double).publish(DoubleClient.message()).status == 202)
            #expect(clock.now - start >= .milliseconds(250))
        }
    }

    @Test("faults by probability are drawn from the seed, so that a run can be repeated")
    func probability() async throws {
        var configuration = ProvisioningDoubleConfiguration()
        configuration.seed = 42
        configuration.switches.faults[.internalError] = .probability(0.5)
        var runs: [[Int]] = []
        for _ in 0..<2 {
            let statuses = try await withProvisioningDouble(configuration) { double in
                var statuses: [Int] = []
                for _ in 0..<40 {
                    statuses.append(try await DoubleClient(double).publish(DoubleClient.message()).status)
                }
                return statuses
            }
            runs.append(statuses)
        }
        #expect(runs[0] == runs[1])
        #expect(Set(runs[0]) == [202, 500])
    }

    @Test("faults do not touch subscribers")
    func subscribersUntouched() async throws {
        try await withProvisioningDouble { (double) async throws in
            let client = DoubleClient(double)
            double.changeSwitches { $0.faults = [.unauthorized: .always, .unavailable: .always] }
            #expect(try await client.subscribe("s").status == 201)
            #expect(try await client.next("s", timeout: 0.1) == .null)
        }
    }

    @Test("the control endpoint shows and changes every switch, and a reset takes all back")
    func control() async throws {
        try await withProvisioningDouble { double in
            let client = DoubleClient(double)
            let change: JSONValue = [
                "faults": ["internal-error": ["next": 3], "hang": ["probability": 0.25]], "latencyMilliseconds": 5,
                "dispatcherLatencyMilliseconds": 6, "dispatcherPaused": true, "publishers": ["scim-server"],
                "firstCallAnswersNull": true, "hangMilliseconds": 7, "unavailableStatus": 504, "retryAfterSeconds": 8,
            ]
            #expect(try await client.switches(change).json == change)
            #expect(try await client.send(.GET, "/-/double/switches").json == change)
            #expect(double.switches.faults == [.internalError: .next(3), .hang: .probability(0.25)])
            let taken = try await client.switches(["faults": ["hang": nil], "retryAfterSeconds": nil]).json
            #expect(taken["faults"] == ["internal-error": ["next": 3]])
            #expect(taken["latencyMilliseconds"] == 5)
            _ = try await client.send(.POST, "/-/double/reset")
            #expect(double.switches == Switches())
        }
    }

    @Test(
        "a change that does not fit is 400 and changes nothing",
        arguments: [
            ["latencyMilliseconds": -1], ["latencyMilliseconds": "5"], ["faults": ["nonsense": ["next": 1]]],
            ["faults": ["hang": ["probability": 2]]], ["faults": ["hang": 1]], ["unavailableStatus": 500],
            ["publishers": [1]], ["dispatcherPaused": 1], ["retryAfterSeconds": 1.5], ["nonsense": 1], [1],
            ["dispatcherPaused": true, "hangMilliseconds": -1],
        ] as [JSONValue])
    func malformedChange(change: JSONValue) async throws {
        try await withProvisioningDouble { double in
            let reply = try await DoubleClient(double).switches(change)
            #expect(reply.status == 400)
            #expect(try reply.json["detail"]?.stringValue?.isEmpty == false)
            #expect(double.switches == Switches())
        }
    }
}
