// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
internal import Synchronization

/// All metrics of the process, behind swift-metrics, written out as Prometheus text (exposition format 0.0.4).
///
/// Counters and gauges keep their label; timers become histograms in seconds; recorders that aggregate become histograms of their own unit.
package final class PrometheusRegistry: MetricsFactory {
    private struct State {
        var series: [SeriesKey: any Series] = [:]
        /// In the order of a scrape; nil when a series has come since it was made.
        var ordered: [(key: SeriesKey, series: any Series)]?
        var orderings = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// How often the series were put in order: once for each scrape that finds new ones, whatever their number.
    package var orderings: Int { state.withLock { $0.orderings } }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) { CounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) { GaugeSeries() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate {
            find(label, dimensions) { HistogramSeries() }
        } else {
            find(label, dimensions) { GaugeSeries() }
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions) { HistogramSeries() }
    }

    // Series live as long as the process: a counter that vanishes and comes back at zero misleads every rate over it.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The current value of a counter or gauge, for summaries; 0 when it was never touched.
    package func value(_ label: String, _ dimensions: [(String, String)] = []) -> Double {
        state.withLock { $0.series[SeriesKey(label, dimensions)]?.value ?? 0 }
    }

    /// The sum of a counter or gauge over all its label values.
    package func total(_ label: String) -> Double {
        state.withLock { $0.series.reduce(0) { $1.key.name == label ? $0 + $1.value.value : $0 } }
    }

    /// - Returns: The text of a scrape; series of one name together, sorted, each name headed by HELP and TYPE.
    package func exposition() -> String {
        let all = inOrder()
        var text = ""
        text.reserveCapacity(all.count * 64)
        var name: String?
        for (key, series) in all {
            if key.name != name {
                name = key.name
                text += "# HELP \(key.name) \(MetricHelp.text(of: key.name))\n# TYPE \(key.name) \(series.type)\n"
            }
            series.write(key, to: &text)
        }
        return text
    }

    private func inOrder() -> [(key: SeriesKey, series: any Series)] {
        state.withLock { state in
            if let ordered = state.ordered { return ordered }
            let ordered = state.series.map { (key: $0.key, series: $0.value) }.sorted { $0.key < $1.key }
            state.ordered = ordered
            state.orderings += 1
            return ordered
        }
    }

    private func find<Handler: Series>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Handler
    ) -> Handler {
        let key = SeriesKey(label, dimensions)
        return state.withLock { state in
            // One name used with two types is a bug of the caller; its second series then is not exported, and nothing crashes.
            if let found = state.series[key] { return found as? Handler ?? make() }
            let made = make()
            state.series[key] = made
            state.ordered = nil
            return made
        }
    }
}

/// Figures that are kept elsewhere, such as in a connection pool, and only read when scraped: their owners need no metrics system for them.
extension PrometheusRegistry {
    /// Sets a figure that rises and falls.
    package func setGauge(_ label: String, _ dimensions: [(String, String)] = [], to value: Double) {
        find(label, dimensions) { GaugeSeries() }.set(value)
    }

    /// - Parameter value: Rises only, as long as the process lives.
    package func setCounter(_ label: String, _ dimensions: [(String, String)] = [], to value: Double) {
        find(label, dimensions) { ReadCounterSeries() }.set(value)
    }

    /// - Parameters:
    ///   - bounds: Upper bounds of the buckets but the last, rising.
    ///   - counts: One for each bound, and one for what is above them all; not cumulative.
    package func setHistogram(
        _ label: String, _ dimensions: [(String, String)] = [], bounds: [Double], counts: [UInt64], sum: Double
    ) {
        find(label, dimensions) { ReadHistogramSeries() }.set(Buckets(bounds: bounds, counts: counts, sum: sum))
    }
}

/// A name and its label values; equal whatever the order of the labels.
struct SeriesKey: Hashable, Comparable, Sendable {
    let name: String
    /// `method="GET",resource="User"`, sorted, escaped; empty without labels.
    let labels: String

    init(_ name: String, _ dimensions: [(String, String)]) {
        self.name = Self.legal(name)
        labels =
            dimensions.isEmpty
            ? ""
            : dimensions.sorted { $0.0 < $1.0 }.map { "\(Self.legal($0.0))=\"\(Self.escaped($0.1))\"" }.joined(
                separator: ",")
    }

    static func < (left: SeriesKey, right: SeriesKey) -> Bool {
        left.name != right.name ? left.name < right.name : left.labels < right.labels
    }

    func line(_ value: String, suffix: String = "", extra: String? = nil) -> String {
        let all = [labels, extra ?? ""].filter { !$0.isEmpty }.joined(separator: ",")
        return all.isEmpty ? "\(name)\(suffix) \(value)\n" : "\(name)\(suffix){\(all)} \(value)\n"
    }

    /// Other libraries name metrics with dots; Prometheus allows letters, digits, `_` and `:`.
    private static func legal(_ name: String) -> String {
        if name.utf8.allSatisfy(isLegal) { return name }
        return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func escaped(_ value: String) -> String {
        let special = value.utf8.contains {
            $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
        }
        guard special else { return value }
        var text = ""
        for character in value {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
        return text
    }
}
