// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Where the Provisioning API is, as whom to speak to it, and how to send.
package struct EventSenderConfiguration: Sendable {
    /// The base, such as `http://nubus-provisioning-api`; a slash at its end makes no difference.
    package var url: String
    /// The *events* account, of which the Provisioning service has one.
    package var username: String
    package var password: String
    /// One of the names that the Provisioning service knows; others are refused.
    package var publisherName: String
    /// The base of SCIM, such as `https://scim.example.org/scim/v2`, for `meta.location`; `nil` leaves that out.
    package var publicURL: String?
    /// A PEM file of the certificate authorities to trust in place of the system's.
    package var trustRootsFile: String?
    /// For one event. Longer than the 22 s after which the service answers while its message queue is frozen.
    package var timeout: Duration
    package var connectTimeout: Duration
    /// Resources whose events are sent at the same time; those of one resource go one after the other.
    package var parallelResources: Int
    /// Events read at a time.
    package var batchSize: Int
    /// The longest wait before the outbox is looked at without a signal: other processes write to it too.
    package var pollInterval: Duration
    /// How long to wait before a service that refused the account or the address is asked again.
    package var recoveryInterval: Duration
    /// The most that an event may take in the message queue of the service, see ``EventSize``.
    package var maximumEventBytes: Int

    package init(
        url: String,
        username: String,
        password: String,
        publisherName: String = "udm-listener",
        publicURL: String? = nil,
        trustRootsFile: String? = nil,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(5),
        parallelResources: Int = 8,
        batchSize: Int = 500,
        pollInterval: Duration = .seconds(1),
        recoveryInterval: Duration = .seconds(30),
        maximumEventBytes: Int = 900_000
    ) {
        self.url = url
        self.username = username
        self.password = password
        self.publisherName = publisherName
        self.publicURL = publicURL
        self.trustRootsFile = trustRootsFile
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.parallelResources = parallelResources
        self.batchSize = batchSize
        self.pollInterval = pollInterval
        self.recoveryInterval = recoveryInterval
        self.maximumEventBytes = maximumEventBytes
    }

    /// One sentence per setting that cannot work; empty when all can.
    package var problems: [String] {
        var problems: [String] = []
        let lowercased = url.lowercased()
        if !["http://", "https://"].contains(where: lowercased.hasPrefix) {
            problems.append("the Provisioning URL must begin with http:// or https://")
        } else if !url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            problems.append("the Provisioning URL must be printable ASCII without blanks")
        } else if url.contains("?") || url.contains("#") || url.contains("@") {
            problems.append("the Provisioning URL must have no credentials, query or fragment")
        }
        if username.isEmpty || username.contains(":") {
            problems.append("the Provisioning user name must not be empty and have no colon")
        }
        if !Self.isPublisherName(publisherName) {
            problems.append("the publisher name must be lower-case letters, digits, _ and -, not \"\(publisherName)\"")
        }
        if timeout <= .seconds(22) {
            problems.append(
                "the Provisioning timeout must be longer than 22 s, which the service takes to give up itself")
        }
        if connectTimeout <= .zero { problems.append("the Provisioning connect timeout must be longer than zero") }
        if parallelResources < 1 { problems.append("events of at least one resource must be sent at a time") }
        if batchSize < 1 { problems.append("at least one event must be read at a time") }
        if pollInterval <= .zero || recoveryInterval <= .zero {
            problems.append("the intervals of the event sender must be longer than zero")
        }
        if maximumEventBytes < 16_384 { problems.append("the largest event must be at least 16384 bytes") }
        return problems
    }

    /// The pattern that a publisher name has in the Provisioning service: `^[a-z0-9_-]+$`.
    static func isPublisherName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                }
            }
    }
}

extension EventSenderConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { "Provisioning at \(url) as \(username)" }

    /// Keeps the password out of `dump` and of logged values.
    package var customMirror: Mirror {
        Mirror(self, children: ["url": url, "username": username, "password": "***", "publisherName": publisherName])
    }
}

/// The sender refuses to start with a configuration that cannot work.
package struct EventSenderConfigurationError: Error, Equatable, CustomStringConvertible {
    package let problems: [String]

    package var description: String { problems.joined(separator: "; ") }
}
