// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import SCIM
internal import Synchronization

/// `udm_requests_total`, `udm_request_errors_total`, `udm_request_duration_seconds`, by method, resource type and class.
///
/// Kept once made: to make one costs a lock, a search and several strings, for each call.
final class UDMMetrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let module: UDMModule?
        let error: UDMErrorClass?
    }

    private struct Series {
        let requests: Counter
        /// Nil for the class `ok`.
        let errors: Counter?
        let duration: Timer
    }

    private let factory: any MetricsFactory
    private let series = Mutex<[Key: Series]>([:])

    init(factory: any MetricsFactory) {
        self.factory = factory
        // Those that alerts and dashboards name are there from the start.
        for module in UDMModule.allCases {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                _ = series(Key(method: method, module: module, error: nil))
                for error in [UDMErrorClass.transient, .permanent, .unknownOutcome, .authentication] {
                    _ = series(Key(method: method, module: module, error: error))
                }
            }
        }
    }

    /// - Parameter error: The class of the failure, `nil` for a call that did what it was made for (class `ok`).
    func record(method: String, module: UDMModule?, error: UDMErrorClass?, duration: Duration) {
        let series = series(Key(method: method, module: module, error: error))
        series.requests.increment()
        series.errors?.increment()
        series.duration.recordNanoseconds(duration.nanoseconds)
    }

    private func series(_ key: Key) -> Series {
        series.withLock { all in
            if let found = all[key] { return found }
            let dimensions = [
                ("method", key.method),
                ("resource", key.module?.resourceType.rawValue ?? "none"),
                ("class", key.error?.label ?? "ok"),
            ]
            let made = Series(
                requests: Counter(label: "udm_requests_total", dimensions: dimensions, factory: factory),
                errors: key.error == nil
                    ? nil : Counter(label: "udm_request_errors_total", dimensions: dimensions, factory: factory),
                duration: Timer(label: "udm_request_duration_seconds", dimensions: dimensions, factory: factory))
            all[key] = made
            return made
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
