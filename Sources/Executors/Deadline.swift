// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Runs `body` for at most `limit`, then cancels it; a value that is there when the time is over still counts.
///
/// - Throws: ``DeadlineExceeded`` when there is none, and whatever `body` throws in time.
package func withDeadline<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        if let value = try await group.next() ?? nil { return value }
        group.cancelAll()
        do {
            if let value = try await group.next() ?? nil { return value }
        } catch {
            // Ended by the cancellation above.
        }
        throw DeadlineExceeded(limit: limit)
    }
}

/// Something took longer than it may.
package struct DeadlineExceeded: Error, CustomStringConvertible {
    package let limit: Duration

    package init(limit: Duration) { self.limit = limit }

    package var description: String { "no answer within \(limit)" }
}
