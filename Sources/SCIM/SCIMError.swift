// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A request SCIM refuses, in the terms of RFC 7644 section 3.12.
package struct SCIMError: Error, Equatable, Sendable {
    /// The HTTP status.
    package var status: Int
    package var scimType: ScimType?
    /// A sentence for the people who run the client; it names the attribute, and never a secret.
    package var detail: String
    /// When to come again, for the header `Retry-After`.
    package var retryAfter: Duration?

    package init(status: Int, scimType: ScimType? = nil, detail: String, retryAfter: Duration? = nil) {
        self.status = status
        self.scimType = scimType
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// The detail error keywords of RFC 7644 table 9 and RFC 9865 section 2.1.
    package enum ScimType: String, CaseIterable, Sendable {
        case invalidFilter
        case tooMany
        case uniqueness
        case mutability
        case invalidSyntax
        case invalidPath
        case noTarget
        case invalidValue
        case invalidVers
        case sensitive
        case invalidCursor
        case expiredCursor
        case invalidCount
    }

    /// The body of the answer; the status is a string there.
    package var json: JSONValue {
        var body: JSONObject = ["schemas": [.string(SchemaURN.error)], "status": .string(String(status))]
        if let scimType { body["scimType"] = .string(scimType.rawValue) }
        body["detail"] = .string(detail)
        return .object(body)
    }
}

// MARK: 400

extension SCIMError {
    /// The body is no JSON, or no message of the kind that belongs here.
    package static func invalidSyntax(_ detail: String) -> SCIMError {
        SCIMError(status: 400, scimType: .invalidSyntax, detail: detail)
    }

    /// The body is no JSON, or more of it than is allowed (then 413).
    package static func malformedJSON(_ error: JSONError) -> SCIMError {
        switch error.kind {
        case .tooLarge(let limit): .tooLarge(limit: limit)
        case .valueTooLarge, .membersTooLarge, .tooManyElements, .tooManyMembers, .tooManyValues:
            .tooLarge("The body is larger than the service takes: \(error)")
        default: .invalidSyntax("The body cannot be read as JSON: \(error)")
        }
    }

    /// - Parameters:
    ///   - attribute: The attribute path, such as `emails[1].value`.
    ///   - reason: Continues the sentence: `must be a string`.
    package static func invalidValue(attribute: String, reason: String) -> SCIMError {
        SCIMError(status: 400, scimType: .invalidValue, detail: "\(attribute) \(reason)")
    }

    /// `offset` is in UTF-8 bytes from the start of the filter.
    package static func invalidFilter(reason: String, offset: Int) -> SCIMError {
        SCIMError(status: 400, scimType: .invalidFilter, detail: "The filter is malformed at byte \(offset): \(reason)")
    }

    /// `reason` continues the sentence that begins with the path: `names no attribute`.
    package static func invalidPath(path: String, reason: String) -> SCIMError {
        SCIMError(status: 400, scimType: .invalidPath, detail: "The path \(path) \(reason)")
    }

    /// The path of a patch operation selects nothing.
    package static func noTarget(_ detail: String) -> SCIMError {
        SCIMError(status: 400, scimType: .noTarget, detail: detail)
    }

    /// `reason` continues the sentence that begins with the attribute: `is readOnly`.
    package static func mutability(attribute: String, reason: String) -> SCIMError {
        SCIMError(status: 400, scimType: .mutability, detail: "\(attribute) \(reason)")
    }

    /// A list that would cost more than the service gives a client.
    package static func tooMany(_ detail: String) -> SCIMError {
        SCIMError(status: 400, scimType: .tooMany, detail: detail)
    }

    /// RFC 9865, as the two below.
    package static func invalidCursor() -> SCIMError {
        SCIMError(status: 400, scimType: .invalidCursor, detail: "The cursor is not one of this service for this query")
    }

    package static func expiredCursor() -> SCIMError {
        SCIMError(status: 400, scimType: .expiredCursor, detail: "The cursor has expired; begin with the first page")
    }

    package static func invalidCount(_ detail: String) -> SCIMError {
        SCIMError(status: 400, scimType: .invalidCount, detail: detail)
    }
}

// MARK: Other statuses

extension SCIMError {
    package static func unauthorized(_ detail: String) -> SCIMError { SCIMError(status: 401, detail: detail) }

    package static func forbidden(_ detail: String) -> SCIMError { SCIMError(status: 403, detail: detail) }

    /// RFC 7644 section 7.5.2: the request would put a secret into a URI.
    package static func sensitive(_ detail: String) -> SCIMError {
        SCIMError(status: 403, scimType: .sensitive, detail: detail)
    }

    package static func notFound(id: String) -> SCIMError {
        SCIMError(status: 404, detail: "There is no resource \(id)")
    }

    package static func notFound(_ detail: String) -> SCIMError { SCIMError(status: 404, detail: detail) }

    package static func methodNotAllowed(_ method: String) -> SCIMError {
        SCIMError(status: 405, detail: "\(method) is not possible here")
    }

    package static func notAcceptable() -> SCIMError {
        SCIMError(status: 406, detail: "Answers come as application/scim+json or application/json only")
    }

    /// A value that has to be unique is held by another resource.
    package static func uniqueness(attribute: String) -> SCIMError {
        SCIMError(status: 409, scimType: .uniqueness, detail: "The value of \(attribute) is in use by another resource")
    }

    /// What the request refers to is not there to be used; for a value that is in use see ``uniqueness(attribute:)``.
    package static func conflict(_ detail: String) -> SCIMError { SCIMError(status: 409, detail: detail) }

    /// The revision of `If-Match` is not the current one.
    package static func preconditionFailed(_ detail: String = "The resource has changed since it was read") -> SCIMError
    {
        SCIMError(status: 412, detail: detail)
    }

    package static func tooLarge(limit: Int) -> SCIMError {
        SCIMError(status: 413, detail: "The request is larger than \(limit) bytes")
    }

    package static func tooLarge(_ detail: String) -> SCIMError { SCIMError(status: 413, detail: detail) }

    package static func unsupportedMediaType() -> SCIMError {
        SCIMError(status: 415, detail: "The body must be application/scim+json or application/json")
    }

    package static func tooManyRequests(retryAfter: Duration) -> SCIMError {
        SCIMError(status: 429, detail: "Too many requests", retryAfter: retryAfter)
    }

    /// The request was not carried out, and the cause was written to the log, not into the answer.
    package static func internalError(
        _ detail: String = "The request failed within the service; nothing is known to have changed"
    ) -> SCIMError {
        SCIMError(status: 500, detail: detail)
    }

    package static func unavailable(
        _ detail: String = "The service cannot take the request now", retryAfter: Duration
    ) -> SCIMError {
        SCIMError(status: 503, detail: detail, retryAfter: retryAfter)
    }
}
