// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics
internal import SCIM

/// `udm_requests_total`, `udm_request_errors_total`, `udm_request_duration_seconds`, by method, resource type and class.
struct UDMMetrics: Sendable {
    let factory: any MetricsFactory

    /// - Parameter error: The class of the failure, `nil` for a call that did what it was made for (class `ok`).
    func record(method: String, module: UDMModule?, error: UDMErrorClass?, duration: Duration) {
        let dimensions = [
            ("method", method),
            ("resource", module?.resourceType.rawValue ?? "none"),
            ("class", error?.label ?? "ok"),
        ]
        Counter(label: "udm_requests_total", dimensions: dimensions, factory: factory).increment()
        if error != nil {
            Counter(label: "udm_request_errors_total", dimensions: dimensions, factory: factory).increment()
        }
        Timer(label: "udm_request_duration_seconds", dimensions: dimensions, factory: factory)
            .recordNanoseconds(duration.nanoseconds)
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
