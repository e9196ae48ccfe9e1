// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import Logging
internal import Postgres
internal import SCIM
internal import Storage

/// What a client is told about an error. What lies within the service goes to the log and not into the answer.
struct ErrorExplanation: Sendable {
    let logger: Logger

    func response(to error: any Error, _ id: RequestID) -> Response {
        switch error {
        case let refusal as Refusal: .scim(refusal.error, headers: refusal.headers)
        case let error as AuthenticationError: response(to: error, id)
        default: .scim(scimError(for: error, id))
        }
    }

    func scimError(for error: any Error, _ id: RequestID) -> SCIMError {
        switch error {
        case let error as SCIMError: return error
        case let error as PostgresError: return scimError(for: error, id)
        case WriteError.noPasswordKey:
            logger.error("A password was refused: there is no key to seal it with", metadata: ["requestID": "\(id)"])
            return .invalidValue(attribute: "password", reason: "cannot be taken by this service")
        case is CancellationError:
            return .unavailable("The request was interrupted", retryAfter: .seconds(1))
        default:
            logger.error("A request failed", metadata: ["requestID": "\(id)", "error": "\(String(reflecting: error))"])
            return .internalError()
        }
    }

    private func scimError(for error: PostgresError, _ id: RequestID) -> SCIMError {
        if let refusal = SCIMError(error) {
            logger.warning("PostgreSQL did not serve a request", metadata: ["requestID": "\(id)", "error": "\(error)"])
            return refusal
        }
        logger.error("PostgreSQL refused a statement", metadata: ["requestID": "\(id)", "error": "\(error)"])
        return .internalError()
    }

    private func response(to error: AuthenticationError, _ id: RequestID) -> Response {
        switch error {
        case .unknownToken, .expired:
            logger.info("A token was refused", metadata: ["requestID": "\(id)", "reason": "\(error)"])
            return .scim(Refusal.invalidToken.error, headers: Refusal.invalidToken.headers)
        case .unavailable(let reason):
            logger.warning("Tokens cannot be checked", metadata: ["requestID": "\(id)", "reason": "\(reason)"])
            return .scim(.unavailable("Tokens cannot be checked now", retryAfter: .seconds(5)))
        }
    }
}
