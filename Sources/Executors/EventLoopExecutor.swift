// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Runs tasks on the thread of one event loop, so that what awaits its input and output needs no change of thread for it.
package final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}

/// Runs `body` where tasks run that prefer no executor; at once, if this one prefers none.
///
/// - For work that would keep a thread, and with it all that an event loop carries, for more than a few milliseconds.
/// - For calls of actors that have a ``DispatchExecutor``: to the runtime a task that prefers another executor is never where it should be on
///   theirs, so that every single call inside such an actor would suspend it and wait in its queue once more.
package func offEventLoop<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    guard withUnsafeCurrentTask(body: { $0?.unownedTaskExecutor }) != nil else { return try await body() }
    let task = Task { try await body() }
    return try await withTaskCancellationHandler {
        try await task.value
    } onCancel: {
        task.cancel()
    }
}
