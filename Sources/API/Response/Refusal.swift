// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import SCIM

/// A ``SCIMError`` that goes out with headers of its own.
struct Refusal: Error {
    let error: SCIMError
    let headers: [HTTPField]

    static func methodNotAllowed(_ route: Route) -> Refusal {
        let allowed = route.allowedMethods
        return Refusal(
            error: SCIMError(status: 405, detail: "This endpoint answers \(allowed) only"),
            headers: [HTTPField(name: .allow, value: allowed)])
    }

    /// No credentials, or none that we understand: the challenge carries no error code (RFC 6750 section 3.1).
    static let missingToken = Refusal(
        error: .unauthorized("A bearer token is needed in the Authorization header"),
        headers: [HTTPField(name: .wwwAuthenticate, value: #"Bearer realm="scim""#)])

    /// The same for every reason, so that nothing is told to whoever tries tokens.
    static let invalidToken = Refusal(
        error: .unauthorized("The bearer token is not valid"),
        headers: [
            HTTPField(
                name: .wwwAuthenticate,
                value: #"Bearer realm="scim", error="invalid_token", error_description="The bearer token is not valid""#
            )
        ])

    static func insufficientScope(_ scope: Scopes) -> Refusal {
        let name = scope.names.joined(separator: " ")
        return Refusal(
            error: .forbidden("The token lacks the scope \(name)"),
            headers: [
                HTTPField(
                    name: .wwwAuthenticate, value: #"Bearer realm="scim", error="insufficient_scope", scope="\#(name)""#
                )
            ])
    }
}
