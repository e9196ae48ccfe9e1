// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Operations
import Testing

@Suite struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    @Test("Every name is headed by HELP and TYPE once, whatever its labels")
    func headers() {
        registry.makeCounter(label: "scim_requests_total", dimensions: [("method", "GET")]).increment(by: 2)
        registry.makeCounter(label: "scim_requests_total", dimensions: [("method", "POST")]).increment(by: 1)
        let text = registry.exposition()
        #expect(text.components("# HELP scim_requests_total ") == 1)
        #expect(text.components("# TYPE scim_requests_total counter\n") == 1)
        #expect(text.contains("scim_requests_total{method=\"GET\"} 2\n"))
        #expect(text.contains("scim_requests_total{method=\"POST\"} 1\n"))
    }

    @Test("The order of labels makes no other series")
    func labelOrder() {
        registry.makeCounter(label: "a_total", dimensions: [("x", "1"), ("y", "2")]).increment(by: 1)
        registry.makeCounter(label: "a_total", dimensions: [("y", "2"), ("x", "1")]).increment(by: 1)
        #expect(registry.exposition().contains("a_total{x=\"1\",y=\"2\"} 2\n"))
    }

    @Test(
        "Label values are escaped",
        arguments: [
            ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("ä", "ä"),
        ])
    func escaping(value: String, expected: String) {
        registry.makeCounter(label: "a_total", dimensions: [("x", value)]).increment(by: 1)
        #expect(registry.exposition().contains("a_total{x=\"\(expected)\"} 1\n"))
    }

    @Test("A gauge shows its last value, whole numbers without a fraction")
    func gauge() {
        let gauge = registry.makeRecorder(label: "depth", dimensions: [], aggregate: false)
        gauge.record(Int64(7))
        gauge.record(3.5)
        #expect(registry.exposition().contains("depth 3.5\n"))
        gauge.record(4.0)
        #expect(registry.exposition().contains("depth 4\n"))
    }

    @Test("Buckets are cumulative and end with everything")
    func histogram() {
        let timer = registry.makeTimer(label: "wait_seconds", dimensions: [("lane", "bulk")])
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(40_000_000)
        timer.recordNanoseconds(3_600_000_000_000)
        let text = registry.exposition()
        #expect(text.contains("wait_seconds_bucket{lane=\"bulk\",le=\"0.001\"} 0\n"))
        #expect(text.contains("wait_seconds_bucket{lane=\"bulk\",le=\"0.0025\"} 1\n"))
        #expect(text.contains("wait_seconds_bucket{lane=\"bulk\",le=\"0.05\"} 2\n"))
        #expect(text.contains("wait_seconds_bucket{lane=\"bulk\",le=\"600\"} 2\n"))
        #expect(text.contains("wait_seconds_bucket{lane=\"bulk\",le=\"+Inf\"} 3\n"))
        #expect(text.contains("wait_seconds_count{lane=\"bulk\"} 3\n"))
        #expect(text.contains("# TYPE wait_seconds histogram\n"))
    }

    @Test("Names of other libraries are made legal")
    func legalNames() {
        registry.makeCounter(label: "http.server.requests", dimensions: [("http.method", "GET")]).increment(by: 1)
        #expect(registry.exposition().contains("http_server_requests{http_method=\"GET\"} 1\n"))
    }

    @Test("Sums over all label values")
    func total() {
        registry.makeCounter(label: "a_total", dimensions: [("x", "1")]).increment(by: 3)
        registry.makeCounter(label: "a_total", dimensions: [("x", "2")]).increment(by: 4)
        #expect(registry.total("a_total") == 7)
        #expect(registry.value("a_total", [("x", "2")]) == 4)
        #expect(registry.value("absent") == 0)
    }

    @Test("A scrape of many series puts them in order once, and has a line for each")
    func manySeries() {
        for number in 0..<10_000 {
            registry.makeCounter(label: "a_total", dimensions: [("x", "\(number)")]).increment(by: 1)
        }
        let text = registry.exposition()
        #expect(text.components("\n") == 10_002)
        for _ in 0..<5 {
            registry.makeCounter(label: "a_total", dimensions: [("x", "7")]).increment(by: 1)
            _ = registry.exposition()
        }
        #expect(registry.orderings == 1)
        registry.makeCounter(label: "a_total", dimensions: [("x", "new")]).increment(by: 1)
        #expect(registry.exposition().contains("a_total{x=\"new\"} 1\n"))
        #expect(registry.orderings == 2)
    }

    @Test("Figures that are kept elsewhere are written as their kind")
    func readFigures() {
        registry.setCounter("a_total", to: 2.5)
        registry.setCounter("a_total", to: 3)
        registry.setGauge("b", [("x", "1")], to: 4)
        registry.setHistogram("c_seconds", bounds: [0.1, 1], counts: [2, 1, 1], sum: 3.25)
        let text = registry.exposition()
        #expect(text.contains("# TYPE a_total counter\na_total 3\n"))
        #expect(text.contains("# TYPE b gauge\nb{x=\"1\"} 4\n"))
        #expect(
            text.contains(
                """
                # TYPE c_seconds histogram
                c_seconds_bucket{le="0.1"} 2
                c_seconds_bucket{le="1"} 3
                c_seconds_bucket{le="+Inf"} 4
                c_seconds_sum 3.25
                c_seconds_count 4

                """))
        #expect(registry.value("a_total") == 3)
        #expect(registry.value("c_seconds") == 4)
    }

    @Test("Concurrent increments are all counted")
    func concurrency() async {
        let registry = registry
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        registry.makeCounter(label: "a_total", dimensions: [("task", "\(task % 2)")]).increment(by: 1)
                    }
                }
            }
        }
        #expect(registry.total("a_total") == 8000)
    }
}

extension String {
    fileprivate func components(_ text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
