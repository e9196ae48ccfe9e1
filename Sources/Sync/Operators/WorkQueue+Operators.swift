// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Queue
internal import Redis
internal import Storage

extension WorkQueue {
    /// Enqueues a resource that an operator's command has given work.
    ///
    /// - Returns: Why Redis does not know of it yet, and nil when it does. The command has succeeded either way: the sweep finds the work within seconds.
    func problem(enqueuing subject: ResourceSubject, lane: Lane = .interactive) async -> String? {
        do throws(RedisError) {
            return try await enqueue([Enqueue(subject.key, lane: lane)]) == .lost ? "Redis is empty" : nil
        } catch {
            return error.message
        }
    }
}
