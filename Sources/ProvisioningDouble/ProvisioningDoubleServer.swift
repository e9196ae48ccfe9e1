// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import ServiceLifecycle

/// A ``ProvisioningDouble`` as a service of a process of its own; with a journal it survives `kill -9`.
package struct ProvisioningDoubleServer: Service {
    private let configuration: ProvisioningDoubleConfiguration
    private let logger: Logger

    package init(configuration: ProvisioningDoubleConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until a graceful stop; logs the port.
    ///
    /// - Throws: ``JournalError``, or the error of a port that is taken.
    package func run() async throws {
        let store = try MessageStore(configuration)
        let (logger, host) = (logger, configuration.host)
        logger.info(
            "Journal read",
            metadata: [
                "messages": "\(store.statistics.accepted)", "subscriptions": "\(store.subscriptions.count)",
            ])
        let application = DoubleApplication(store: store, logger: logger) { port in
            logger.info("Provisioning double listens", metadata: ["url": "http://\(host):\(port)"])
        }
        try await application.run()
    }
}
