// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes

/// The methods that SCIM knows (RFC 7644 section 3.2, table 1), with HEAD, which comes with GET.
enum RequestMethod: Sendable {
    case get, head, post, put, patch, delete, other

    init(_ method: HTTPRequest.Method) { self.init(name: method.rawValue) }

    init(name: String) {
        switch name {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "PATCH": self = .patch
        case "DELETE": self = .delete
        default: self = .other
        }
    }

    /// Whether it comes with a resource, operations or a search.
    var hasBody: Bool { self == .post || self == .put || self == .patch }

    /// The name in metrics and logs: a closed set, whatever clients send.
    var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .other: "OTHER"
        }
    }
}
