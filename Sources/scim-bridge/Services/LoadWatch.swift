// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Logging
import ServiceLifecycle
import Storage

/// Reads every few seconds what the leader counted, for ``BackPressure``; never a request.
struct LoadWatch: Service {
    let resources: ResourceStore
    let backPressure: BackPressure
    let logger: Logger

    private static let interval = Duration.seconds(3)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    backPressure.update(try await resources.tenantLoads())
                } catch {
                    // What was read before is as good as anything: without PostgreSQL no write is taken anyway.
                    logger.debug("The load was not read", metadata: ["error": "\(error)"])
                }
                // Only cancellation ends it early, and the loop looks at that.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
