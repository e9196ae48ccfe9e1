// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How to reach PostgreSQL, and the limits of every session.
package struct PostgresConfiguration: Sendable {
    /// A `postgresql://` URL or a libpq keyword string such as `host=/run/postgresql dbname=scim`. TLS settings
    /// (`sslmode`, `sslrootcert`, …) and several hosts are libpq's own; `connect_timeout` in it is not used.
    package var url: String
    /// Overrides a password in `url`; never logged and in no error message.
    package var password: String?
    /// `sslmode` for a `url` that has none; nil leaves it to libpq, whose `prefer` verifies nothing.
    package var sslMode: String?
    /// `sslrootcert` for a `url` that has none: a PEM file of the authorities to trust. nil leaves it to libpq.
    package var sslRootCertificate: String?
    /// What `pg_stat_activity` shows. Overrides `application_name` in `url`.
    package var applicationName: String
    /// Until the session is ready, name resolution and authentication included.
    package var connectTimeout: Duration
    /// The server's `statement_timeout`; nil leaves the server's own setting.
    package var statementTimeout: Duration?
    /// The server's `lock_timeout`; nil leaves the server's own setting.
    package var lockTimeout: Duration?
    /// The server's `idle_in_transaction_session_timeout`; nil leaves the server's own setting.
    package var idleInTransactionTimeout: Duration?
    /// The server's `search_path`, such as `scim, public`.
    package var searchPath: String?
    /// How long a server may say nothing at all while it owes an answer. After that the callers get
    /// ``PostgresError/Kind/timeout`` and the connection is closed, because its state is unknown.
    /// A pipeline hears from the server after every 32 statements. nil: ``statementTimeout`` and 2 s, or no limit when
    /// that is nil too.
    package var responseTimeout: Duration?
    /// Further settings of the server for the session, such as `("jit", "off")`.
    package var sessionSettings: [(name: String, value: String)] = []

    package init(
        url: String, password: String? = nil, applicationName: String = "scim-bridge",
        connectTimeout: Duration = .seconds(5), statementTimeout: Duration? = .seconds(30),
        lockTimeout: Duration? = nil, idleInTransactionTimeout: Duration? = nil, searchPath: String? = nil,
        responseTimeout: Duration? = nil
    ) {
        self.url = url
        self.password = password
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.idleInTransactionTimeout = idleInTransactionTimeout
        self.searchPath = searchPath
        self.responseTimeout = responseTimeout
    }

    /// The limit that the local watchdog enforces; nil: none.
    var silenceLimit: Duration? { responseTimeout ?? statementTimeout.map { $0 + .seconds(2) } }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
    /// Without `url`, which may carry a password.
    package var description: String { "PostgresConfiguration(\(applicationName))" }
    package var customMirror: Mirror { Mirror(self, children: ["applicationName": applicationName]) }
}
