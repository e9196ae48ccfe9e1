// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM

/// Bodies that a client sends.
enum Samples {
    static func user(_ name: String, _ more: JSONObject = [:]) -> JSONObject {
        var user: JSONObject = [
            "schemas": [.string(SchemaURN.user)],
            "userName": .string(name),
            "name": ["givenName": "Jo", "familyName": "Doe"],
        ]
        for (key, value) in more { user[key] = value }
        return user
    }

    static func group(_ name: String, members: [String]? = nil, _ more: JSONObject = [:]) -> JSONObject {
        var group: JSONObject = ["schemas": [.string(SchemaURN.group)], "displayName": .string(name)]
        if let members { group["members"] = .array(members.map { ["value": .string($0)] }) }
        for (key, value) in more { group[key] = value }
        return group
    }

    /// A name that no other test uses.
    static func name(_ stem: String = "u") -> String { "\(stem)-\(LowercaseUUID.random().description.prefix(8))" }
}
