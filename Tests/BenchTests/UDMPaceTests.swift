// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import Testing
import UDMDouble

@testable import scim_bench

@Suite struct UDMPaceTests {
    @Test("one latency for all is what the double takes, and nothing waits for anything else")
    func fixed() throws {
        let pace = UDMPace.fixed(milliseconds: 12.5)
        var settings = UDMDouble.Settings(latency: ["POST": .fixed(milliseconds: 1)], concurrencyLimit: 3)
        try settings.update(pace.settings)
        #expect(settings.latency == ["*": .fixed(milliseconds: 12.5)])
        #expect(settings.concurrencyLimit == nil)
        #expect(pace.searchFault == nil)
        #expect(pace.name == "12.5ms")
        #expect(pace.isFixed)
        #expect(pace.ideal(inFlight: 64) == 5120)
        #expect(UDMPace.fixed(milliseconds: 0).ideal(inFlight: 64) == nil)
    }

    @Test("the real server's times are log-normal by method, one request at a time, and searches take longer")
    func real() throws {
        let pace = UDMPace.real
        var settings = UDMDouble.Settings()
        try settings.update(pace.settings)
        #expect(settings.concurrencyLimit == 1)
        #expect(settings.latency["POST"] == .logNormal(medianMilliseconds: 33, sigma: 0.24))
        #expect(settings.latency["PATCH"] == .logNormal(medianMilliseconds: 6.7, sigma: 0.21))
        #expect(settings.latency["*"] == .logNormal(medianMilliseconds: 3.8, sigma: 0.36))
        let fault = try UDMDouble.Fault(json: #require(pace.searchFault))
        #expect(fault.effect == .latency(.logNormal(medianMilliseconds: 55, sigma: 0.2)))
        #expect(fault.methods == ["GET"])
        #expect(fault.contains == "filter=")
        #expect(!pace.isFixed)
        // More in flight wait for each other only.
        #expect(pace.ideal(inFlight: 1) == pace.ideal(inFlight: 64))
    }

    @Test("slow changes leave reads as quick as they were measured")
    func slowChanges() throws {
        var settings = UDMDouble.Settings()
        try settings.update(UDMPace.slowChanges(milliseconds: 1000).settings)
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            #expect(settings.latency[method] == .fixed(milliseconds: 1000))
        }
        #expect(settings.latency["*"] == .fixed(milliseconds: 4))
        #expect(settings.concurrencyLimit == nil)
    }

    /// What was measured: a second on one connection, and the 95th of a hundred.
    @Test(
        "rates and tails are those that were measured",
        arguments: [("POST", 28.0, 49.0), ("PATCH", 146.0, nil), ("*", 247.0, nil)] as [(String, Double, Double?)])
    func measured(method: String, rate: Double, p95: Double?) throws {
        let latency = try #require(UDMPace.real.latency[method])
        #expect(abs(1000 / latency.mean / rate - 1) < 0.06)
        guard case .logNormal(let median, let sigma) = latency else {
            Issue.record("not log-normal")
            return
        }
        if let p95 { #expect(abs(median * exp(1.645 * sigma) / p95 - 1) < 0.02) }
    }

    private static let needed = [
        "--url", "http://127.0.0.1:1", "--udm-url", "http://127.0.0.1:2/", "--udm-password-file", "p",
        "--database-url", "postgresql://127.0.0.1/scim", "--redis-url", "redis://127.0.0.1:6379/0",
    ]

    @Test("the pace has a name or a latency, and there is one run unless more are asked for")
    func options() throws {
        let plain = try SyncCommand.parse(Self.needed + ["--udm-latency", "50"])
        #expect(plain.pace == .fixed(milliseconds: 50))
        #expect(plain.repeats == 1)
        let real = try SyncCommand.parse(Self.needed + ["--udm-pace", "real", "--repeats", "2"])
        #expect(real.pace == .real)
        #expect(real.repeats == 2)
    }

    @Test(
        "what contradicts itself is refused",
        arguments: [
            ["--udm-pace", "real", "--udm-latency", "50"], ["--udm-pace", "quick"], ["--repeats", "0"],
            ["--repeats", "21"], ["--udm-latency", "-1"],
        ])
    func refused(options: [String]) {
        #expect(throws: (any Error).self) { try SyncCommand.parse(Self.needed + options) }
    }
}
