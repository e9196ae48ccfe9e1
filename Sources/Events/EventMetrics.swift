// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Metrics

/// `scim_events_sent_total` and `scim_events_failed_total` by class.
struct EventMetrics: Sendable {
    private let sent = Counter(label: "scim_events_sent_total")

    func countSent() { sent.increment() }

    func countFailed(_ failureClass: String) {
        Counter(label: "scim_events_failed_total", dimensions: [("class", failureClass)]).increment()
    }
}
