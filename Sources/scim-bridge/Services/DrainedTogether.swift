// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle

/// Services that stop at the same time. A service group stops its own one after the other, so the time that each may take to drain would add
/// up, and the last would be killed before it is told.
struct DrainedTogether: Service {
    let services: [any Service]

    init(_ services: [any Service]) { self.services = services }

    /// - Throws: What the first of them throws; the others are cancelled then.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services {
                group.addTask {
                    try await service.run()
                    guard Task.isShuttingDownGracefully || Task.isCancelled else {
                        throw ServiceEnded(name: "\(service)")
                    }
                }
            }
            // `waitForAll` would wait for the others before it tells of a failure.
            while try await group.next() != nil {}
        }
    }
}

/// A service returned although nobody had told it to.
struct ServiceEnded: Error, CustomStringConvertible {
    let name: String

    var description: String { "\(name) ended by itself" }
}
