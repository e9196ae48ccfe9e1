// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Synchronization

/// One time series of the registry.
protocol Series: AnyObject, Sendable {
    var type: String { get }
    var value: Double { get }
    func write(_ key: SeriesKey, to text: inout String)
}

final class CounterSeries: Series, CounterHandler {
    private let count = Atomic<Int64>(0)

    var type: String { "counter" }
    var value: Double { Double(count.load(ordering: .relaxed)) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }

    func write(_ key: SeriesKey, to text: inout String) {
        text += key.line("\(count.load(ordering: .relaxed))")
    }
}

final class GaugeSeries: Series, RecorderHandler, MeterHandler {
    private let current = Mutex<Double>(0)

    var type: String { "gauge" }
    var value: Double { current.withLock { $0 } }

    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { current.withLock { $0 = value } }
    func increment(by amount: Double) { current.withLock { $0 += amount } }
    func decrement(by amount: Double) { current.withLock { $0 -= amount } }

    func write(_ key: SeriesKey, to text: inout String) {
        text += key.line(Number.text(value))
    }
}

/// Cumulative buckets from half a millisecond to 10 minutes: the API answers in milliseconds, a push may wait for an outage.
final class HistogramSeries: Series, TimerHandler, RecorderHandler {
    private struct State {
        var counts = [UInt64](repeating: 0, count: HistogramSeries.bounds.count + 1)
        var sum = 0.0
        var count: UInt64 = 0
    }

    static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
    ]

    private let state = Mutex(State())

    var type: String { "histogram" }
    /// How many were observed.
    var value: Double { Double(state.withLock { $0.count }) }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
        state.withLock { state in
            state.counts[bucket] += 1
            state.sum += value
            state.count += 1
        }
    }

    func write(_ key: SeriesKey, to text: inout String) {
        let state = state.withLock { $0 }
        Buckets(bounds: Self.bounds, counts: state.counts, sum: state.sum).write(key, to: &text)
    }
}

/// A counter that somebody else counts.
final class ReadCounterSeries: Series {
    private let current = Mutex<Double>(0)

    var type: String { "counter" }
    var value: Double { current.withLock { $0 } }

    func set(_ value: Double) { current.withLock { $0 = value } }

    func write(_ key: SeriesKey, to text: inout String) { text += key.line(Number.text(value)) }
}

/// A histogram that somebody else fills.
final class ReadHistogramSeries: Series {
    private let current = Mutex(Buckets(bounds: [], counts: [], sum: 0))

    var type: String { "histogram" }
    var value: Double { Double(current.withLock { $0.counts.reduce(0, +) }) }

    func set(_ buckets: Buckets) { current.withLock { $0 = buckets } }

    func write(_ key: SeriesKey, to text: inout String) { current.withLock { $0 }.write(key, to: &text) }
}

/// The content of a histogram.
struct Buckets: Sendable {
    var bounds: [Double]
    /// One for each bound, and one for what is above them all; not cumulative.
    var counts: [UInt64]
    var sum: Double

    func write(_ key: SeriesKey, to text: inout String) {
        var cumulative: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            cumulative += count
            text += key.line("\(cumulative)", suffix: "_bucket", extra: "le=\"\(Number.text(bound))\"")
        }
        let count = counts.reduce(0, +)
        text += key.line("\(count)", suffix: "_bucket", extra: "le=\"+Inf\"")
        text += key.line(Number.text(sum), suffix: "_sum")
        text += key.line("\(count)", suffix: "_count")
    }
}

enum Number {
    /// Whole numbers without a fraction, as operators expect to read counts.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }
}
