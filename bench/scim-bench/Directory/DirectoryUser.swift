// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One user of a loaded directory, as an identity provider would send it.
struct DirectoryUser: Sendable, Equatable {
    let userName: String
    /// In the form of a UUID, as identity providers have them.
    let externalId: String
    let givenName: String
    let familyName: String
    let workAddress: String
    let homeAddress: String
    let department: String
    let employeeNumber: String

    var displayName: String { "\(givenName) \(familyName)" }

    var resource: JSONValue {
        [
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "userName": .string(userName), "externalId": .string(externalId),
            "name": [
                "formatted": .string(displayName), "familyName": .string(familyName), "givenName": .string(givenName),
            ],
            "displayName": .string(displayName), "active": true,
            "emails": [
                ["value": .string(workAddress), "type": "work", "primary": true],
                ["value": .string(homeAddress), "type": "home"],
            ],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": [
                "employeeNumber": .string(employeeNumber), "department": .string(department),
            ],
        ]
    }
}
