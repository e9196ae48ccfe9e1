// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// The double as a process of its own.
package enum UDMDoubleServer {
    /// Serves until SIGTERM or SIGINT.
    package static func run(_ configuration: UDMDouble.Configuration, logger: Logger) async throws {
        let double = try UDMDouble(configuration, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [double], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
