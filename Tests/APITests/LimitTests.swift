// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Queue
import SCIM
import Storage
import Testing

@testable import API

@Suite struct ClientRatesTests {
    private let start = ContinuousClock.now

    @Test("A client that writes more than its rate for half a minute moves to the bulk lane, and back when it rests")
    func rate() {
        let rates = ClientRates(perSecond: 2)
        for _ in 0..<60 { #expect(rates.lane(of: "idp", at: start) == .interactive) }
        #expect(rates.lane(of: "idp", at: start) == .bulk)
        #expect(rates.lane(of: "other", at: start) == .interactive)
        let later = start.advanced(by: .seconds(1))
        #expect((0..<3).map { _ in rates.lane(of: "idp", at: later) } == [.interactive, .interactive, .bulk])
    }

    @Test("Only so many clients are remembered")
    func bounded() {
        let rates = ClientRates(perSecond: 10)
        for number in 0..<25_000 {
            let now = start.advanced(by: .milliseconds(number))
            #expect(rates.lane(of: "client-\(number)", at: now) == .interactive)
        }
    }
}

@Suite struct BackPressureTests {
    private let now = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000)

    private func pressure(jobs: Int, age: Duration = .zero, drain: Duration? = nil) -> BackPressure {
        let pressure = BackPressure(limits: .init(bulkJobs: 100, bulkAge: .seconds(3600), jobs: 1_000))
        let oldest = now.advanced(by: .zero - age)
        pressure.update(["default": TenantLoad(openJobs: jobs, oldestAcceptedAt: oldest, drainTime: drain)])
        return pressure
    }

    private func refusal(_ pressure: BackPressure, _ lane: Lane, tenant: String = "default") -> SCIMError? {
        do throws(SCIMError) {
            try pressure.admit(lane, tenant: tenant, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Bulk work is refused first, single writes at the hard limit",
        arguments: [
            (99, Duration.zero, false, false), (100, .zero, true, false), (5, .seconds(3600), true, false),
            (1_000, .zero, true, true),
        ])
    func lanes(jobs: Int, age: Duration, bulk: Bool, interactive: Bool) {
        let pressure = pressure(jobs: jobs, age: age)
        #expect((refusal(pressure, .bulk) != nil) == bulk)
        #expect((refusal(pressure, .interactive) != nil) == interactive)
        #expect(refusal(pressure, .bulk, tenant: "other") == nil)
    }

    @Test(
        "The client is told when to come back, between five seconds and five minutes",
        arguments: [(Duration.seconds(1), 5), (.seconds(42), 42), (.seconds(4_000), 300), (nil, 300)]
            as [(Duration?, Int)])
    func retryAfter(drain: Duration?, seconds: Int) throws {
        let found = refusal(pressure(jobs: 212, drain: drain), .bulk)
        let refusal = try #require(found)
        #expect(refusal.status == 429)
        #expect(refusal.retryAfter == .seconds(seconds))
        #expect(refusal.detail.hasPrefix("212 writes wait for the directory; nothing was changed."))
    }
}

extension OverHTTP {
    @Suite struct BackPressureTests {
        @Test("A tenant with too much open gets 429 for bulk work, and its single writes go on")
        func refused() async throws {
            let pressure = BackPressure(limits: .init(bulkJobs: 100))
            pressure.update(["default": TenantLoad(openJobs: 100, oldestAcceptedAt: .now(), drainTime: .seconds(30))])
            try await withAPI(backPressure: pressure) { api in
                let create = ["method": "POST", "path": "/Users", "bulkId": "a"] as JSONObject
                var operation = create
                operation["data"] = .object(Samples.user(Samples.name()))
                let answer = try await api.bulk([.object(operation)])
                answer.expect(429, naming: "100 writes wait for the directory")
                #expect(answer.header("Retry-After") == "30")
                try await api.post("/Users", Samples.user(Samples.name())).expect(201)
            }
        }

        @Test("The writes of a client that writes much are jobs of the bulk lane")
        func lane() async throws {
            try await withAPI(interactiveRate: 1) { api in
                var lanes: [String] = []
                for _ in 0..<32 {
                    let created = try await api.post("/Users", Samples.user(Samples.name()))
                    lanes += try await api.jobs(of: created.id).map(\.lane)
                }
                #expect(lanes.first == "interactive")
                #expect(lanes.contains("bulk"))
            }
        }
    }
}
