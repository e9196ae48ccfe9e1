// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors
internal import Metrics
internal import SCIM

/// `udm_requests_total`, `udm_request_errors_total`, `udm_request_duration_seconds`, by method, resource type and class.
struct UDMMetrics: Sendable {
    private struct Call: Hashable {
        let method: String
        let module: UDMModule?
        let error: String?
    }

    private struct Figures {
        let requests: Counter
        let errors: Counter?
        let duration: Timer
    }

    private let figures: Kept<Call, Figures>

    init(factory: any MetricsFactory) {
        figures = Kept { call in
            let dimensions = [
                ("method", call.method), ("resource", call.module?.resourceType.rawValue ?? "none"),
                ("class", call.error ?? "ok"),
            ]
            return Figures(
                requests: Counter(label: "udm_requests_total", dimensions: dimensions, factory: factory),
                errors: call.error == nil
                    ? nil : Counter(label: "udm_request_errors_total", dimensions: dimensions, factory: factory),
                duration: Timer(label: "udm_request_duration_seconds", dimensions: dimensions, factory: factory))
        }
        // What alerts and dashboards name is there from the start: a rate over a series that comes up with its first count misses that count.
        for module in UDMModule.allCases {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                for error in [nil, UDMErrorClass.transient, .permanent, .unknownOutcome, .authentication] {
                    _ = figures[Call(method: method, module: module, error: error?.label)]
                }
            }
        }
    }

    /// - Parameter error: The class of the failure, `nil` for a call that did what it was made for (class `ok`).
    func record(method: String, module: UDMModule?, error: UDMErrorClass?, duration: Duration) {
        let figures = figures[Call(method: method, module: module, error: error?.label)]
        figures.requests.increment()
        figures.errors?.increment()
        figures.duration.record(duration: duration)
    }
}
