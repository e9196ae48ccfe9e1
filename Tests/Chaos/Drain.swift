// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Waits until nothing is open any more.
struct Drain: Sendable {
    private let round: Round
    private let limit: Duration

    init(_ round: Round, limit: Duration) {
        self.round = round
        self.limit = limit
    }

    /// - Returns: What is left when the time is over; nil when everything is done.
    func wait() async throws -> String? {
        let end = ContinuousClock.now + limit
        var left: [String: Int] = [:]
        // Quiet at one look may be the moment between two steps.
        var quiet = 0
        while ContinuousClock.now < end {
            left = try await Evidence.openWork(round)
            quiet = left.isEmpty ? quiet + 1 : 0
            if quiet >= 5 { return nil }
            try await Task.sleep(for: .milliseconds(200))
        }
        return left.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

/// The bridge's own figures beside a recount: those that the leader samples, which survive a kill.
struct Metrics: Sendable {
    private let round: Round

    init(_ round: Round) { self.round = round }

    func differences(from evidence: Evidence) async throws -> [String] {
        let wanted: [String: Double] = [
            "scim_jobs_open": 0,
            "scim_dead_letters": Double(evidence.jobs.count { $0.state == "dead" && !$0.isSettled }),
            "scim_parked_attributes": Double(evidence.failures.values.reduce(0) { $0 + $1.count { !$0.isEmpty } }),
            "scim_event_outbox_depth": 0, "scim_event_outbox_parked": 0, "scim_queue_depth": 0,
        ]
        var differences: [String] = []
        // The leader samples every 5 s.
        for _ in 0..<60 {
            differences = ["metrics: nobody has sampled"]
            for process in round.processes where process.roles.contains("worker") {
                guard let figures = try await scrape(process), figures["scim_dead_letters"] != nil else { continue }
                differences = wanted.sorted { $0.key < $1.key }.compactMap { name, value in
                    figures[name] == value ? nil : "metrics: \(name) is \(figures[name] ?? -1), a recount says \(value)"
                }
                if differences.isEmpty { return [] }
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        return differences
    }

    /// Sums over the labels of each metric.
    private func scrape(_ process: BridgeProcess) async throws -> [String: Double]? {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(process.operationsPort)/metrics")
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(5)),
            response.status == .ok
        else { return nil }
        let text = String(buffer: try await response.body.collect(upTo: 8 << 20))
        var sums: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            guard parts.count >= 2, let value = Double(parts[parts.count - 1]) else { continue }
            sums[String(line.prefix { $0 != "{" && $0 != " " }), default: 0] += value
        }
        return sums
    }
}
