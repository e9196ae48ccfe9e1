// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import SCIM

extension SCIMError {
    /// What a client is told about a database that does not serve now, or a value that it cannot keep; nil for
    /// everything that is a fault of this program.
    init?(_ error: PostgresError) {
        switch error.kind {
        case .connectionFailed, .connectionLost, .timeout, .poolTimeout, .cancelled, .shutDown:
            self = SCIMError.unavailable(after: error)
        case .server:
            switch error.sqlState {
            // A value longer than its column, or than an index can hold.
            case "22001", "54000":
                self = SCIMError(status: 400, scimType: .invalidValue, detail: "The value of an attribute is too long")
            default:
                guard error.canRetry else { return nil }
                self = SCIMError.unavailable(after: error)
            }
        case .decoding:
            return nil
        }
    }

    private static func unavailable(after error: PostgresError) -> SCIMError {
        if error.mayHaveCommitted {
            return .unavailable(
                "The database did not confirm the write, which may have taken effect; read before repeating it",
                retryAfter: .seconds(2))
        }
        return .unavailable(
            "The database does not take the request now; nothing was changed",
            retryAfter: error.kind == .poolTimeout ? .seconds(1) : .seconds(2))
    }
}
