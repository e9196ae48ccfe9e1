// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes

/// What the API reads from a request's header section, taken in one pass over it.
struct RequestHeaders: Sendable {
    private(set) var authorization: String?
    private(set) var requestID: String?
    private(set) var traceParent: String?
    private(set) var contentType: String?
    private(set) var contentLength: String?
    private(set) var contentEncoding: String?
    private(set) var ifMatch: String?
    private(set) var ifNoneMatch: String?
    private(set) var accept: String?
    private(set) var expect: String?
    private(set) var prefer: String?

    init(_ fields: HTTPFields) {
        for field in fields {
            switch field.name.canonicalName {
            case "authorization": RequestHeaders.add(field.value, to: &authorization)
            case "x-request-id": RequestHeaders.add(field.value, to: &requestID)
            case "traceparent": RequestHeaders.add(field.value, to: &traceParent)
            case "content-type": RequestHeaders.add(field.value, to: &contentType)
            case "content-length": RequestHeaders.add(field.value, to: &contentLength)
            case "content-encoding": RequestHeaders.add(field.value, to: &contentEncoding)
            case "if-match": RequestHeaders.add(field.value, to: &ifMatch)
            case "if-none-match": RequestHeaders.add(field.value, to: &ifNoneMatch)
            case "accept": RequestHeaders.add(field.value, to: &accept)
            case "expect": RequestHeaders.add(field.value, to: &expect)
            case "prefer": RequestHeaders.add(field.value, to: &prefer)
            default: break
            }
        }
    }

    /// Repeated fields are one list (RFC 9110 section 5.3). Where a list makes no sense, such as two tokens, its reader
    /// refuses it.
    private static func add(_ value: String, to field: inout String?) {
        field = field.map { "\($0), \(value)" } ?? value
    }
}
