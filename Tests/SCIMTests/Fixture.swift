// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import SCIM
import Testing

enum Fixture {
    /// A file of `Tests/Fixtures/scim`.
    static func json(_ name: String, file: String = #filePath) throws -> JSONValue {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/scim/\(name)"))
        return try JSONValue(parsing: Array(data))
    }

    static let userBody: JSONObject = [
        "schemas": [.string(SchemaURN.user)], "userName": "jroe", "name": ["givenName": "Jo", "familyName": "Roe"],
    ]

    static let groupBody: JSONObject = ["schemas": [.string(SchemaURN.group)], "displayName": "staff"]

    /// The least body of a type with one member changed; nil takes it away.
    static func body(_ type: ResourceType, _ key: String, _ value: JSONValue?) -> JSONValue {
        var body = type == .user ? userBody : groupBody
        body[key] = value
        return .object(body)
    }

    /// The least body of a type with one member that is written as JSON.
    static func body(_ type: ResourceType, _ key: String, text: String) throws -> JSONValue {
        body(type, key, try JSONValue(parsing: text))
    }
}
