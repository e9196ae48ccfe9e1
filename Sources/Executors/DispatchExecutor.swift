// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Dispatch

/// Runs an actor on a serial dispatch queue; Dispatch on Linux has no `DispatchSerialQueue` to do it.
///
/// One executor, one dispatch queue: an actor's C calls and blocking work stay off the cooperative pool, and a
/// dispatch source or timer on ``dispatchQueue`` may enter the actor with `assumeIsolated`.
package final class DispatchExecutor: SerialExecutor {
    package let dispatchQueue: DispatchQueue

    package init(label: String, qos: DispatchQoS = .unspecified) {
        dispatchQueue = DispatchQueue(label: label, qos: qos)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        dispatchQueue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// What `assumeIsolated` asks when it is called outside a Swift task.
    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(dispatchQueue)) }
}
