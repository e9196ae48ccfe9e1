// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Where the Provisioning API is, and as whom to speak to it.
package struct ProvisioningConfiguration: Sendable {
    /// The base, such as `http://nubus-provisioning-api`; a slash at its end makes no difference.
    package var url: String
    /// The *events* account, of which the Provisioning service has one.
    package var username: String
    package var password: String
    /// One of the names that the Provisioning service knows; others are refused.
    package var publisherName: String
    /// A PEM file of the certificate authorities to trust in place of the system's.
    package var trustRootsFile: String?
    /// For one event. Longer than the 22 s after which the service answers while its message queue is frozen.
    package var timeout: Duration
    package var connectTimeout: Duration

    package static let standardPublisherName = "udm-listener"

    package init(
        url: String, username: String, password: String, publisherName: String = standardPublisherName,
        trustRootsFile: String? = nil, timeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(5)
    ) {
        self.url = url
        self.username = username
        self.password = password
        self.publisherName = publisherName
        self.trustRootsFile = trustRootsFile
        self.timeout = timeout
        self.connectTimeout = connectTimeout
    }

    /// One sentence per setting that cannot work; empty when all can.
    package var problems: [String] {
        var problems = SinkURL.problems(url, "the Provisioning URL", allowsQuery: false)
        if username.isEmpty || username.contains(":") {
            problems.append("the Provisioning user name must not be empty and have no colon")
        }
        // The service reads the header as ASCII, and answers 401 to what is not.
        if !username.utf8.allSatisfy({ $0 < 0x80 }) || !password.utf8.allSatisfy({ $0 < 0x80 }) {
            problems.append("the Provisioning user name and password must be ASCII: the service takes no others")
        }
        if !Self.isPublisherName(publisherName) {
            problems.append("the publisher name must be lower-case letters, digits, _ and -, not \"\(publisherName)\"")
        }
        if timeout <= .seconds(22) {
            problems.append(
                "the Provisioning timeout must be longer than 22 s, which the service takes to give up itself")
        }
        if connectTimeout <= .zero { problems.append("the Provisioning connect timeout must be longer than zero") }
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

extension ProvisioningConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { "Provisioning at \(url) as \(username)" }

    /// Keeps the password out of `dump` and of logged values.
    package var customMirror: Mirror {
        Mirror(self, children: ["url": url, "username": username, "password": "***", "publisherName": publisherName])
    }
}

/// An HTTP receiver of events.
package struct WebhookConfiguration: Sendable {
    package var url: String
    /// Each signature names all of them; the receiver knows at least one.
    package var secrets: [WebhookSecret]
    /// A PEM file of the certificate authorities to trust in place of the system's.
    package var trustRootsFile: String?
    /// For one event.
    package var timeout: Duration
    package var connectTimeout: Duration

    package init(
        url: String, secrets: [WebhookSecret], trustRootsFile: String? = nil, timeout: Duration = .seconds(20),
        connectTimeout: Duration = .seconds(5)
    ) {
        self.url = url
        self.secrets = secrets
        self.trustRootsFile = trustRootsFile
        self.timeout = timeout
        self.connectTimeout = connectTimeout
    }

    package var problems: [String] {
        var problems = SinkURL.problems(url, "the webhook URL", allowsQuery: true)
        if secrets.isEmpty { problems.append("a webhook must have a secret") }
        if secrets.count > 5 { problems.append("a webhook must not have more than 5 secrets") }
        return problems
    }
}

/// A stream in the Redis that the queue is in.
package struct RedisStreamConfiguration: Sendable {
    /// Its key.
    package var name: String
    /// About so many entries are kept; the oldest go.
    package var maximumLength: Int

    package static let standardName = "scim-events"

    package init(name: String = standardName, maximumLength: Int = 100_000) {
        self.name = name
        self.maximumLength = maximumLength
    }

    package var problems: [String] {
        var problems: [String] = []
        if name.isEmpty || name.utf8.count > 200 || !name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            || name.hasPrefix("{scim:")
        {
            problems.append(
                "the name of the stream must be 1 to 200 printable ASCII characters without blanks, and not begin with {scim:, "
                    + "as the keys of queues do")
        }
        if maximumLength < 1000 { problems.append("the stream must keep at least 1000 entries") }
        return problems
    }
}

enum SinkURL {
    static func problems(_ url: String, _ name: String, allowsQuery: Bool) -> [String] {
        let lowercased = url.lowercased()
        if !["http://", "https://"].contains(where: lowercased.hasPrefix) {
            return ["\(name) must begin with http:// or https://"]
        }
        if !url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            return ["\(name) must be printable ASCII without blanks"]
        }
        if url.contains("#") || url.contains("@") || (!allowsQuery && url.contains("?")) {
            return ["\(name) must have no credentials\(allowsQuery ? "" : ", query") or fragment"]
        }
        return []
    }
}
