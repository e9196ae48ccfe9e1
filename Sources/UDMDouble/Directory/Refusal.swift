// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A request that the server does not carry out, in the terms of udm-rest-api.md section 8.
enum Refusal: Error {
    /// 422 with one `udm:error` each.
    case invalid([FieldError])
    case notFound
    /// 400: malformed requests, and every exception of UDM without a status of its own.
    case badRequest(String)
    case forbidden(String)
    case methodNotAllowed([String])
    case notAcceptable
    case preconditionFailed(String)
    case rangeNotSatisfiable(String)
    case tooLarge
    /// 500: `exception` is the last line of the traceback.
    case internalError(exception: String)
    /// 503 with `Retry-After: 15`.
    case directoryDown
}

/// One `udm:error`.
struct FieldError: Equatable {
    /// Such as `["body", "properties", "username"]`.
    let location: [String]
    let message: String

    init(_ location: [String], _ message: String) {
        self.location = location
        self.message = message
    }

    static func property(_ name: String, _ message: String) -> FieldError {
        FieldError(["body", "properties", name], message)
    }

    static func invalid(_ name: String, _ details: String) -> FieldError {
        .property(name, "The property \(name) has an invalid value: \(details)")
    }

    static func required(_ name: String) -> FieldError { .property(name, "The property \"\(name)\" is required.") }

    static func exists(_ details: String) -> FieldError { FieldError(["body", "dn"], "Object exists: \(details)") }
}
