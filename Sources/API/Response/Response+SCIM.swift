// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM
internal import Storage

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

    static func bytes(_ body: ByteBuffer, type: String) -> Response {
        var headers = HTTPFields()
        headers.append(HTTPField(name: .contentType, value: type))
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// The same with a body that is made while it is sent. If that fails the connection ends in the middle of it, which no client takes for the whole.
    static func scim(
        _ status: HTTPResponse.Status, streaming text: MemberText, location: String? = nil, etag: String? = nil
    ) -> Response {
        var response = Response.scim(status, ByteBuffer(), location: location, etag: etag)
        response.headers[.contentLength] = nil
        response.body = ResponseBody(asyncSequence: text.map { ByteBuffer(bytes: $0) })
        return response
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

    static var noContent: Response { noContent(etag: nil) }

    static func noContent(etag: String?) -> Response {
        var headers = HTTPFields()
        if let etag { headers.append(HTTPField(name: .eTag, value: etag)) }
        return Response(bodiless: .noContent, headers: headers)
    }

    /// 204 and 304 carry no `Content-Length` (RFC 9110 section 8.6).
    private init(bodiless status: HTTPResponse.Status, headers: HTTPFields) {
        self.init(status: status, headers: headers)
        self.headers[.contentLength] = nil
    }
}
