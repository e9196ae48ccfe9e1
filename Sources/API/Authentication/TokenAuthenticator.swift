// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// Tells whom a bearer token belongs to.
package protocol TokenAuthenticator: Sendable {
    /// - Parameter token: What followed `Bearer ` in the `Authorization` header, never empty.
    /// - Throws: ``AuthenticationError``; the request is then refused.
    func authenticate(_ token: Substring) async throws(AuthenticationError) -> Principal
}

/// Why a token is refused. The client learns no more than that it is invalid; logs get the case.
package enum AuthenticationError: Error, Equatable, Sendable {
    case unknownToken
    case expired
    /// The service that could tell does not answer: 503, because the token may be good.
    case unavailable(reason: String)
}

/// The bearer token of a request (RFC 6750 section 2.1).
enum BearerCredentials: Equatable {
    case missing
    case malformed
    case token(Substring)

    init(authorization header: String?) {
        guard let header else {
            self = .missing
            return
        }
        let bytes = header.utf8
        let schemeEnd = bytes.firstIndex(of: UInt8(ascii: " ")) ?? bytes.endIndex
        // Another scheme is as good as no credentials (RFC 6750 section 3.1).
        guard String(header[..<schemeEnd]).equalsIgnoringASCIICase("Bearer") else {
            self = .missing
            return
        }
        let token = Substring(bytes[schemeEnd...].drop { $0 == UInt8(ascii: " ") })
        self = BearerCredentials.isToken68(token) ? .token(token) : .malformed
    }

    private static func isToken68(_ token: Substring) -> Bool {
        !token.isEmpty
            && token.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
                    true
                default: false
                }
            }
    }
}
