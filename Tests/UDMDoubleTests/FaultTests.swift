// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing
import UDMDouble

@Suite("Section 11.8: the switches")
struct FaultTests {
    @Test(
        "refusing effects answer as the server does and do nothing",
        arguments: [
            (.directoryDown, 503, "15", "application/json"), (.gatewayStarting, 503, "3", "application/json"),
            (.directoryError, 400, nil, "application/json"), (.internalError, 500, nil, "application/json"),
            (.lockHeld, 422, nil, "application/json"), (.badGateway(afterCommit: false), 502, nil, "text/html"),
            (.gatewayTimeout(afterCommit: false), 504, nil, "text/html"), (.unauthorized, 401, nil, nil),
            (.forbidden, 403, nil, "application/json"), (.foreignPage(status: 404), 404, nil, "text/html"),
            (.foreignPage(status: 200), 200, nil, "text/html"),
            (.prohibitName, 422, nil, "application/json"), (.nameLocked, 422, nil, "application/json"),
            (.refuseProperty(name: "lastname", message: "no"), 422, nil, "application/json"),
        ] as [(Fault.Effect, Int, String?, String?)])
    func refusals(effect: Fault.Effect, status: Int, retryAfter: String?, contentType: String?) async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(effect, count: 1))
            let reply = try await client.post("users/user", userProperties("jo"))
            #expect(reply.status == status)
            #expect(reply.headers.first(name: "Retry-After") == retryAfter)
            #expect(reply.headers.first(name: "Content-Type") == contentType)
            switch effect {
            case .directoryDown: #expect(reply.json["error"]?["code"] == 503)
            case .gatewayStarting: #expect(reply.json.stringValue != nil)
            case .unauthorized: #expect(reply.bytes.isEmpty && reply.headers.first(name: "WWW-Authenticate") != nil)
            case .directoryError: #expect(reply.json["error"]?["message"]?.stringValue?.hasPrefix("LDAP Error") == true)
            case .forbidden: #expect(reply.text.contains("Not in allowed groups."))
            case .internalError: #expect(reply.json["error"]?["traceback"]?.stringValue?.hasPrefix("Traceback") == true)
            case .lockHeld: #expect(reply.errors.first?.message.hasPrefix("Object exists: (nolock)") == true)
            case .nameLocked: #expect(reply.errors.first?.message.hasPrefix("Object exists: (uid)") == true)
            case .prohibitName: #expect(reply.errors.first?.message.hasPrefix("Prohibited username") == true)
            case .refuseProperty: #expect(reply.errors.first?.location == ["body", "properties", "lastname"])
            default: #expect(reply.text.hasPrefix("<html>"))
            }
            #expect(double.objects(.init(module: "users/user")).isEmpty)
            #expect(double.requests().last?.effects == [effect.name])
            try await client.createUser("jo")
        }
    }

    @Test(
        "effects with an unknown outcome: done or not, the client cannot tell",
        arguments: [
            (.dropBeforeCommit, nil, false), (.dropAfterCommit, nil, true), (.badGateway(afterCommit: true), 502, true),
            (.gatewayTimeout(afterCommit: true), 504, true), (.badGateway(afterCommit: false), 502, false),
            (.failAfterCommit, 500, true),
        ] as [(Fault.Effect, Int?, Bool)])
    func unknownOutcome(effect: Fault.Effect, status: Int?, isDone: Bool) async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(effect, count: 1))
            if let status {
                #expect(try await client.post("users/user", userProperties("jo")).status == status)
            } else {
                await #expect(throws: (any Error).self) { try await client.post("users/user", userProperties("jo")) }
            }
            #expect(try await client.get(user("jo")).status == (isDone ? 200 : 404))
            let record = try #require(double.requests().first)
            #expect(record.isCommitted == isDone && record.status == status)
            #expect(record.ended != nil)
        }
    }

    @Test("stale read: the object is not there, no search finds it, and a write does")
    func staleRead() async throws {
        try await withUsers("jo", "al") { double, client async throws in
            double.add(Fault(.staleRead, contains: "jo"))
            #expect(try await client.get(user("jo")).status == 404)
            #expect(try await client.get("object/\(userDN("jo"))").status == 404)
            #expect(try await client.get("users/user/?filter=username%3Djo").json["results"] == 0)
            #expect(try await client.get(user("al")).status == 200)
            #expect(try await client.patch(user("jo"), ["title": "x"]).status == 204)
            double.reset()
            #expect(try await client.get(user("jo")).properties["title"] == "x")
        }
    }

    @Test("hang: no answer, nothing done, and a reset lets go")
    func hang() async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(.hang, methods: ["POST"]))
            try await giveUp(on: double) { try await client.post("users/user", userProperties("jo")) }
            try await eventually { double.requests().first?.ended != nil }
            let record = try #require(double.requests().first)
            #expect(record.clientGone != nil && record.status == nil && !record.isCommitted)

            async let second: Reply? = try? client.post("users/user", userProperties("jo"))
            try await eventually { double.check().inProgress == 1 }
            double.reset()
            #expect(await second == nil)
            try await client.createUser("jo")
        }
    }

    @Test("answer late: the client gives up, the work is done")
    func answerLate() async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(.answerLate(delay: .seconds(60)), count: 1))
            try await giveUp(on: double) { try await client.post("users/user", userProperties("jo")) }
            try await eventually { try await client.get(user("jo")).status == 200 }
            try await eventually { double.requests().first?.clientGone != nil }
            #expect(double.requests().first?.ended == nil)
        }
    }

    @Test("answer late: a client with patience gets the answer")
    func answerLateToThePatient() async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(.answerLate(delay: .milliseconds(100)), count: 1))
            try await client.createUser("jo")
            #expect(taken(double) >= 99_000)
            let record = try #require(double.requests().first)
            #expect(record.isCommitted && record.status == 201 && record.clientGone == nil)
        }
    }

    @Test("counts, methods, modules and texts choose the requests")
    func selection() async throws {
        try await withUsers("jo", "al") { double, client async throws in
            double.add(Fault(.directoryDown, count: 2, methods: ["PATCH"], module: "users/user", contains: "UID=JO"))
            #expect(try await client.get(user("jo")).status == 200)
            #expect(try await client.patch(user("al"), ["title": "x"]).status == 204)
            #expect(try await client.createGroup("g").status == 201)
            for status in [503, 503, 204] {
                #expect(try await client.patch(user("jo"), ["title": .string("\(status)")]).status == status)
            }
            #expect(double.faults.first?.fault.count == 0)
        }
    }

    @Test("a text also matches the name that a body sets")
    func nameInBody() async throws {
        try await withDouble { double, client async throws in
            double.add(Fault(.internalError, contains: "bad"))
            #expect(try await client.post("users/user", userProperties("badger")).status == 500)
            #expect(try await client.post("groups/group", ["name": "very Bad"]).status == 500)
            try await client.createUser("good")
        }
    }

    @Test("a refused property strikes only requests that send it")
    func refusedProperty() async throws {
        try await withUsers("jo") { double, client async throws in
            double.add(Fault(.refuseProperty(name: "title", message: "The property title is frozen."), count: 1))
            #expect(try await client.patch(user("jo"), ["description": "x"]).status == 204)
            let refused = try await client.patch(user("jo"), ["title": "Dr.", "description": "y"])
            #expect(refused.status == 422 && refused.errors.first?.message == "The property title is frozen.")
            #expect(try await client.get(user("jo")).properties["description"] == "x")
            #expect(try await client.patch(user("jo"), ["title": "Dr."]).status == 204)
        }
    }

    @Test("a probability strikes about so often, the same way for the same seed")
    func probability() async throws {
        var runs: [[Int]] = []
        for _ in 0..<2 {
            try await withDouble(.init(seed: 7)) { double, client async throws in
                double.add(Fault(.directoryDown, probability: 0.5))
                var statuses: [Int] = []
                for _ in 0..<100 { statuses.append(try await client.get("").status) }
                runs.append(statuses)
            }
        }
        #expect(runs[0] == runs[1])
        #expect((25...75).contains(runs[0].count { $0 == 503 }))
    }

    @Test(
        "latency comes by method or for all, in each distribution",
        arguments: [
            .fixed(milliseconds: 60), .uniform(fromMilliseconds: 60, toMilliseconds: 80),
            .logNormal(medianMilliseconds: 60, sigma: 0),
        ] as [LatencyDistribution])
    func latency(distribution: LatencyDistribution) async throws {
        try await withUsers("jo") { double, client async throws in
            double.settings.latency = ["PATCH": .fixed(milliseconds: 0), "*": distribution]
            #expect(try await client.get(user("jo")).status == 200)
            #expect(taken(double) >= 59_000)
            double.settings.latency = [:]
            double.add(Fault(.latency(distribution), contains: "uid=jo"))
            #expect(try await client.get(user("jo")).status == 200)
            #expect(taken(double) >= 59_000)
        }
    }

    /// Microseconds that the last request took.
    private func taken(_ double: UDMDouble) -> Int64 {
        double.requests().last.map { ($0.ended ?? 0) - $0.started } ?? 0
    }

    @Test("latencies of methods are separate: a write with none overtakes a read with much")
    func latencyByMethod() async throws {
        try await withUsers("jo") { double, client async throws in
            double.settings.latency = ["*": .fixed(milliseconds: 60_000), "PATCH": .fixed(milliseconds: 1)]
            let read = Task { try await client.get(user("jo")) }
            try await eventually { double.check().inProgress == 1 }
            #expect(try await client.patch(user("jo"), ["title": "x"]).status == 204)
            #expect(double.check().inProgress == 1)
            read.cancel()
        }
    }

    @Test("a processing limit lets only so many in at once", arguments: [1, 3])
    func concurrencyLimit(limit: Int) async throws {
        let settings = Settings(latency: ["GET": .fixed(milliseconds: 50)], concurrencyLimit: limit)
        try await withDouble(.init(settings: settings)) { double, client async throws in
            let clock = ContinuousClock()
            let start = clock.now
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await client.get("").status } }
                for try await status in group { #expect(status == 200) }
            }
            #expect(start.duration(to: clock.now) >= .milliseconds(50 * 6 / limit - 5))
            #expect(double.check().mostInProgress <= 6)
        }
    }
}

/// Sends a request and goes away once the double has it.
func giveUp(on double: UDMDouble, _ request: @escaping @Sendable () async throws -> Reply) async throws {
    let seen = double.check().requests
    let task = Task { try await request() }
    try await eventually { double.check().requests > seen }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
}

/// Waits until `condition` holds, for at most ten seconds.
func eventually(_ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(10))
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the condition did not come true in 10 s", sourceLocation: sourceLocation)
}
