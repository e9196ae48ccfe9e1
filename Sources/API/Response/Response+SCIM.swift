// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM

extension HTTPField.Name {
    // The literal is a token of RFC 9110, so the name always exists.
    // swift-format-ignore: NeverForceUnwrap
    static let requestID = HTTPField.Name("X-Request-ID")!
}

extension Response {
    /// An answer of `application/scim+json`.
    static func scim(_ status: HTTPResponse.Status, _ body: ByteBuffer, location: String? = nil, etag: String? = nil)
        -> Response
    {
        var headers = HTTPFields()
        // Content-Length, X-Request-ID and Date follow.
        headers.reserveCapacity(6)
        headers.append(HTTPField(name: .contentType, value: MediaType.scim))
        if let location { headers.append(HTTPField(name: .location, value: location)) }
        if let etag { headers.append(HTTPField(name: .eTag, value: etag)) }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// An error body of RFC 7644 section 3.12.
    static func scim(_ error: SCIMError, headers: [HTTPField] = []) -> Response {
        var response = Response.scim(HTTPResponse.Status(code: error.status), ByteBuffer(bytes: error.json.serialize()))
        for header in headers { response.headers.append(header) }
        if let retryAfter = error.retryAfter {
            // Whole seconds, rounded up, at least one.
            let seconds = retryAfter.components.seconds + (retryAfter.components.attoseconds > 0 ? 1 : 0)
            response.headers.append(HTTPField(name: .retryAfter, value: String(max(1, seconds))))
        }
        return response
    }

    static func notModified(etag: String) -> Response {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .eTag, value: etag))
        return Response(bodiless: .notModified, headers: headers)
    }

    static var noContent: Response { Response(bodiless: .noContent, headers: HTTPFields()) }

    /// 204 and 304 carry no `Content-Length` (RFC 9110 section 8.6).
    private init(bodiless status: HTTPResponse.Status, headers: HTTPFields) {
        self.init(status: status, headers: headers)
        self.headers[.contentLength] = nil
    }
}
