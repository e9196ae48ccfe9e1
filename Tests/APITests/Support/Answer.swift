// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import NIOHTTP1
import Testing

@testable import API

/// What came back over HTTP.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; records an issue and gives an empty one for anything else.
    var json: JSONObject {
        do {
            let value = try JSONValue(parsing: body, limits: JSONLimits(maximumBytes: .max))
            return try #require(value.objectValue)
        } catch {
            Issue.record("the body is no JSON object (\(error)): \(text.prefix(500))")
            return JSONObject()
        }
    }

    var id: String { json["id"]?.stringValue ?? "" }
    var etag: String { headers.first(name: "ETag") ?? "" }
    var detail: String { json["detail"]?.stringValue ?? "" }

    func header(_ name: String) -> String? { headers.first(name: name) }

    func headers(named name: String) -> [String] { headers[name] }

    /// Checks the status and, from 400 on, that the body is a SCIM error with just that status.
    func expect(
        _ status: Int, scimType: String? = nil, naming text: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(self.status == status, "\(self.text.prefix(500))", sourceLocation: sourceLocation)
        #expect(header("X-Request-ID") != nil, sourceLocation: sourceLocation)
        guard self.status >= 400 else { return }
        #expect(header("Content-Type") == "application/scim+json", sourceLocation: sourceLocation)
        let json = json
        #expect(json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"], sourceLocation: sourceLocation)
        #expect(json["status"] == .string(String(self.status)), sourceLocation: sourceLocation)
        #expect(json["scimType"]?.stringValue == scimType, "\(detail)", sourceLocation: sourceLocation)
        #expect(!detail.isEmpty, sourceLocation: sourceLocation)
        if let text { #expect(detail.contains(text), "\(detail)", sourceLocation: sourceLocation) }
    }
}
