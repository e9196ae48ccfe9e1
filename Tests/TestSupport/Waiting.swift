// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Looks again and again until `condition` holds: for what gives no signal.
///
/// - Throws: ``WaitTimeout`` when it does not within `limit`.
package func wait(
    until what: String, limit: Duration = .seconds(20), every pause: Duration = .milliseconds(5),
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw WaitTimeout(description: "waited in vain until \(what)") }
        try await Task.sleep(for: pause)
    }
}

/// A condition that did not come true.
package struct WaitTimeout: Error, CustomStringConvertible {
    package let description: String
}
