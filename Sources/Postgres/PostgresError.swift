// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Why PostgreSQL did not do what was asked, with what a caller acts on.
package struct PostgresError: Error, Sendable, Equatable {
    /// What went wrong, and how far the statement had come.
    package enum Kind: Sendable, Hashable {
        /// The server refused the statement: see ``PostgresError/sqlState``.
        case server
        /// No connection could be opened; nothing was sent.
        case connectionFailed
        /// The connection ended while the statement was under way.
        case connectionLost
        /// The server's `statement_timeout`, or no answer at all within the response timeout.
        case timeout
        /// No connection of the pool became free in time, or the pipeline was busy for too long; nothing was sent.
        case poolTimeout
        /// The calling task was cancelled.
        case cancelled
        /// A column does not hold what was asked for.
        case decoding
        /// The pipeline, pool or connection was closed; nothing was sent.
        case shutDown
    }

    package var kind: Kind
    /// Five characters, appendix A of the PostgreSQL manual.
    package var sqlState: String?
    /// The constraint, or unique index, that was violated.
    package var constraint: String?
    /// The server's or libpq's sentence.
    package var message: String
    /// May quote values of the row: not for logs.
    package var detail: String?
    /// The same call may succeed later. Whether repeating it is *safe* is ``mayHaveCommitted``.
    package var canRetry: Bool
    /// The outcome is unknown: the statement, or the transaction, may have taken effect.
    package var mayHaveCommitted: Bool

    package init(
        kind: Kind, message: String, sqlState: String? = nil, constraint: String? = nil, detail: String? = nil,
        canRetry: Bool = false, mayHaveCommitted: Bool = false
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.constraint = constraint
        self.message = message
        self.detail = detail
        self.canRetry = canRetry
        self.mayHaveCommitted = mayHaveCommitted
    }

    package var isUniqueViolation: Bool { sqlState == "23505" }
    /// `lock_timeout` or `NOWAIT`.
    package var isLockNotAvailable: Bool { sqlState == "55P03" }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        var text = "PostgreSQL: \(message)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let constraint { text += ", constraint \(constraint)" }
        if mayHaveCommitted { text += "; it may have taken effect" }
        return text
    }
}
