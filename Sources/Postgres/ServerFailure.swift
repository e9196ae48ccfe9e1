// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// What the server, or libpq in its place, said about a statement that failed.
struct ServerFailure {
    var error: PostgresError
    /// FATAL or PANIC: the server ends this session.
    let endsSession: Bool
    /// The prepared statement is gone or was planned for a table that has changed: prepare it again and repeat.
    let isStaleStatement: Bool

    init(_ result: OpaquePointer) {
        func field(_ code: UInt8) -> String? {
            PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
        }
        let sqlState = field(UInt8(ascii: "C"))
        guard let sqlState else {
            // Without SQLSTATE it is libpq that speaks, about the connection.
            let message = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            error = .connectionLost(PostgresError.oneLine(message))
            endsSession = true
            isStaleStatement = false
            return
        }
        let severity = field(UInt8(ascii: "V"))
        endsSession = severity == "FATAL" || severity == "PANIC"
        isStaleStatement =
            sqlState == "26000" || (sqlState == "0A000" && field(UInt8(ascii: "R")) == "RevalidateCachedQuery")
        error = PostgresError(
            kind: endsSession ? .connectionLost : sqlState == "57014" ? .timeout : .server,
            message: field(UInt8(ascii: "M")) ?? "", sqlState: sqlState, constraint: field(UInt8(ascii: "n")),
            detail: field(UInt8(ascii: "D")), canRetry: endsSession || Self.canRetry(sqlState))
    }

    /// The classes and codes of appendix A that pass by themselves.
    private static func canRetry(_ sqlState: String) -> Bool {
        switch sqlState {
        case "40001", "40P01", "55P03", "55006", "57014", "25006", "57P01", "57P02", "57P03", "57P05", "25P03": true
        default: sqlState.hasPrefix("08") || sqlState.hasPrefix("53") || sqlState.hasPrefix("58")
        }
    }
}

extension PostgresError {
    static func connectionFailed(_ message: String, canRetry: Bool = true) -> PostgresError {
        PostgresError(kind: .connectionFailed, message: message, canRetry: canRetry)
    }

    static func connectionLost(_ message: String) -> PostgresError {
        PostgresError(kind: .connectionLost, message: message, canRetry: true)
    }

    static func noAnswer(within limit: Duration) -> PostgresError {
        PostgresError(kind: .timeout, message: "no answer within \(limit)", canRetry: true)
    }

    static func cancelled(mayHaveCommitted: Bool = false) -> PostgresError {
        PostgresError(kind: .cancelled, message: "the task was cancelled", mayHaveCommitted: mayHaveCommitted)
    }

    static func shutDown(_ what: String) -> PostgresError {
        PostgresError(kind: .shutDown, message: "the \(what) is closed")
    }

    func committing(_ mayHaveCommitted: Bool) -> PostgresError {
        var copy = self
        copy.mayHaveCommitted = mayHaveCommitted
        return copy
    }

    var retriable: PostgresError {
        var copy = self
        copy.canRetry = true
        return copy
    }

    /// libpq ends its sentences with a newline and puts one between the hosts it tried.
    static func oneLine(_ message: String) -> String {
        message.split(separator: "\n", omittingEmptySubsequences: true)
            .map { $0.drop { $0 == " " || $0 == "\t" } }
            .joined(separator: "; ")
    }
}

extension Duration {
    /// Rounded up, at least 1: PostgreSQL takes a timeout of 0 as none.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(1, seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds / 1_000_000_000))
    }
}
