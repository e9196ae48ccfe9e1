// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One call to UDM that has ended.
package struct UDMCall: Sendable {
    /// What the call was for, as the metrics name it.
    package enum Operation: String, Sendable, CaseIterable {
        case get, search, create, modify, delete
    }

    package let operation: Operation
    package let module: UDMModule
    package let started: ContinuousClock.Instant
    package let duration: Duration
    /// Nil when it did what it was made for.
    package let error: UDMError?

    package init(
        operation: Operation, module: UDMModule, started: ContinuousClock.Instant, duration: Duration, error: UDMError?
    ) {
        self.operation = operation
        self.module = module
        self.started = started
        self.duration = duration
        self.error = error
    }
}

/// Sees every call for users and groups. Called from the calling task, so it must not block.
package protocol UDMObserver: Sendable {
    func callBegan()
    func callEnded(_ call: UDMCall)
}
