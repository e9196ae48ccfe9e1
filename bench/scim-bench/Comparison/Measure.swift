// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Which figure of a round is set beside the limit's.
enum Measure: String, Sendable {
    /// Operations a second.
    case rate
    /// Latencies.
    case p50, p95

    /// - Returns: The scenario's figure in units of the limit's; nil when the limit has none.
    func ratio(_ load: LoadResult, to limit: LimitResult) -> Double? {
        let (own, best): (Double, Double?) =
            switch self {
            case .rate: (load.rate, limit.rate)
            case .p50: (load.latency.p50, limit.percentiles?.p50)
            case .p95: (load.latency.p95, limit.percentiles?.p95)
            }
        guard let best, best > 0 else { return nil }
        return own / best
    }
}

/// What a figure is to reach. It is told in the report and decides nothing: a slow machine is no failure.
enum Goal: Sendable, Equatable {
    case atLeast(Double)
    case atMost(Double)

    func isMet(by value: Double) -> Bool {
        switch self {
        case .atLeast(let bound): value >= bound
        case .atMost(let bound): value <= bound
        }
    }

    /// `met` or `missed`; nil without a value.
    func verdict(_ value: Double?) -> String? { value.map { isMet(by: $0) ? "met" : "missed" } }

    /// Such as `<= 3`.
    var text: String {
        switch self {
        case .atLeast(let bound): ">= \(Figure.shortest(bound))"
        case .atMost(let bound): "<= \(Figure.shortest(bound))"
        }
    }
}
