// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import ServiceLifecycle

/// An HTTP server that ends in bounded time: on a graceful shutdown requests under way may finish within a limit, then their connections are
/// closed.
package struct DrainingServer: Service, CustomStringConvertible {
    private enum Ending {
        case finished, cancelled, overdue
    }

    package let description: String
    private let server: any Service
    private let connections: OpenConnections
    private let limit: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - connections: Those of `server`, whose configuration uses their ``OpenConnections/handler()``.
    ///   - limit: For requests under way when the shutdown begins.
    package init(
        _ name: String, _ server: any Service, connections: OpenConnections, limit: Duration, logger: Logger
    ) {
        description = name
        self.server = server
        self.connections = connections
        self.limit = limit
        self.logger = logger
    }

    package func run() async throws {
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Ending.self) { group in
                group.addTask {
                    try await server.run()
                    return .finished
                }
                group.addTask { await deadline() }
                while let ending = try await group.next() {
                    switch ending {
                    case .finished: group.cancelAll()
                    case .cancelled: break
                    case .overdue:
                        let count = connections.closeAll()
                        logger.warning(
                            "Requests were not finished in time and are broken off",
                            metadata: ["connections": "\(count)", "limit": "\(limit)"])
                        group.cancelAll()
                        // What the interrupted server throws is of our own making.
                        _ = await group.nextResult()
                    }
                }
            }
        } onCancel: {
            connections.closeAll()
        }
    }

    private func deadline() async -> Ending {
        do {
            try await gracefulShutdown()
            try await Task.sleep(for: limit)
            return .overdue
        } catch {
            return .cancelled
        }
    }
}
