// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How a ``ProvisioningDouble`` is set up; every default is that of the real service's development compose file.
package struct ProvisioningDoubleConfiguration: Sendable {
    /// A user name and password of HTTP Basic authentication.
    package struct Account: Sendable, Equatable {
        package var username: String
        package var password: String

        package init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// The address to listen on. The control endpoints ask for no password, so it should be a loopback address.
    package var host = "127.0.0.1"
    /// 0 lets the system choose a free port.
    package var port: Int
    /// The only account that may publish.
    package var events: Account
    /// The account that creates, lists and deletes subscriptions.
    package var admin = Account(username: "admin", password: "provisioning")
    /// The folder of the journal, created if it is not there; `nil` keeps everything in memory only.
    ///
    /// Only one double at a time may use it.
    package var journal: String?
    /// How long a delivered message stays out before it is delivered again.
    package var acknowledgementWait: Duration = .seconds(1)
    /// The message queue's `max_payload` in bytes of the stored message; a larger one is answered 500.
    package var maximumPayloadBytes = 1 << 20
    /// What the switches are at the start and after a reset.
    package var switches = Switches()
    /// Seeds the draws of faults that fire by probability; `nil` draws a seed.
    package var seed: UInt64?

    /// - Parameter latency: What ``Switches/latency`` is at the start and after a reset.
    package init(
        port: Int = 0, journal: String? = nil, eventsUsername: String = "udm", eventsPassword: String = "udmpass",
        latency: Duration = .zero
    ) {
        self.port = port
        self.journal = journal
        events = Account(username: eventsUsername, password: eventsPassword)
        switches.latency = latency
    }
}
