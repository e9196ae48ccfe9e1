// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Where the UDM REST API is, and as whom to speak to it.
package struct UDMConfiguration: Sendable {
    /// The public base, such as `https://id.example.org/univention/udm/`. The trailing slash is required.
    package var baseURL: String
    /// The plain uid of the service account (`svc-scim`), not a DN.
    package var username: String
    package var password: String
    /// For one call, from asking for a connection to the last byte of the answer.
    package var timeout: Duration
    /// For TCP and TLS, and for waiting until one of ``maximumConnections`` is free.
    package var connectTimeout: Duration
    /// A PEM file of the certificate authorities to trust in place of the system's.
    package var trustRootsFile: String?
    /// DN of the container of new users; `nil` leaves the choice to UDM.
    package var userPosition: String?
    /// DN of the container of new groups; `nil` leaves the choice to UDM.
    package var groupPosition: String?
    /// At least the number of calls at one time; a call without a connection fails after ``connectTimeout``.
    package var maximumConnections: Int
    /// A group's answer carries every member's DN: about 80 bytes each.
    package var maximumAnswerBytes: Int

    package init(
        baseURL: String,
        username: String,
        password: String,
        timeout: Duration = .seconds(60),
        connectTimeout: Duration = .seconds(10),
        trustRootsFile: String? = nil,
        userPosition: String? = nil,
        groupPosition: String? = nil,
        maximumConnections: Int = 64,
        maximumAnswerBytes: Int = 64 << 20
    ) {
        self.baseURL = baseURL
        self.username = username
        self.password = password
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.trustRootsFile = trustRootsFile
        self.userPosition = userPosition
        self.groupPosition = groupPosition
        self.maximumConnections = maximumConnections
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    /// The configured container for new objects of `module`, `nil` for UDM's own default.
    package func position(for module: UDMModule) -> String? {
        switch module {
        case .user: userPosition
        case .group: groupPosition
        }
    }

    /// One sentence per setting that cannot work; empty when all can.
    package var problems: [String] {
        var problems: [String] = []
        if let problem = baseURLProblem { problems.append(problem) }
        // UDM decodes Basic credentials as ISO-8859-1: outside ASCII, bytes and meaning differ.
        if username.isEmpty || !username.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }) {
            problems.append("the UDM user name must be printable ASCII without blanks and colons")
        }
        if password.isEmpty || !password.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            problems.append("the UDM password must be printable ASCII")
        }
        if timeout <= .zero { problems.append("the UDM timeout must be longer than zero") }
        if connectTimeout <= .zero { problems.append("the UDM connect timeout must be longer than zero") }
        if maximumConnections < 1 { problems.append("the number of UDM connections must be at least 1") }
        if maximumAnswerBytes < 1024 { problems.append("the largest UDM answer must be at least 1024 bytes") }
        return problems
    }

    private var baseURLProblem: String? {
        let lowercased = baseURL.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowercased.hasPrefix) else {
            return "the UDM URL must begin with http:// or https://"
        }
        guard baseURL.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return "the UDM URL must be printable ASCII without blanks"
        }
        guard
            let authority = baseURL.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
                .first,
            !authority.isEmpty, !authority.hasPrefix(":")
        else { return "the UDM URL has no host" }
        if authority.contains("@") { return "the UDM URL must not carry credentials" }
        if baseURL.contains("?") || baseURL.contains("#") { return "the UDM URL must have no query and no fragment" }
        return baseURL.hasSuffix("/") ? nil : "the UDM URL must end with a slash"
    }
}

extension UDMConfiguration: CustomStringConvertible, CustomReflectable {
    package var description: String { "UDM at \(baseURL) as \(username)" }

    /// Keeps the password out of `dump` and of logged values.
    package var customMirror: Mirror {
        Mirror(self, children: ["baseURL": baseURL, "username": username, "password": "***"])
    }
}

/// The client refuses to start with a configuration that cannot work.
package struct UDMConfigurationError: Error, Equatable, CustomStringConvertible {
    package let problems: [String]

    package var description: String { problems.joined(separator: "; ") }
}
