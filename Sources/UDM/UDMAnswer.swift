// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1
internal import SCIM

/// What came back over HTTP.
struct UDMAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    /// `nil` when the body did not arrive whole.
    let body: ByteBuffer?
    /// Why ``body`` is missing.
    var bodyProblem: String?

    var isSuccess: Bool { (200..<300).contains(status) }
    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
    var etag: String? { headers.first(name: "Etag") }
    var announcesJSON: Bool { headers.first(name: "Content-Type")?.lowercased().contains("json") ?? false }

    /// What `Retry-After` asks for, however long.
    func retryAfter(now: Timestamp) -> Duration? {
        headers.first(name: "Retry-After").flatMap { RetryAfter.parse($0, now: now) }
    }

    /// The body as JSON; `nil` when it is empty, missing or not JSON, such as a proxy's HTML page.
    func json(maximumBytes: Int) -> JSONValue? {
        guard let body, body.readableBytes > 0 else { return nil }
        return body.withUnsafeReadableBytes { bytes in
            try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: maximumBytes))
        }
    }
}

/// One call to be made.
struct UDMRequest: Sendable {
    var method: HTTPMethod
    /// Relative to the base URL, percent-encoded.
    var path: String
    /// Not encoded.
    var query: [(name: String, value: String)] = []
    var body: JSONValue?
    var ifMatch: String?
    /// A redirect is the answer, to a question of where something is.
    var takesRedirect = false
    var requestID: String
    var timeout: Duration?
    var module: UDMModule?
    var dn: String?
    /// A password in ``body``, which must never come back in an error's text.
    var secret: String?

    /// The groups in ``body`` that UDM looks at: those that a group is to have, and those that a user is to be in.
    var listedGroups: [String] {
        guard let properties = body?["properties"] else { return [] }
        return [MemberDelta.groupsProperty, "groups"].flatMap { property in
            properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
        }
    }

    /// A call whose repetition would do more than read.
    var isWrite: Bool { method != .GET }

    var operation: UDMCall.Operation {
        switch method {
        case .POST: .create
        case .PATCH, .PUT: .modify
        case .DELETE: .delete
        default: dn == nil ? .search : .get
        }
    }
}
