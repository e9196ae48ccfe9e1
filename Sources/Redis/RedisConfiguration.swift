// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Where Redis is and how it is reached.
package struct RedisConfiguration: Sendable {
    /// Files are PEM and are read at every connect, so that renewed certificates are picked up.
    package struct TLS: Sendable, Hashable {
        /// The authorities to trust; the system's when `nil`.
        package var authorityFile: String?
        /// Our own certificate chain, for servers that ask for one.
        package var certificateFile: String?
        package var keyFile: String?

        package init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    package var endpoint: RedisEndpoint
    /// `SELECT`ed after connecting, unless 0.
    package var database: Int
    package var username: String?
    package var password: String?
    /// `nil`: no TLS. The certificate is always verified, including the host name.
    package var tls: TLS?
    /// For the whole of TCP and TLS, and again for the hand-shake of AUTH, SELECT and the checks.
    package var connectTimeout: Duration = .seconds(2)
    package var commandTimeout: Duration = .seconds(2)
    /// Commands under way at one time; more are refused.
    package var pendingMax = 65_536
    /// Shown by `CLIENT LIST`.
    package var clientName = "scim-bridge"
    /// Longest wait between two attempts to reconnect.
    package var reconnectDelayMax: Duration = .seconds(2)

    /// - Parameters:
    ///   - url: `redis://[user[:password]@]host[:port][/database]`, with TLS `rediss://`. Parts are percent-decoded.
    ///   - username: Instead of the one in the URL.
    ///   - password: Instead of the one in the URL.
    /// - Throws: ``RedisError/Kind/configuration`` with what is wrong, without the password.
    package init(url: String, username: String? = nil, password: String? = nil) throws(RedisError) {
        let parts = try RedisURL(url)
        endpoint = RedisEndpoint(host: parts.host, port: parts.port)
        database = parts.database
        self.username = username ?? parts.username
        self.password = password ?? parts.password
        tls = parts.usesTLS ? TLS() : nil
        if self.username != nil && self.password == nil {
            throw RedisError(.configuration, "a user name for Redis needs a password")
        }
    }
}

/// A host name or address, and a TCP port.
package struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Every way of printing leaves the password out.
extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let user = username.map { "\($0)@" } ?? ""
        return "\(tls == nil ? "redis" : "rediss")://\(user)\(endpoint)/\(database)"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
