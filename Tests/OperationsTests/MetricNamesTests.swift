// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Operations
import Testing

/// One list of names: what the sources register, what is explained in a scrape, what is documented, and what alerts and the dashboard ask for.
@Suite struct MetricNamesTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private let explained = Set(MetricHelp.texts.keys)

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
    }

    private static let prefixes = ["scim_", "udm_", "process_", "mapping_"]

    /// The words of `text` that look like a metric's name. Not a regular expression, which takes half a minute for all sources.
    /// - Parameter enclosed: Only those between two of these characters.
    private static func names(in text: String, enclosed: Character? = nil) -> Set<String> {
        let bytes = Array(text.utf8)
        let mark = enclosed?.asciiValue
        func isPart(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
        }
        var names: Set<String> = []
        var index = 0
        while index < bytes.count {
            guard isPart(bytes[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, isPart(bytes[index]) { index += 1 }
            if let mark, start == 0 || bytes[start - 1] != mark || index == bytes.count || bytes[index] != mark {
                continue
            }
            let word = String(decoding: bytes[start..<index], as: UTF8.self)
            if prefixes.contains(where: { word.hasPrefix($0) && word.count > $0.count }) { names.insert(word) }
        }
        return names
    }

    private static let endings = [
        "_total", "_seconds", "_bytes", "_fds", "_depth", "_size", "_limit", "_open", "_use", "_waiting", "_info",
    ]

    @Test("Every metric of the sources has a sentence, and every sentence a metric")
    func registered() throws {
        var names: Set<String> = []
        let sources = Self.folder + "/Sources"
        for case let path as String in FileManager.default.enumerator(atPath: sources) ?? .init()
        where path.hasSuffix(".swift") && !path.hasSuffix("MetricHelp.swift") {
            names.formUnion(Self.names(in: try Self.text("Sources/" + path), enclosed: "\""))
        }
        // Other words that begin so, such as names of databases.
        let others = names.filter { name in !Self.endings.contains { name.hasSuffix($0) } }
        #expect(explained.subtracting(names).isEmpty)
        #expect(names.subtracting(others).subtracting(explained).isEmpty)
    }

    @Test("Every metric is documented, and every documented metric exists")
    func documented() throws {
        let page = try Self.text("docs/operating/metrics.md")
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "|").first }.joined(separator: "\n")
        let names = Self.names(in: rows)
        #expect(explained.subtracting(names).isEmpty)
        #expect(names.subtracting(explained).isEmpty)
        // Elsewhere: in commands, in tables of what to look at.
        for path in ["metrics", "runbooks", "failures", "running", "queue", "settings"] {
            let mentioned = Self.names(in: try Self.text("docs/operating/\(path).md"))
            #expect(mentioned.subtracting(explained).isEmpty, "\(path).md")
        }
    }

    @Test(
        "Alerts and the dashboard ask for metrics that exist",
        arguments: ["helm/scim-bridge/files/alerts.yaml", "helm/scim-bridge/files/dashboard.json"])
    func asked(path: String) throws {
        let text = try Self.text(path)
        let names = Self.names(in: text).map { name in
            let ending = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) && !explained.contains(name) }
            return String(name.dropLast(ending?.count ?? 0))
        }
        #expect(names.count > 20)
        #expect(Set(names).subtracting(explained).isEmpty)
        if path.hasSuffix(".json") {
            // What has no panel is seen by nobody.
            #expect(explained.subtracting(names).isEmpty)
            #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
        }
    }

    @Test("The metrics that the requirements name are there (R-44, g to i apart; queue-patterns section 13)")
    func required() {
        let required = [
            "scim_requests_total", "scim_request_duration_seconds", "scim_request_errors_total", "udm_requests_total",
            "udm_request_errors_total", "udm_request_duration_seconds", "mapping_errors_total", "scim_objects",
            "scim_queue_depth", "scim_queue_oldest_age_seconds", "scim_queue_enqueued_total", "scim_queue_leases_total",
            "scim_queue_wait_seconds", "scim_sync_duration_seconds", "scim_sync_lag_seconds",
            "scim_sync_attempts_total", "scim_dead_letters", "scim_queue_repaired_total", "scim_queue_rebuilds_total",
            "scim_stale_outcomes_total", "scim_udm_inflight", "scim_udm_concurrency_limit", "scim_udm_breaker_state",
            "scim_event_outbox_depth", "scim_event_outbox_oldest_age_seconds", "scim_queue_difference",
        ]
        #expect(required.filter { !explained.contains($0) }.isEmpty)
    }
}
