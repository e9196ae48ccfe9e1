// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension Report {
    var plots: [String] { charts.map { SVG.text($0) } }

    /// What is compared, and the latencies.
    var charts: [BarChart] {
        let good = rows.filter { $0.goodRounds > 0 }
        guard !good.isEmpty else { return [] }
        let hasSubjects = good.contains { $0.subject != nil }
        func label(_ row: ReportRow) -> String {
            guard hasSubjects else { return "\(row.connections)" }
            return (row.subject.map { "\($0), " } ?? "") + "\(row.connections)"
        }
        func chart(_ title: String, _ bars: (ReportRow) -> [BarChart.Bar]) -> BarChart {
            BarChart(title: title, groups: good.map { (label($0), bars($0)) })
        }
        let counted = operation == .write ? "Accepted a second" : "Requests a second"
        var charts: [BarChart] = []
        switch measure {
        case .rate:
            charts.append(
                chart("\(counted), by connections") { row in
                    [BarChart.Bar(name: scenario, value: row.rate)]
                        + (limitName == nil ? [] : [BarChart.Bar(name: "limit", value: row.limitRate)])
                })
        case .p50, .p95:
            charts.append(
                chart("\(measure.rawValue), ms") { row in
                    let isMedian = measure == .p50
                    return [BarChart.Bar(name: scenario, value: isMedian ? row.p50 : row.p95)]
                        + (limitName == nil
                            ? [] : [BarChart.Bar(name: "limit", value: isMedian ? row.limitP50 : row.limitP95)])
                })
        }
        return charts + [
            chart("Latency, ms, by connections") { row in
                [
                    BarChart.Bar(name: "p50", value: row.p50), BarChart.Bar(name: "p95", value: row.p95),
                    BarChart.Bar(name: "p99", value: row.p99),
                ]
            }
        ]
    }
}
