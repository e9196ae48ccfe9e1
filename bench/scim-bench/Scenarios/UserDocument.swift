// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The user that every run creates, about 1 KB of JSON; only its name, and the address made of it, differ.
///
/// It claims two unique values, its name and one mailbox, and has no `externalId`: see ``LimitScript``, which writes the
/// same rows.
enum UserDocument {
    static let domain = "bench.example"

    static func resource(userName: String) -> JSONValue {
        var members: JSONObject = [
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ]
        ]
        for member in attributes(userName: userName) { members[member.key] = member.value }
        return .object(members)
    }

    /// Without `schemas`, as a server stores them.
    static func attributes(userName: String) -> JSONObject {
        [
            "userName": .string(userName),
            "name": [
                "formatted": "Ms. Babs J. Jensen-Sørensen", "familyName": "Jensen-Sørensen", "givenName": "Babs",
                "middleName": "Jane", "honorificPrefix": "Ms.",
            ],
            "displayName": "Babs Jensen-Sørensen", "nickName": "Babs", "title": "Tour Guide",
            "userType": "Employee", "preferredLanguage": "en-US", "locale": "en-US", "timezone": "Europe/Berlin",
            "active": true,
            "emails": [
                ["value": .string("\(userName)@\(domain)"), "type": "mailbox", "primary": true],
                ["value": "babs@jensen.example", "type": "home"],
            ],
            "phoneNumbers": [
                ["value": "+49 421 555 0123", "type": "work"], ["value": "+49 171 555 0456", "type": "mobile"],
            ],
            "addresses": [
                [
                    "streetAddress": "Mary-Somerville-Str. 1", "locality": "Bremen", "postalCode": "28359",
                    "country": "DE", "type": "work",
                ]
            ],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": [
                "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
                "division": "Theme Park", "department": "Tour Operations",
            ],
        ]
    }
}
